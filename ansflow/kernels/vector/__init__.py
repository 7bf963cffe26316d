"""The fast kernels: rANS on vector registers, written as LLVM IR through Numba.

Read me first
-------------
A `Vector` is a Numba type: one unsigned integer for each lane of the coder, spread over as many
registers as that takes (64 lanes of 32 bits are four registers of AVX-512 or eight of AVX2). Its
operators are those of integers, so that a kernel on vectors reads like the scalar one with the loop
over lanes left out; compare `single.py` here with `ansflow.kernels.coders.single`. All lanes do at
once what the scalar kernels do one after the other, and the words are the same.

isa.py
    which instruction sets there are, and which one to use
ir.py
    a few helpers that write IR
values.py
    the type, and its operators
memory.py
    load, store, gather, and the two moves that make rANS work on vectors: `pull` deals the
    next words of the stream out to the lanes that are due one, `put` is its mirror image
targets.py
    the operations for which instruction sets have special instructions
bit_fields.py
    raw bits that follow each other in memory, dealt out to lanes, by instruction set
steps.py
    a step of rANS in each lane
above.py
    contexts of a turn of lanes from the row above
single.py, order1.py, row_classes.py, neighbours.py, raw_bits.py, strewn.py,
weighted.py
    the kernels

No kernel mentions an instruction set. Its vectors carry the name of theirs as part of their
type, and `memory.py` asks `targets.py` for the instructions.
"""
