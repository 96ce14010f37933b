// Just enough JSON for the client, so that it needs nothing but the JDK; else use kotlinx.serialization.
package router

/** What can't be read as JSON; says where. */
class JsonError(message: String) : Exception(message)

object Json {
    /** JSON text of maps, lists, strings, numbers, booleans and null. */
    fun write(value: Any?): String = when (value) {
        null -> "null"
        is String -> quote(value)
        is Map<*, *> -> value.entries.joinToString(",", "{", "}") { (key, item) -> write("$key") + ":" + write(item) }
        is Iterable<*> -> value.joinToString(",", "[", "]") { write(it) }
        else -> value.toString()
    }

    /** The value of JSON text: Map, List, String, Double, Boolean or null. Errors: JsonError. */
    fun read(text: String): Any? = Reader(text).document()

    private fun quote(text: String): String = buildString {
        append('"')
        for (char in text) when {
            char == '"' || char == '\\' -> append('\\').append(char)
            char < ' ' -> append("\\u%04x".format(char.code))
            else -> append(char)
        }
        append('"')
    }
}

private class Reader(private val text: String) {
    private var at = 0

    fun document(): Any? = value().also { skipSpace(); if (at < text.length) fail("more text") }

    private fun fail(what: String): Nothing = throw JsonError("unexpected $what at character $at")

    private fun skipSpace() { while (at < text.length && text[at] in " \t\r\n") at++ }

    private fun peek(): Char { skipSpace(); return text.getOrNull(at) ?: fail("end") }

    private fun accept(char: Char): Boolean = (peek() == char).also { if (it) at++ }

    private fun expect(char: Char) { if (!accept(char)) fail("'${text[at]}'") }

    private fun value(): Any? = when (peek()) {
        '{' -> members()
        '[' -> items()
        '"' -> string()
        't' -> word("true", true)
        'f' -> word("false", false)
        'n' -> word("null", null)
        else -> number()
    }

    private fun word(name: String, value: Any?): Any? =
        if (text.startsWith(name, at)) { at += name.length; value } else fail("word")

    private fun number(): Double {
        val start = at
        while (at < text.length && text[at] in "+-.eE0123456789") at++
        return text.substring(start, at).toDoubleOrNull() ?: fail("'${text[start]}'")
    }

    private fun members(): Map<String, Any?> = buildMap {
        expect('{')
        if (accept('}')) return@buildMap
        do { peek(); val key = string(); expect(':'); put(key, value()) } while (accept(','))
        expect('}')
    }

    private fun items(): List<Any?> = buildList {
        expect('[')
        if (accept(']')) return@buildList
        do add(value()) while (accept(','))
        expect(']')
    }

    private fun string(): String = buildString {
        expect('"')
        while (true) {
            when (val char = text.getOrNull(at++) ?: fail("end")) {
                '"' -> return@buildString
                '\\' -> append(escaped())
                else -> append(char)
            }
        }
    }

    private fun escaped(): Char = when (val char = text.getOrNull(at++) ?: fail("end")) {
        'n' -> '\n'
        't' -> '\t'
        'r' -> '\r'
        'b' -> '\b'
        'f' -> '\u000c'
        'u' -> (text.drop(at).take(4).toIntOrNull(16) ?: fail("escape")).toChar().also { at += 4 }
        else -> char
    }
}
