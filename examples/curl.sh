#!/bin/sh
# Chat, a stream, and a decision's headers with curl.
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
ask 'My social security number is 078-05-1120.' -o /dev/null -D - | grep -i '^x-router-'
ask 'What is 2 + 2?' -H 'x-router-provider: openai' -o /dev/null -D - | grep -i '^x-router-deployment'
stream=true ask 'Name three rivers.' -N
