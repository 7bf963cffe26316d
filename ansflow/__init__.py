"""Entropy coding for arrays: interleaved rANS kernels, probability models, checksummed frames.

`compress` and `decompress` are for bytes and arrays in memory, `open`, `ArrayWriter` and
`ArrayReader` for files, `save` and `load` for several arrays in a file, `Compressor` and
`Decompressor` for streams; `encode` and `decode` for symbols with a model from `ansflow.models` or
your own, `encode_many` and `decode_many` for many short messages of them, `RangeEncoder` and
`RangeDecoder` for symbols that are coded as they come. `ansflow.bitsback` is for latent variables.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from ansflow import errors

if TYPE_CHECKING:
    from ansflow import models, transforms
    from ansflow.coding import (
        RangeDecoder,
        RangeEncoder,
        decode,
        decode_many,
        encode,
        encode_many,
    )
    from ansflow.engine.options import Options
    from ansflow.engine.plan import Plan
    from ansflow.frame.content_model import ContentModel
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

# Where each name is. Modules are imported when a name is first asked for: to import Numba and all
# kernels takes most of a second, which the command does without to print its help.
_HOMES = {
    "coding": "RangeDecoder RangeEncoder decode decode_many encode encode_many",
    "engine.options": "Options",
    "engine.plan": "Plan",
    "frame.content_model": "ContentModel",
    "inspect.description": "describe",
    "inspect.recovery": "Recovery recover",
    "io.array_reader": "ArrayReader",
    "io.array_writer": "ArrayWriter",
    "io.chunks": "decode_chunk encode_chunk",
    "io.collection_reader": "CollectionReader load",
    "io.collection_writer": "CollectionWriter",
    "io.ids": "compress_ids decompress_ids",
    "io.one_shot": "compress decompress",
    "io.open": "open",
    "io.pieces": "Compressor Decompressor iter_compress iter_decompress",
    "io.plan": "plan",
    "io.save": "save",
    "io.train": "train",
    "io.trained_array_codec": "TrainedArrayCodec",
    "io.trained_codec": "TrainedCodec",
    "limits": "Limits",
    "transforms": "Recipe",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_PACKAGES = ("bitsback", "models", "transforms")

if not TYPE_CHECKING:  # which would take any name for one that there is

    def __getattr__(name):
        """A package, or what is in a module, which are imported for it."""
        if name in _PACKAGES:
            return _import_module(f"ansflow.{name}")
        if name not in _HOME:
            raise AttributeError(f"module 'ansflow' has no attribute {name!r}")
        found = getattr(_import_module(f"ansflow.{_HOME[name]}"), name)
        return globals().setdefault(name, found)

    def __dir__():
        return sorted({*globals(), *__all__, *_PACKAGES})
