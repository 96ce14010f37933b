"""The anthropic package on /v1/messages: the same decisions, whichever provider answers. `pip install anthropic`"""

import os

import anthropic

client = anthropic.Anthropic(
    base_url=os.environ.get("ROUTER_URL", "http://localhost:4000"), api_key=os.environ["LITELLM_MASTER_KEY"]
)

answer = client.messages.with_raw_response.create(
    model="auto",
    max_tokens=300,
    messages=[{"role": "user", "content": "Review this patient medical record and extract the diagnoses."}],
)
print("private:", answer.headers["x-router-private"], "served by:", answer.headers["x-router-deployment"])
print(answer.parse().content[0].text)

with client.messages.stream(
    model="auto",
    max_tokens=300,
    messages=[{"role": "user", "content": "Name three rivers."}],
    extra_headers={"x-router-provider": "anthropic"},
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
