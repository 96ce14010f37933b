"""Fake back ends that record every byte: OpenAI, Azure OpenAI, Anthropic and Ollama, and their ways to fail."""

from router_plugin.fakes.faults import Effect, Ending, Fault, Problem
from router_plugin.fakes.provider import FakeProvider
from router_plugin.fakes.reply import CALL_TOOL
from router_plugin.fakes.wire import Recorded

__all__ = ["CALL_TOOL", "Effect", "Ending", "FakeProvider", "Fault", "Problem", "Recorded"]
