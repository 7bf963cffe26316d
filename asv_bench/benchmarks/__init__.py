"""Benchmarks, one file a room. Each `setup` runs what it times once, so that the JIT is warm."""
