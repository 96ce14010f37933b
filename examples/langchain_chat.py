"""LangChain's ChatOpenAI. `pip install langchain-openai`, in an environment of its own: it needs a newer openai."""

import os

from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="auto",
    base_url=os.environ.get("ROUTER_URL", "http://localhost:4000") + "/v1",
    api_key=os.environ["LITELLM_MASTER_KEY"],
    include_response_headers=True,
)

answer = model.invoke("My social security number is 078-05-1120.")
headers = answer.response_metadata["headers"]
print("private:", headers["x-router-private"], "served by:", headers["x-router-deployment"])
print(answer.content)

cheap = model.bind(extra_headers={"x-router-strategy": "cost"})
for chunk in cheap.stream("Name three rivers."):
    print(chunk.content, end="", flush=True)
print()
