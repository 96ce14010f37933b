"""The semantic cache's index: which earlier prompt asked the same as this one, by `same_question` and an embedding.

Equal readings find the earlier prompts; the vectors then have to be near each other as well. It keeps hashes and
vectors and no text, and what a hit means (who may see it, how long, the bytes) is the exact cache's matter.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from router_plugin.deployments import EMBEDDING
from router_plugin.embedding import EmbeddingUnavailable, MiniLm, OllamaEmbedder
from router_plugin.errors import ConfigError
from router_plugin.same_question import lasting, reading
from router_plugin.settings import KEY, CacheSettings

if TYPE_CHECKING:
    from router_plugin.config import RouterConfig
    from router_plugin.embedding import Embedder, Vector

USUAL = CacheSettings()
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Match:
    """An earlier prompt that asked the same: the entry of its answer, and a cosine (1 where nothing embeds)."""

    entry_key: bytes
    similarity: float


@dataclass
class Index:
    """At most `entries` prompts; the one least recently added or found goes first. Without an embedder readings decide.

    `scope` is the caller's: all that must be equal besides the last prompt's words (who asks, the system prompt, the
    sampling, the turns before). Entries of two scopes never meet. Not for use from several threads.
    """

    embedder: Embedder | None = None
    threshold: float = USUAL.semantic.threshold
    entries: int = USUAL.entries
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(DIGEST_BYTES), repr=False)
    _kept: OrderedDict[bytes, tuple[bytes, Vector | None]] = field(default_factory=OrderedDict, repr=False)
    _places: dict[bytes, set[bytes]] = field(default_factory=dict, repr=False)  # scope and reading -> entry keys

    def __len__(self) -> int:
        return len(self._kept)

    async def find(self, scope: bytes, text: str) -> Match | None:
        """The nearest earlier prompt that asks the same, or None. Embeds only where there is one that may."""
        place = self._place(scope, text)
        if place is None or place not in self._places:
            return None
        vector = await self._embed(text)
        if vector is None and self.embedder:
            return None
        near = [Match(key, self._near(key, vector)) for key in self._places.get(place, ())]
        best = max(near, key=lambda match: match.similarity, default=None)
        if best is None or not best.similarity >= self.threshold:
            return None
        self._kept.move_to_end(best.entry_key)
        return best

    async def add(self, scope: bytes, text: str, entry_key: bytes) -> bool:
        """Remember which answer a prompt got. False where it can't be: today's matter, too long, or not understood."""
        place = self._place(scope, text)
        vector = None if place is None else await self._embed(text)
        if place is None or (vector is None and self.embedder):
            return False
        self.drop(entry_key)
        self._kept[entry_key] = (place, vector)
        self._places.setdefault(place, set()).add(entry_key)
        while len(self._kept) > self.entries:
            self.drop(next(iter(self._kept)))
        return True

    def drop(self, entry_key: bytes) -> None:
        """Forget an answer, as when the exact cache lets it go. Unknown keys are no error."""
        found = self._kept.pop(entry_key, None)
        if found is None:
            return
        keys = self._places[found[0]]
        keys.discard(entry_key)
        if not keys:
            del self._places[found[0]]

    def _place(self, scope: bytes, text: str) -> bytes | None:
        """Where prompts of this scope and reading are kept; None for one that is never answered from memory."""
        asked = reading(text) if lasting(text) else None
        if asked is None:
            return None
        said = repr((asked.words, sorted(asked.loose))).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(len(scope).to_bytes(8, "big") + scope + said, key=self._secret).digest()

    async def _embed(self, text: str) -> Vector | None:
        return await self.embedder.embed(text) if self.embedder else None

    def _near(self, entry_key: bytes, vector: Vector | None) -> float:
        kept = self._kept[entry_key][1]
        if kept is None or vector is None:
            return 1.0 if kept is vector else -1.0
        return float(kept @ vector) if kept.shape == vector.shape else -1.0


def semantic_index(config: RouterConfig) -> Index:
    """The index that the settings describe. Errors: ConfigError, which names the cure."""
    settings = config.settings.cache.semantic
    try:
        embedder = _embedder(settings.embedder, config)
    except EmbeddingUnavailable as error:
        raise ConfigError([f"{KEY}.cache.semantic: {error}"]) from None
    return Index(embedder, settings.threshold, config.settings.cache.entries)


def _embedder(kind: str, config: RouterConfig) -> Embedder | None:
    if kind == "none":
        return None
    if kind == "minilm":
        return MiniLm()
    for deployment in config.inventory.deployments:
        if deployment.local and deployment.provider == "ollama" and deployment.role == EMBEDDING:
            model = deployment.model.partition("/")[2]
            return OllamaEmbedder(deployment.api_base or "", model, config.settings.local_hosts)
    raise EmbeddingUnavailable("No local Ollama deployment has `role: embedding`; add one, or set embedder: minilm.")
