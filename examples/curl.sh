#!/bin/sh
# Chat, a stream, and a decision's headers with curl (7.76 or later; on Debian: apt-get install curl).
set -eu
url=${ROUTER_URL:-http://localhost:4000}
ask() { # ask PROMPT [further arguments of curl]
  prompt=$1
  shift
  curl -sS --fail-with-body "$url/v1/chat/completions" -H "Authorization: Bearer $LITELLM_MASTER_KEY" \
    -H 'Content-Type: application/json' "$@" \
    -d "{\"model\": \"auto\", \"stream\": ${stream:-false}, \"messages\": [{\"role\": \"user\", \"content\": \"$prompt\"}]}"
  echo
}

ask 'What is 2 + 2?'
# Of the next two only the headers are shown; of a refusal, the error: there may be no local model, or no OpenAI key.
ask 'My social security number is 078-05-1120.' -D - | grep -iE '^x-router-|^\{"error"'
ask 'What is 2 + 2?' -H 'x-router-provider: openai' -D - | grep -iE '^x-router-deployment|^\{"error"'
stream=true ask 'Name three rivers.' -N
