"""OpenAI's Responses API, whole and streamed. `pip install openai`"""

import os

import openai

client = openai.OpenAI(
    base_url=os.environ.get("ROUTER_URL", "http://localhost:4000") + "/v1", api_key=os.environ["LITELLM_MASTER_KEY"]
)

answer = client.responses.with_raw_response.create(model="auto", input="What is 2 + 2?")
print("tier:", answer.headers["x-router-tier"], "served by:", answer.headers["x-router-deployment"])
print(answer.parse().output_text)

for event in client.responses.create(model="auto-private", input="Name three rivers.", stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
print()
