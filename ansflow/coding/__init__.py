"""Symbols and a model to words, and back.

`encode` and `decode` validate and number the symbols (`symbols`), fetch the model's tables
(`tables`) and run a kernel over them (`streams`).
"""

from ansflow.coding.codec import decode, encode

__all__ = ["decode", "encode"]
