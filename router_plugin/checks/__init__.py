"""What `router-plugin doctor` looks at: small functions from a `Setup` to findings, each with its own cure.

To add one, write a function that takes a `Setup` and yields `Check`s, and name it in `router_plugin.diagnosis.CHECKS`.
"""
