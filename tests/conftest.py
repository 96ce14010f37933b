"""What every test process needs before anything imports LiteLLM."""

from __future__ import annotations

import os

# LiteLLM fetches its price list over the network at import, unless it is told to use the copy that it ships.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
