"""The openai package: a chat with the decision's headers, a stream, and steering. `pip install openai`"""

import os

import openai

client = openai.OpenAI(
    base_url=os.environ.get("ROUTER_URL", "http://localhost:4000") + "/v1", api_key=os.environ["LITELLM_MASTER_KEY"]
)

answer = client.chat.completions.with_raw_response.create(
    model="auto", messages=[{"role": "user", "content": "My social security number is 078-05-1120."}]
)
print("private:", answer.headers["x-router-private"], "served by:", answer.headers["x-router-deployment"])
print(answer.parse().choices[0].message.content)

stream = client.chat.completions.create(
    model="auto-cost",  # a strategy by model name
    messages=[{"role": "user", "content": "Name three rivers."}],
    extra_body={"metadata": {"router": {"max_tier": "medium"}}},
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)
print()
