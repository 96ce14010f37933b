"""`litellm.completion(model="router/auto")`: the router without a proxy, on the litellm_config.yaml of this folder.

It runs in the router's own environment: the .venv of `scripts/serve`, or `pip install litellm-router-plugin`.
"""

import litellm

import router_plugin.sdk

answer = litellm.completion(
    model="router/auto", messages=[{"role": "user", "content": "My social security number is 078-05-1120."}]
)
decision = answer._hidden_params["router"]
print("private:", decision["private"], "tier:", decision["tier"])
print(answer.choices[0].message.content)

stream = litellm.completion(
    model="router/auto-cost", messages=[{"role": "user", "content": "Name three rivers."}], stream=True
)
print("".join(chunk.choices[0].delta.content or "" for chunk in stream))

print("without a call:", router_plugin.sdk.explain([{"role": "user", "content": "What is 2 + 2?"}]).tier.value)
