"""How fast the matching engine is, beside its peers on the same numbers: `make bench-matching`."""
