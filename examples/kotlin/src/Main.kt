// Run against a proxy on port 4000 (ROUTER_URL: another address), with LITELLM_MASTER_KEY set. Arguments are a prompt.
package router

fun main(arguments: Array<String>) {
    val key = System.getenv("LITELLM_MASTER_KEY") ?: error("set LITELLM_MASTER_KEY to the proxy's key")
    val client = RouterClient(System.getenv("ROUTER_URL") ?: "http://localhost:4000", key)
    if (arguments.isNotEmpty()) {
        println(client.chat(arguments.joinToString(" ")).text)
        return
    }

    val easy = client.chat("What is 2 + 2?")
    println("chat: tier=${easy.decision?.tier} by=${easy.decision?.deployment}: ${easy.text}")

    val private = client.chat("My social security number is 078-05-1120.")
    val decision = private.decision
    println("private: private=${decision?.private} by=${decision?.deployment} because=${decision?.reasons}")

    val forced = client.chat("Hello", Wishes(provider = "anthropic"))
    println("provider: by=${forced.decision?.deployment}")

    val cheap = client.chat("Analyze the trade-offs of event sourcing for a bank.", Wishes(strategy = "cost"))
    println("strategy: strategy=${cheap.decision?.strategy} by=${cheap.decision?.deployment}")

    print("stream: ")
    val streamed = client.stream(listOf(Message("user", "Name three rivers.")), Wishes(keepLocal = true)) { print(it) }
    println(" by=${streamed.decision?.deployment}")

    try {
        client.chat("Hello", Wishes(model = "gpt-99"))
    } catch (refused: RouterException) {
        println("refused: ${refused.status} ${refused.message}")
    }
    println("local score: ${KeywordScore.of("Compare two designs and write the API for one.")}")
}
