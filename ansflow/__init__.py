"""Entropy coding for arrays: interleaved rANS kernels, probability models, checksummed frames.

`compress` and `decompress` are for bytes and arrays in memory, `open`, `ArrayWriter` and
`ArrayReader` for files, `save` and `load` for several arrays in a file, `Compressor` and
`Decompressor` for streams; `encode` and `decode` for symbols with a model from `ansflow.models` or
your own, `encode_many` and `decode_many` for many short messages of them, `RangeEncoder` and
`RangeDecoder` for symbols that are coded as they come. `ansflow.bitsback` is for latent variables.
"""

from importlib import import_module as _import_module
from types import ModuleType as _Module

from ansflow import errors, models, transforms
from ansflow.coding import RangeDecoder, RangeEncoder, decode, decode_many, encode, encode_many
from ansflow.engine.options import Options
from ansflow.engine.plan import Plan
from ansflow.frame.content_model import ContentModel, register_source as _register_source
from ansflow.inspect.description import describe
from ansflow.inspect.recovery import Recovery, recover
from ansflow.io.array_reader import ArrayReader
from ansflow.io.array_writer import ArrayWriter
from ansflow.io.chunks import decode_chunk, encode_chunk
from ansflow.io.collection_reader import CollectionReader, load
from ansflow.io.collection_writer import CollectionWriter
from ansflow.io.ids import compress_ids, decompress_ids
from ansflow.io.one_shot import compress, decompress
from ansflow.io.open import open
from ansflow.io.pieces import Compressor, Decompressor, iter_compress, iter_decompress
from ansflow.io.plan import plan
from ansflow.io.save import save
from ansflow.io.train import train
from ansflow.io.trained_array_codec import TrainedArrayCodec
from ansflow.io.trained_codec import TrainedCodec
from ansflow.limits import Limits
from ansflow.transforms import Recipe

__version__ = "0.4.0"

__all__ = [
    "ArrayReader",
    "ArrayWriter",
    "CollectionReader",
    "CollectionWriter",
    "Compressor",
    "ContentModel",
    "Decompressor",
    "Limits",
    "Options",
    "Plan",
    "RangeDecoder",
    "RangeEncoder",
    "Recipe",
    "Recovery",
    "TrainedArrayCodec",
    "TrainedCodec",
    "__version__",
    "compress",
    "compress_ids",
    "decode",
    "decode_chunk",
    "decode_many",
    "decompress",
    "decompress_ids",
    "describe",
    "encode",
    "encode_chunk",
    "encode_many",
    "errors",
    "iter_compress",
    "iter_decompress",
    "load",
    "models",
    "open",
    "plan",
    "recover",
    "save",
    "train",
    "transforms",
]

# The container asks for models by their names, and doesn't know what kinds there are.
_register_source("ansflow.bitsback.models.pretrained:load")


def __getattr__(name: str) -> _Module:
    """`ansflow.bitsback`, whose modules are imported when they are first needed."""
    if name == "bitsback":
        return _import_module("ansflow.bitsback")
    raise AttributeError(f"module 'ansflow' has no attribute {name!r}")
