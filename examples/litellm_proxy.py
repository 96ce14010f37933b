"""`litellm.completion` against the proxy: another program's LiteLLM as the client. `pip install litellm`"""

import os

import litellm

proxy = {
    "api_base": os.environ.get("ROUTER_URL", "http://localhost:4000"),
    "api_key": os.environ["LITELLM_MASTER_KEY"],
}

answer = litellm.completion(
    model="litellm_proxy/auto", messages=[{"role": "user", "content": "What is 2 + 2?"}], **proxy
)
print("served by:", answer._response_headers["x-router-deployment"])
print(answer.choices[0].message.content)

stream = litellm.completion(
    model="litellm_proxy/auto-cost", messages=[{"role": "user", "content": "Name three rivers."}], stream=True, **proxy
)
print("".join(chunk.choices[0].delta.content or "" for chunk in stream))
