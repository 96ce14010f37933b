// The same with Ktor, for programs on coroutines: `gradle -Pktor run`.
package router

import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO
import io.ktor.client.plugins.HttpTimeout
import io.ktor.client.request.header
import io.ktor.client.request.preparePost
import io.ktor.client.request.setBody
import io.ktor.client.statement.bodyAsChannel
import io.ktor.http.ContentType
import io.ktor.http.contentType
import io.ktor.utils.io.readUTF8Line
import kotlinx.coroutines.runBlocking

fun main() = runBlocking {
    val url = System.getenv("ROUTER_URL") ?: "http://localhost:4000"
    val key = System.getenv("LITELLM_MASTER_KEY") ?: error("set LITELLM_MASTER_KEY to the proxy's key")
    HttpClient(CIO) { install(HttpTimeout) { requestTimeoutMillis = 360_000 } }.use { client ->
        val message = mapOf("role" to "user", "content" to "Name three rivers.")
        client.preparePost("$url/v1/chat/completions") {
            header("Authorization", "Bearer $key")
            header("x-router-strategy", "cost")
            contentType(ContentType.Application.Json)
            setBody(Json.write(mapOf("model" to "auto", "stream" to true, "messages" to listOf(message))))
        }.execute { response ->
            println("tier=${response.headers["x-router-tier"]} by=${response.headers["x-router-deployment"]}")
            val lines = response.bodyAsChannel()
            while (true) println(lines.readUTF8Line() ?: break)
        }
    }
}
