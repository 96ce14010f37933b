// The openai package for JavaScript: a chat with the decision's headers, and a stream. `npm install openai`
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: (process.env.ROUTER_URL ?? "http://localhost:4000") + "/v1",
  apiKey: process.env.LITELLM_MASTER_KEY,
});

const { data, response } = await client.chat.completions
  .create({ model: "auto", messages: [{ role: "user", content: "My social security number is 078-05-1120." }] })
  .withResponse();
console.log("private:", response.headers.get("x-router-private"));
console.log("served by:", response.headers.get("x-router-deployment"));
console.log(data.choices[0].message.content);

const stream = await client.chat.completions.create(
  { model: "auto", stream: true, messages: [{ role: "user", content: "Name three rivers." }] },
  { headers: { "x-router-provider": "openai" } },
);
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
console.log();
