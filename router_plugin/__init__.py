"""Privacy-locked, complexity-aware routing for LiteLLM."""
