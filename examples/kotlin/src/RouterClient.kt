// A client of the router on the JDK's own HttpClient: chats, streams, steering, and the decision of each answer.
package router

import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpHeaders
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.stream.Stream
import kotlin.streams.asSequence

data class Message(val role: String, val content: String)

/** Wishes for one request. None of them loosens the privacy lock. */
data class Wishes(
    val model: String = "auto", // or auto-cost, auto-latency, auto-private, a model's own name
    val provider: String? = null, // ollama, azure, openai, anthropic, local
    val strategy: String? = null, // complexity, cost, latency, privacy
    val maxTier: String? = null, // low, medium, high
    val keepLocal: Boolean = false,
) {
    fun headers(): Map<String, String> = listOfNotNull(
        provider?.let { "x-router-provider" to it },
        strategy?.let { "x-router-strategy" to it },
        maxTier?.let { "x-router-max-tier" to it },
        if (keepLocal) "x-router-private" to "true" else null,
    ).toMap()
}

/** What the router decided, from the `x-router-*` headers. */
data class Decision(
    val id: String,
    val tier: String,
    val private: Boolean,
    val strategy: String,
    val confidence: Double,
    val deployment: String?, // who served; null on an error
    val fallbacks: Int,
    val reasons: List<String>,
) {
    companion object {
        /** The decision in an answer's headers; null where there was none, as for a body that can't be read. */
        fun from(headers: HttpHeaders): Decision? {
            fun header(name: String) = headers.firstValue("x-router-$name").orElse(null)
            return Decision(
                id = header("decision-id") ?: return null,
                tier = header("tier") ?: "",
                private = header("private") != "false", // missing counts as private
                strategy = header("strategy") ?: "",
                confidence = header("confidence")?.toDoubleOrNull() ?: 0.0,
                deployment = header("deployment"),
                fallbacks = header("fallbacks")?.toIntOrNull() ?: 0,
                reasons = header("reason")?.split(",").orEmpty(),
            )
        }
    }
}

data class Answer(val text: String, val decision: Decision?)

/** A refusal or a failure: its status (0 for an error inside a stream), the router's own message, the decision. */
class RouterException(val status: Int, message: String, val decision: Decision?) : IOException(message)

class RouterClient(
    url: String,
    private val key: String,
    private val timeout: Duration = Duration.ofMinutes(6), // more than the router's own deadline of a private request
) {
    private val endpoint = URI.create(url.trimEnd('/') + "/v1/chat/completions")
    private val http: HttpClient =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build()

    /** A whole answer. Errors: RouterException, IOException where the router can't be reached. */
    fun chat(messages: List<Message>, wishes: Wishes = Wishes()): Answer {
        val response = http.send(request(messages, wishes, stream = false), BodyHandlers.ofString())
        val decision = Decision.from(response.headers())
        if (response.statusCode() != 200) throw refusal(response.statusCode(), response.body(), decision)
        return Answer(Json.read(response.body()).path("choices", 0, "message", "content") as? String ?: "", decision)
    }

    fun chat(prompt: String, wishes: Wishes = Wishes()): Answer = chat(listOf(Message("user", prompt)), wishes)

    /** A streamed answer: `onText` gets each piece as it comes. Returns the whole. Errors: as `chat`. */
    fun stream(messages: List<Message>, wishes: Wishes = Wishes(), onText: (String) -> Unit): Answer {
        val response = http.send(request(messages, wishes, stream = true), BodyHandlers.ofLines())
        val decision = Decision.from(response.headers())
        response.body().use { lines ->
            if (response.statusCode() != 200) throw refusal(response.statusCode(), lines.joined(), decision)
            val text = StringBuilder()
            for (line in lines.asSequence().filter { it.startsWith("data:") }) {
                val data = line.removePrefix("data:").trim()
                if (data == "[DONE]") break
                val event = Json.read(data)
                if (event.path("error") != null) throw refusal(0, data, decision)
                val piece = event.path("choices", 0, "delta", "content") as? String ?: continue
                text.append(piece)
                onText(piece)
            }
            return Answer(text.toString(), decision)
        }
    }

    private fun request(messages: List<Message>, wishes: Wishes, stream: Boolean): HttpRequest {
        val body = mapOf(
            "model" to wishes.model,
            "stream" to stream,
            "messages" to messages.map { mapOf("role" to it.role, "content" to it.content) },
        )
        val builder = HttpRequest.newBuilder(endpoint).timeout(timeout)
            .header("Authorization", "Bearer $key").header("Content-Type", "application/json")
        wishes.headers().forEach { (name, value) -> builder.header(name, value) }
        return builder.POST(HttpRequest.BodyPublishers.ofString(Json.write(body))).build()
    }
}

private fun Stream<String>.joined(): String = asSequence().joinToString("\n")

private fun refusal(status: Int, body: String, decision: Decision?): RouterException {
    val said = runCatching { Json.read(body).path("error", "message") as? String }.getOrNull()
    return RouterException(status, said ?: "the router answered $status", decision)
}

/** What stands at a path of keys and indexes; null where there is nothing. */
private fun Any?.path(vararg steps: Any): Any? = steps.fold(this) { value, step ->
    when (step) {
        is Int -> (value as? List<*>)?.getOrNull(step)
        else -> (value as? Map<*, *>)?.get(step)
    }
}
