"""Fake back ends that record every byte: OpenAI, Azure OpenAI, Anthropic and Ollama, and their ways to fail."""

from tests.fakes.faults import Effect, Ending, Fault, Problem
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import CALL_TOOL
from tests.fakes.wire import Recorded

__all__ = ["CALL_TOOL", "Effect", "Ending", "FakeProvider", "Fault", "Problem", "Recorded"]
