"""The page at `/router`: what the router does now, in HTML made here, without prompt text."""
