"""Streams of symbols in a chunk: each of the kind that makes it smallest.

kind.py
    the interface, which one file implements for each kind
sample.py, tools.py
    what encoders and decoders of streams are given
stored.py, constant.py, coded.py, shared.py, contexts.py, modelled.py, row_classes.py,
neighbours.py
    the kinds
registry.py
    all of them by their codes
choice.py, head.py
    one stream to head and payload, and the head of one
encode.py, decode.py
    all streams to heads and payloads, and back
coder_byte.py, words.py
    what the coded kinds have in common
scratch.py, pool.py
    what both directions overwrite each time, and who uses it at the moment

To add a kind, describe it in the table of streams in FORMAT.md, give it a number in `constants.py`,
write a file like `contexts.py`, and enter it in `registry.py`.
"""
