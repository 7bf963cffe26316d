"""ansflow compared with other coders. ``python -m benchmarks.peers`` (in asv_bench) prints a table.

One process, one thread, the same chunks, all coders in turn within each round. Each counts the
symbols of a chunk, builds tables and writes them with the code, except:

- ansflow's kernels have one table for all chunks, built beforehand and not written, and
  constriction has one for each;
- ``ansflow compress`` and memcpy take the whole input at once and allocate the result, the former
  with checksums;
- zstd also looks for repeats.

Speeds are in MB/s; ``/hts`` is over the fastest htscodecs of the same order, ``/copy`` over memcpy,
``/ideal`` over the order-0 Shannon bound of each chunk.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite.binding import get_host_cpu_features

import ansflow
from ansflow.coding.coders.coder import buffer_size
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.single import SingleCoder
from ansflow.frame.streams.contexts import PRECISION as CONTEXT_PRECISION
from ansflow.kernels.tables.histogram import histogram
from ansflow.kernels.vector.isa import SCALAR, available, chosen_isa
from ansflow.models import Markov, quantize
from ansflow.models.markov import pair_counts

from .inputs import INPUTS, input_bytes, median_seconds, shannon_bits

SIZE = 16 << 20
CHUNK = 256 << 10
LANES = 64
ROUNDS = 7
BEST_ISA = chosen_isa()


class Peer(NamedTuple):
    """A coder and the chunks that it codes."""

    name: str
    order: int
    chunks: list[np.ndarray]
    prepare: Callable[[np.ndarray], Any]  # chunk: what its coding uses, made outside the timing
    encode: Callable[[Any], Any]  # prepared: the code, a buffer
    decode: Callable[[Any, Any], Any]  # code, prepared: the chunk
    begin: Callable[[], object] = lambda: None  # before each pass over the chunks


class Result(NamedTuple):
    """Speeds in MB/s, sizes in bytes."""

    order: int
    encode: float
    decode: float
    size: int
    ideal: float


def ansflow_peers(chunks):
    """Whole frames, and kernels with the same tables for all chunks."""

    def compress(order):
        return Peer(
            f"ansflow compress o{order}",
            order,
            chunks=[np.concatenate(chunks)],
            prepare=bytes,
            encode=lambda data: ansflow.compress(data, order=order, threads=1),
            decode=lambda code, data: ansflow.decompress(code, threads=1),
            begin=lambda: use(BEST_ISA),
        )

    def kernel(order, isa):
        if order == 0:
            counts = sum(histogram(chunk) for chunk in chunks)
            coder = SingleCoder(quantize(counts, 12), 12)
        else:
            counts = sum(pair_counts(chunk, LANES).astype(np.uint64) for chunk in chunks)
            model = Markov.from_counts(counts, precision=CONTEXT_PRECISION)
            coder = ContextCoder(model.freq, model.precision)

        def prepare(chunk):
            buffer = np.empty(buffer_size(chunk.size, LANES), np.uint16)
            return chunk, np.zeros_like(chunk), buffer

        def encode(prepared):
            chunk, _, buffer = prepared
            return coder.encode(chunk, LANES, buffer)

        def decode(words, prepared):
            _, out, _ = prepared
            coder.decode(words, out, LANES)
            return out

        name = f"ansflow kernel o{order} {isa}"
        return Peer(name, order, chunks, prepare, encode, decode, lambda: use(isa))

    def use(isa):
        os.environ["ANSFLOW_ISA"] = isa
        chosen_isa.cache_clear()

    isas = [SCALAR, *(isa for isa in available() if isa in ("avx512", "avx2"))]
    kernels = [kernel(order, isa) for order in (0, 1) for isa in reversed(isas)]
    return [compress(0), compress(1), *kernels]


# Instruction sets by the bit that allows them in `rans_set_cpu`; the decoder's are 8 bits further.
HTSCODECS_CPU = {"sse4.1": 1, "avx2": 2, "avx512f": 4, "neon": 8}
HTSCODECS_X32 = 4


def htscodecs_library():
    """OSError where it is not installed."""
    library = ctypes.CDLL("libhtscodecs.so.2")
    library.rans_compress_to_4x16.restype = ctypes.c_void_p
    library.rans_uncompress_to_4x16.restype = ctypes.c_void_p
    return library


def htscodecs_peers(chunks):
    """Each order with 4 lanes, which has no SIMD, and 32 with each instruction set."""
    library = htscodecs_library()
    # By default the library chooses a set by the machine, which is not always the fastest.
    host = get_host_cpu_features()
    cpus = {"scalar": 0} | {name: bit for name, bit in HTSCODECS_CPU.items() if host.get(name)}
    return [
        htscodecs_peer(library, f"htscodecs o{order} {variant}", chunks, order, lanes, cpu)
        for order in (0, 1)
        for variant, lanes, cpu in [
            ("x4", 0, 0),
            *((f"x32 {name}", HTSCODECS_X32, bit) for name, bit in cpus.items()),
        ]
    ]


def htscodecs_peer(library, name, chunks, order, lanes, cpu):
    # Without further flags nothing is packed, striped or run-length coded, and a chunk is
    # stored only if coding would make it longer.
    flags = order | lanes

    def buffers(*arrays):
        # With their addresses, as NumPy takes a microsecond to find one.
        return [(array, ctypes.c_void_p(array.ctypes.data)) for array in arrays]

    def prepare(chunk):
        code = np.zeros(library.rans_compress_bound_4x16(chunk.size, flags), np.uint8)
        return buffers(chunk, code, np.zeros_like(chunk))

    def call(function, source, size, target, *options):
        array, address = target
        used = ctypes.c_uint(array.size)
        if not function(source[1], size, address, ctypes.byref(used), *options):
            raise RuntimeError(f"{name} failed")
        return array[: used.value]

    def encode(prepared):
        chunk, code, _ = prepared
        return call(library.rans_compress_to_4x16, chunk, chunk[0].size, code, flags)

    def decode(code, prepared):
        return call(library.rans_uncompress_to_4x16, prepared[1], code.size, prepared[2])

    def begin():
        library.rans_set_cpu(cpu | cpu << 8)

    return Peer(name, order, chunks, prepare, encode, decode, begin)


def constriction_peers(chunks):
    from constriction import stream

    def prepare(chunk):
        frequencies = np.bincount(chunk, minlength=256) / chunk.size
        return chunk.astype(np.int32), stream.model.Categorical(frequencies, perfect=False)

    def encode(prepared):
        coder = stream.stack.AnsCoder()
        coder.encode_reverse(*prepared)
        return coder.get_compressed()

    def decode(code, prepared):
        symbols, model = prepared
        return stream.stack.AnsCoder(code).decode(model, symbols.size)

    few = chunks[: (1 << 20) // CHUNK]  # it is slow
    return [Peer("constriction AnsCoder", 0, few, prepare, encode, decode)]


def zstandard_peers(chunks):
    import zstandard

    encode = zstandard.ZstdCompressor(level=1).compress
    decode = zstandard.ZstdDecompressor().decompress
    return [Peer("zstd level 1", 0, chunks, bytes, encode, lambda code, data: decode(code))]


def memcpy_peers(chunks):
    def copy(source, target):
        np.copyto(target, source)
        return target

    return [
        Peer(
            "memcpy",
            order=0,
            chunks=[np.concatenate(chunks)],
            prepare=lambda chunk: (chunk, np.zeros_like(chunk), np.zeros_like(chunk)),
            encode=lambda prepared: copy(*prepared[:2]),
            decode=lambda code, prepared: copy(code, prepared[2]),
        )
    ]


@functools.cache
def print_once(line):
    print(line)


def present_peers(chunks):
    """All peers that can be loaded here; prints why others cannot."""
    peers = []
    for source in (ansflow_peers, htscodecs_peers, constriction_peers, zstandard_peers):
        try:
            peers += source(chunks)
        except (ImportError, OSError) as absent:
            print_once(f"No {source.__name__.removesuffix('_peers')}: {absent}")
    return peers + memcpy_peers(chunks)


def passes(peer):
    """Functions that encode and decode all chunks, and the size of the verified codes."""
    prepared = [peer.prepare(chunk) for chunk in peer.chunks]

    def encode():
        peer.begin()
        return list(map(peer.encode, prepared))

    def decode():
        peer.begin()
        return list(map(peer.decode, codes, prepared))

    codes = encode()
    for chunk, back in zip(peer.chunks, decode(), strict=True):
        values = np.frombuffer(back, np.uint8) if isinstance(back, bytes) else back
        if not np.array_equal(values, chunk):
            raise AssertionError(f"{peer.name}: wrong content")
    return encode, decode, sum(memoryview(code).nbytes for code in codes)


def measure(name):
    """The result of each peer on an input."""
    chunks = np.split(input_bytes(name, SIZE), SIZE // CHUNK)
    ideal = np.cumsum([shannon_bits(chunk) / 8 for chunk in chunks])
    peers = present_peers(chunks)
    encoders, decoders, sizes = zip(*map(passes, peers), strict=True)
    seconds = median_seconds([*encoders, *decoders], ROUNDS)
    results = {}
    for i, peer in enumerate(peers):
        coded = sum(chunk.size for chunk in peer.chunks)
        encode, decode = (coded / s / 1e6 for s in (seconds[i], seconds[len(peers) + i]))
        results[peer.name] = Result(peer.order, encode, decode, sizes[i], ideal[coded // CHUNK - 1])
    return results


def speeds_over_htscodecs(results, name):
    """Encoding and decoding, each over htscodecs' fastest variant for it; NaN without any."""
    result = results[name]
    variants = [r for n, r in results.items() if "htscodecs" in n and r.order == result.order]
    best_encode = max((r.encode for r in variants), default=np.nan)
    best_decode = max((r.decode for r in variants), default=np.nan)
    return result.encode / best_encode, result.decode / best_decode


def with_isa(coder):
    """The full name of a kernel on the instruction set that ansflow would choose."""
    return f"{coder} {BEST_ISA}" if "kernel" in coder else coder


class OverHtscodecs:
    """Speed over that of the fastest htscodecs of the same order."""

    params = (
        INPUTS,
        [f"ansflow {kind}" for kind in ("compress o0", "compress o1", "kernel o0", "kernel o1")],
    )
    param_names = ("input", "coder")
    timeout = 600

    def setup_cache(self):
        return {name: measure(name) for name in INPUTS}

    setup_cache.timeout = 600

    def track_encode(self, results, name, coder):
        return speeds_over_htscodecs(results[name], with_isa(coder))[0]

    def track_decode(self, results, name, coder):
        return speeds_over_htscodecs(results[name], with_isa(coder))[1]

    track_encode.unit = track_decode.unit = "ratio"


def print_table(title, results):
    heads = ["encode", "decode", "size", "/ideal", "enc/hts", "dec/hts", "enc/copy", "dec/copy"]
    print(f"\n{title:25}" + "".join(f"{head:>11}" for head in heads))
    copy = results["memcpy"]
    for name, result in results.items():
        print(f"{name:25}{result.encode:11,.0f}{result.decode:11,.0f}{result.size:11,}", end="")
        ratios = (
            result.size / result.ideal,
            *speeds_over_htscodecs(results, name),
            result.encode / copy.encode,
            result.decode / copy.decode,
        )
        print("".join(f"{ratio:11.4f}" for ratio in ratios))


if __name__ == "__main__":
    for input_name in INPUTS:
        print_table(input_name, measure(input_name))
