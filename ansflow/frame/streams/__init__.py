"""Streams of symbols in a chunk: each of the kind that makes it smallest.

kind.py
    the interface, which one file implements for each kind
stored.py, constant.py, coded.py, shared.py, contexts.py, modelled.py
    the kinds
registry.py
    all of them by their codes
encode.py, decode.py
    streams to heads and payloads, and back
scratch.py
    what both overwrite each time

To add a kind, write a file like `constant.py`, enter it in `registry.py`, and describe it in the
table of streams in FORMAT.md.
"""
