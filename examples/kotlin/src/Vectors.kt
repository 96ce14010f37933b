// Prints the keyword score of every vector in a JSON file, one a line, for comparison with Python's.
package router

import java.nio.file.Files
import java.nio.file.Path

object Vectors {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val vectors = Json.read(Files.readString(Path.of(arguments[0]))) as List<*>
        for (vector in vectors.map { it as Map<*, *> }) {
            val text = vector["text"] as String
            // long texts are written as a unit and how often it stands there
            val times = (vector["times"] as? Double)?.toInt() ?: 1
            println(KeywordScore.of(text.repeat(times), (vector["user_turns"] as? Double)?.toInt() ?: 0))
        }
    }
}
