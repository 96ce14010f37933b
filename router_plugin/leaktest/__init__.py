"""The leak test: private text in every place, through every failure and trick, against a real proxy and fakes."""

from router_plugin.leaktest.report import Report
from router_plugin.leaktest.run import leaktest, plain_litellm

__all__ = ["Report", "leaktest", "plain_litellm"]
