"""Which endpoints are open. What isn't named here is closed, also what a later LiteLLM adds."""

from __future__ import annotations

from router_plugin.request import Surface

# Paths whose bodies the plugin reads and routes.
ROUTED: dict[str, Surface] = {
    path: surface
    for name, surface in (
        ("/chat/completions", Surface.CHAT),
        ("/completions", Surface.COMPLETIONS),
        ("/responses", Surface.RESPONSES),
        ("/embeddings", Surface.EMBEDDINGS),
        ("/messages", Surface.MESSAGES),
    )
    for path in ((name, f"/v1{name}") if surface is not Surface.MESSAGES else (f"/v1{name}",))
}
# Paths that carry no prompt.
READ_ONLY = frozenset(
    {"/v1/models", "/models", "/health/liveliness", "/health/liveness", "/health/readiness", "/metrics", "/router"}
)


def routed_surface(method: str, path: str) -> Surface | None:
    """The API shape of a routed endpoint, None for any other."""
    return ROUTED.get(path.rstrip("/")) if method == "POST" else None


def is_open(method: str, path: str, opened: tuple[str, ...]) -> bool:
    """Whether an endpoint may be reached at all. `opened` holds the operator's own path prefixes."""
    bare = path.rstrip("/") or "/"
    if bare in ROUTED and method in {"POST", "OPTIONS"}:  # a browser asks with OPTIONS first; it carries no body
        return True
    if method in {"GET", "HEAD", "OPTIONS"} and (bare in READ_ONLY or bare.startswith("/v1/models/")):
        return True
    prefixes = [prefix.rstrip("/") for prefix in opened if prefix.strip("/ ")]
    return any(bare == prefix or bare.startswith(f"{prefix}/") for prefix in prefixes)
