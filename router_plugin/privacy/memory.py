"""Remember what was scanned, by keyed hash: bounded, in memory, without text."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict


class Memory:
    """Least recently used results: a digest under a key of this process -> the names of the rules found."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._key = secrets.token_bytes(32)
        self._found: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def digest(self, text: str, *, kind: str) -> bytes:
        """The key of `text`, scanned in the way that `kind` names."""
        person = kind.encode("ascii")[:16]
        return hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16, person=person
        ).digest()

    def get(self, digest: bytes) -> tuple[str, ...] | None:
        """The result under `digest`, or None."""
        with self._lock:
            found = self._found.get(digest)
            if found is not None:
                self._found.move_to_end(digest)
            return found

    def put(self, digest: bytes, found: tuple[str, ...]) -> None:
        """Remember a result; the one unused for longest makes room."""
        with self._lock:
            self._found[digest] = found
            self._found.move_to_end(digest)
            while len(self._found) > self._entries:
                self._found.popitem(last=False)
