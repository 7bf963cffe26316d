"""The site of saved results, which ``python -m benchmarks.site`` makes.

It lies beside the benchmarks, as asv imports all files there, in environments without itself.
"""
