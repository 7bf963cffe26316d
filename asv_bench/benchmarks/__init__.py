"""Benchmarks, one file per subpackage. Each `setup` runs the timed code once to compile it."""
