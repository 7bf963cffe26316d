"""Symbols and a model to words, and back.

`encode` and `decode` (`codec`) ask for the model's coder (`choice`), number the symbols and refuse
those that it cannot code (`symbols`), and let it run (`coders`). `encode_many` and `decode_many`
(`many`) do the same with many short messages.
"""

from ansflow.coding.codec import decode, encode
from ansflow.coding.many import decode_many, encode_many

__all__ = ["decode", "decode_many", "encode", "encode_many"]
