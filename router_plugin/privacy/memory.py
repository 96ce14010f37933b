"""Remember what was scanned, by keyed hash: bounded, in memory, without text."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence

DIGEST = 16  # bytes
MOST_JOINED = 4 * DIGEST + 2  # bytes of the digests that are a key as they stand


class Memory:
    """Least recently used results: a digest under a key of this process -> the names of the rules found."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._key = secrets.token_bytes(32)
        self._found: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()
        self._begun: dict[str, hashlib.blake2b] = {}

    def digest(self, text: str, *, kind: str) -> bytes:
        """The key of `text`, scanned in the way that `kind` names."""
        begun = self._begun.get(kind)
        if begun is None:
            person = kind.encode("ascii")[:16]
            begun = self._begun[kind] = hashlib.blake2b(key=self._key, digest_size=DIGEST, person=person)
        keyed = begun.copy()
        keyed.update(text.encode("utf-8", "surrogatepass"))
        return keyed.digest()

    def joined(self, digests: Sequence[bytes], position: int, before: Sequence[Sequence[int]]) -> bytes:
        """The key of what was found where texts meet, of their digests. Not that of any text: it is longer."""
        sides = [digests[run[0]] if len(run) == 1 else b"".join([digests[i] for i in run]) for run in before]
        parts = b"|".join([digests[position], *sides])
        return parts if len(parts) <= MOST_JOINED else hashlib.blake2b(parts, key=self._key, digest_size=32).digest()

    def get(self, digest: bytes) -> tuple[str, ...] | None:
        """The result under `digest`, or None. Each step is one that no other thread can come into."""
        found = self._found.get(digest)
        if found is not None:
            try:  # noqa: SIM105 - suppress() would cost more than all the rest
                self._found.move_to_end(digest)
            except KeyError:
                pass  # another thread has just made room of it
        return found

    def put(self, digest: bytes, found: tuple[str, ...]) -> None:
        """Remember a result; the one unused for longest makes room."""
        with self._lock:
            self._found[digest] = found
            self._found.move_to_end(digest)
            while len(self._found) > self._entries:
                self._found.popitem(last=False)
