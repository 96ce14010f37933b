"""Measures what the router costs, beside its peers in the same run: `python scripts/bench.py`.

Figures of one machine at one time; ratios within a run say more than seconds. Nothing here is installed with the
package.
"""
