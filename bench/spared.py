"""A callback that only spares LiteLLM what `router_plugin.waste` does: what the router costs beside that."""

from __future__ import annotations

from litellm.integrations.custom_logger import CustomLogger

from router_plugin import waste

waste.remember_missing()
waste.spare_ollama()
instance = CustomLogger()
