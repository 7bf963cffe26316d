"""Numba kernels: functions over arrays, one algorithm a file.

Read `coders.rans` first, which explains the arithmetic, then `coders.single`.

coders/
    rANS with 16-bit words: one distribution, rows, contexts, alias tables
tables/
    from counts to frequencies, to bits on disk, and to what coders look up
stack/
    rANS used both ways, for bits-back coding and for high precision
distributions/
    parameters of distributions to integer CDFs, the same on every machine
nets/
    neural networks in integers
transforms/
    numbers to tokens and raw bits, and back
vector/
    the fastest coders, on vector registers
constants.py, jit.py, dispatcher.py, compiler.py, inlining.py, lowering.py, cache.py
    numbers that are part of the format, the decorator of all kernels, what they are called
    through, how they are compiled, and compiled code on disk

The contract of a kernel
------------------------
- It takes arrays and numbers, knows no model, header or file, and imports from `ansflow.kernels`
  only: the cache's stamp covers these sources.
- It never raises. What its docstring demands is the caller's duty; outcomes are return values.
- Data that others may have made (words, tables to read) may hold anything: reads and writes stay in
  bounds all the same.
- Results and large scratch are the caller's arrays; a kernel allocates at most a few small ones.
- Indices and states are unsigned 64-bit integers, because Numba makes a float of int64 with uint64
  and tests signed indices for wraparound.
"""
