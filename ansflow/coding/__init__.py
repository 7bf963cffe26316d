"""Symbols and a model to words, and back.

`encode` and `decode` (`codec`) ask for the model's coder (`choice`), number the symbols and refuse
those that it cannot code (`symbols`), and let it run (`coders`).
"""

from ansflow.coding.codec import decode, encode

__all__ = ["decode", "encode"]
