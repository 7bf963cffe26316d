"""Entropy coding for arrays: interleaved rANS kernels, probability models, checksummed frames.

`compress` and `decompress` are for bytes and arrays in memory, `open`, `ArrayWriter` and
`ArrayReader` for files, `Compressor` and `Decompressor` for streams; `encode` and `decode` for
symbols with a model from `ansflow.models` or your own. `ansflow.bitsback` is for latent variables.
"""

from ansflow import errors, models
from ansflow.coding import decode, encode
from ansflow.engine.options import Options
from ansflow.inspect.description import describe
from ansflow.inspect.recovery import Recovery, recover
from ansflow.io.arrays import ArrayReader, ArrayWriter
from ansflow.io.one_shot import compress, decompress
from ansflow.io.open import open
from ansflow.io.streams import Compressor, Decompressor, iter_compress, iter_decompress
from ansflow.limits import Limits

__version__ = "0.3.0"

__all__ = [
    "ArrayReader",
    "ArrayWriter",
    "Compressor",
    "Decompressor",
    "Limits",
    "Options",
    "Recovery",
    "__version__",
    "compress",
    "decode",
    "decompress",
    "describe",
    "encode",
    "errors",
    "iter_compress",
    "iter_decompress",
    "models",
    "open",
    "recover",
]
