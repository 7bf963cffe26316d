"""rANS kernels: one distribution for all symbols, a row each, one per preceding byte, alias."""
