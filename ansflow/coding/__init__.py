"""Symbols and a model to words, and back.

`encode` and `decode` (`codec`) ask for the model's coder (`choice`), number the symbols and refuse
those that it cannot code (`symbols`), and let it run (`coders`). `encode_many` and `decode_many`
(`many`) do the same with many short messages. `RangeEncoder` and `RangeDecoder` (`range_coder`)
code symbols as they come.
"""

from ansflow.coding.codec import decode, encode
from ansflow.coding.many import decode_many, encode_many
from ansflow.coding.range_coder import RangeDecoder, RangeEncoder

__all__ = ["RangeDecoder", "RangeEncoder", "decode", "decode_many", "encode", "encode_many"]
