"""`python -m router_plugin.cli`."""

from router_plugin.cli import main

main()
