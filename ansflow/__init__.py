"""Entropy coding for arrays: interleaved rANS kernels, probability models, checksummed frames.

`compress` and `decompress` are for bytes and arrays, `encode` and `decode` for symbols with a
model from `ansflow.models` or your own.
"""

from ansflow import errors, models
from ansflow.api import compress, decompress
from ansflow.coding import decode, encode
from ansflow.limits import Limits

__version__ = "0.1.0"

__all__ = [
    "Limits",
    "__version__",
    "compress",
    "decode",
    "decompress",
    "encode",
    "errors",
    "models",
]
