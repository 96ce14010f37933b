// The keyword heuristic of router_plugin/keywords.py in Kotlin, equal on every vector of tests/keyword_vectors.json.
// The router itself uses a trained classifier; this is for a client that wants a rough score without asking.
package router

object KeywordScore {
    // Matched as substrings of the lower-cased text. One hit in a group counts, further ones don't.
    private val HARD_WORK = listOf(
        "analyze", "architect", "compare", "comprehensive", "contrast", "debug", "deep dive", "design pattern",
        "detailed analysis", "evaluate", "explain why", "optimize", "pros and cons", "refactor", "research",
        "synthesize", "trade-off",
    )
    private val ROUTINE_WORK = listOf(
        "api", "class", "convert", "create", "function", "generate", "implement", "summarize", "translate", "write",
    )
    private val CODE_WORK = listOf(
        "bug", "class", "code", "debug", "deploy", "error", "function", "implement", "refactor", "stack trace", "test",
    )
    private const val FENCE = "```"

    /** Score in 0..1 of a prompt after `userTurns` user messages. */
    fun of(text: String, userTurns: Int = 0): Double {
        val lowered = text.lowercase()
        val words = countWords(lowered)
        var total = 0.0 // added in Python's order, so that sums round alike
        when {
            words > 500 -> total += 0.3
            words > 100 -> total += 0.15
            words < 20 -> total -= 0.1
        }
        if (HARD_WORK.any { it in lowered }) total += 0.25
        if (ROUTINE_WORK.any { it in lowered }) total += 0.1
        if (hasFencedCode(text) || CODE_WORK.any { it in lowered }) total += 0.15
        when {
            userTurns > 5 -> total += 0.15
            userTurns > 2 -> total += 0.05
        }
        if (text.count { it == '?' } > 3) total += 0.1
        return total.coerceIn(0.0, 1.0)
    }

    /** Runs of non-space characters, as Python's `str.split()` finds them: it also splits at U+0085. */
    private fun countWords(text: String): Int {
        var words = 0
        var inside = false
        for (char in text) {
            val space = char.isWhitespace() || char == '\u0085'
            if (!space && !inside) words++
            inside = !space
        }
        return words
    }

    /** Whether something stands between a fence and a later one. */
    private fun hasFencedCode(text: String): Boolean {
        val first = text.indexOf(FENCE)
        return first >= 0 && text.lastIndexOf(FENCE) > first + FENCE.length
    }
}
