"""Ollama's own client, for what it is best at: having the models there. `pip install ollama`

The router speaks OpenAI's and Anthropic's APIs, so chats go through one of the other clients.
"""

import os
import sys

import ollama

client = ollama.Client(host=os.environ.get("OLLAMA_HOST", "http://127.0.0.1:11434"))
there = {model.model for model in client.list().models}
for name in sys.argv[1:] or ("phi3:mini", "llama3.1:8b", "codellama:13b", "nomic-embed-text"):
    if name in there or f"{name}:latest" in there:
        print(name, "is there")
        continue
    for step in client.pull(name, stream=True):
        print(name, step.status)
print("Restart the proxy: it looks for its models when it starts.")
