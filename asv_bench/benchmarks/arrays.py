"""Numeric arrays: sizes and speeds next to those of other compressors.

``python -m benchmarks.arrays [FOLDER] [--items N] [--json]`` (in asv_bench) takes all ``.npy``
files of a folder, or a few arrays that are made here; of each, so many items from its midst if that
is asked for. It prints a row for each array and the means.

One process, one thread, CPU time, median of several rounds in which all take turns. Each result is
decoded and compared. Peers that are not installed are left out:

- pcodec, levels 8 and 12;
- Blosc2: LZ4 with shuffle, and zstd 5 with the filter that is best for the array, of none, shuffle,
  bitshuffle and bytedelta;
- OpenZL, its default graph for numbers;
- zstd, level 3.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ansflow

LEVELS = (1, 2, 3, 6)
ROUNDS = 3
BEST_BLOSC2 = "blosc2 zstd 5"


class Peer(NamedTuple):
    """A compressor: array to bytes, and bytes and the array they were made of to a buffer."""

    encode: Callable[[np.ndarray], Any]
    decode: Callable[[Any, np.ndarray], Any]


class Result(NamedTuple):
    """Bytes, and seconds of CPU time."""

    size: int
    encode: float
    decode: float


def ansflow_peer(level: int) -> Peer:
    return Peer(
        lambda array: ansflow.compress(array, level=level, threads=1),
        lambda data, array: ansflow.decompress(data, threads=1),
    )


def pcodec_peer(level: int) -> Peer:
    standalone = importlib.import_module("pcodec.standalone")
    config = importlib.import_module("pcodec").ChunkConfig

    def encode(array):
        eight_bits = {"enable_8_bit": True} if array.itemsize == 1 else {}
        flat = np.ascontiguousarray(array).reshape(-1)
        return standalone.simple_compress(flat, config(compression_level=level, **eight_bits))

    return Peer(encode, lambda data, array: standalone.simple_decompress(data))


def blosc2_peer(codec: str, level: int, filters: list[str]) -> Peer:
    blosc2 = importlib.import_module("blosc2")
    blosc2.set_nthreads(1)
    chosen = [getattr(blosc2.Filter, name) for name in filters]

    def encode(array):
        parameters = blosc2.CParams(
            codec=getattr(blosc2.Codec, codec),
            clevel=level,
            typesize=array.itemsize,
            filters=chosen,
            filters_meta=[0] * len(chosen),
            nthreads=1,
        )
        return blosc2.compress2(np.ascontiguousarray(array), cparams=parameters)

    return Peer(encode, lambda data, array: blosc2.decompress2(data))


def openzl_peer() -> Peer:
    zl = importlib.import_module("openzl.ext")
    compressor = zl.Compressor()
    compressor.select_starting_graph(zl.graphs.Compress()(compressor))

    def encode(array):
        context = zl.CCtx()
        context.ref_compressor(compressor)
        context.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
        numbers = np.ascontiguousarray(array).reshape(-1).view(f"u{array.itemsize}")
        return context.compress([zl.Input(zl.Type.Numeric, numbers)])

    return Peer(encode, lambda data, array: zl.DCtx().decompress(data)[0].content.as_nparray())


def zstd_peer(level: int) -> Peer:
    zstandard = importlib.import_module("zstandard")
    compressor = zstandard.ZstdCompressor(level=level)
    decompressor = zstandard.ZstdDecompressor()
    return Peer(
        lambda array: compressor.compress(np.ascontiguousarray(array).data),
        lambda data, array: decompressor.decompress(data),
    )


FILTERS = {
    "none": ["NOFILTER"],
    "shuffle": ["SHUFFLE"],
    "bitshuffle": ["BITSHUFFLE"],
    "bytedelta": ["SHUFFLE", "BYTEDELTA"],
}


def peers() -> dict[str, Peer]:
    """All of them that are installed; Blosc2 with zstd once for each filter."""
    makers: dict[str, Callable[[], Peer]] = {
        **{f"ansflow {level}": lambda level=level: ansflow_peer(level) for level in LEVELS},
        "pcodec 8": lambda: pcodec_peer(8),
        "pcodec 12": lambda: pcodec_peer(12),
        "blosc2 lz4": lambda: blosc2_peer("LZ4", 5, ["SHUFFLE"]),
        **{
            f"{BEST_BLOSC2} {name}": lambda filters=filters: blosc2_peer("ZSTD", 5, filters)
            for name, filters in FILTERS.items()
        },
        "openzl": openzl_peer,
        "zstd 3": lambda: zstd_peer(3),
    }
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    return found


def measure(array: np.ndarray, compressors: dict[str, Peer], rounds: int) -> dict[str, Result]:
    """What each makes of an array; of Blosc2's filters the best for size."""
    coded, taken = {}, {name: ([], []) for name in compressors}
    want = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    for name, peer in compressors.items():
        coded[name] = peer.encode(array)
        decoded = peer.decode(coded[name], array)
        if isinstance(decoded, np.ndarray):
            decoded = np.ascontiguousarray(decoded).reshape(-1).view(np.uint8)
        if not np.array_equal(np.frombuffer(decoded, np.uint8), want):
            raise AssertionError(f"{name} has not given back the array")
    filters = {n: len(c) for n, c in coded.items() if n.startswith(BEST_BLOSC2)}
    best = min(filters, key=filters.__getitem__, default=None)
    left = [name for name in compressors if name == best or name not in filters]
    for _ in range(rounds):
        for name in left:
            peer = compressors[name]
            for times, call in zip(
                taken[name],
                (
                    lambda p=peer: p.encode(array),
                    lambda p=peer, n=name: p.decode(coded[n], array),
                ),
                strict=True,
            ):
                begin = time.process_time()
                call()
                times.append(time.process_time() - begin)
    return {
        (BEST_BLOSC2 if name == best else name): Result(
            len(coded[name]), *map(statistics.median, taken[name])
        )
        for name in left
    }


def made_here() -> Iterator[tuple[str, np.ndarray]]:
    """A few arrays for those who have none at hand."""
    rng = np.random.default_rng(0)
    yield "walk_f8", np.cumsum(rng.normal(size=400_000))
    yield "prices_f8", np.round(100 + np.cumsum(rng.normal(0, 0.02, 400_000)), 2)
    yield "times_i8", np.cumsum(rng.integers(900, 1100, 400_000))
    yield (
        "sensor_i2",
        (1000 * np.sin(np.arange(800_000) / 500) + rng.normal(0, 9, 800_000)).astype("i2"),
    )
    y, x = np.mgrid[:700, :800]
    yield "field_f4", (np.sin(y / 90) * np.cos(x / 70) + rng.normal(0, 1e-3, y.shape)).astype("f4")
    yield (
        "categories_i4",
        rng.integers(0, 9, 100_000).repeat(rng.integers(1, 9, 100_000)).astype("i4"),
    )


def arrays_of(folder: str | None) -> Iterator[tuple[str, np.ndarray]]:
    if folder is None:
        yield from made_here()
        return
    for path in sorted(Path(folder).glob("*.npy")):
        yield path.stem, np.load(path)


def some_of(array: np.ndarray, items: int | None) -> np.ndarray:
    """So many items in the midst of an array that has more."""
    if items is None or array.size <= items:
        return array
    begin = (array.size - items) // 2
    return array.reshape(-1)[begin : begin + items].copy()


def mean(values: list[float]) -> float:
    """The geometric one."""
    return math.exp(statistics.fmean(map(math.log, values)))


def compare(rows: dict[str, dict[str, Result]], sizes: dict[str, int]) -> dict[str, Any]:
    """The figures over all arrays, by level; ratios of ratios, and of speeds."""
    names = list(next(iter(rows.values())))
    rivals = [name for name in names if not name.startswith("ansflow")]
    means: dict[str, Any] = {}
    for name in names:
        means[name] = {
            "ratio": mean([sizes[a] / row[name].size for a, row in rows.items()]),
            "encode MB/s": mean([sizes[a] / 1e6 / row[name].encode for a, row in rows.items()]),
            "decode MB/s": mean([sizes[a] / 1e6 / row[name].decode for a, row in rows.items()]),
        }
    for name in names:
        if name in rivals:
            continue
        ours = {a: row[name].size for a, row in rows.items()}
        over = {}
        for rival in rivals:
            over[rival] = mean([row[rival].size / ours[a] for a, row in rows.items()])
        over["best rival"] = mean(
            [min(row[r].size for r in rivals) / ours[a] for a, row in rows.items()]
        )
        means[name]["over"] = over
        if "pcodec 12" in rivals:
            each = {a: row["pcodec 12"].size / ours[a] for a, row in rows.items()}
            worst = min(each, key=each.__getitem__)
            means[name]["not larger than pcodec 12"] = statistics.fmean(
                [ratio >= 1 / 1.005 for ratio in each.values()]
            )
            means[name]["worst over pcodec 12"] = [worst, each[worst]]
        if "pcodec 8" in rivals:
            for way in ("encode", "decode"):
                means[name][f"{way} over pcodec 8"] = mean(
                    [getattr(r["pcodec 8"], way) / getattr(r[name], way) for r in rows.values()]
                )
    return means


def print_tables(
    rows: dict[str, dict[str, Result]], sizes: dict[str, int], means: dict[str, Any]
) -> None:
    names = list(next(iter(rows.values())))
    print(f"{'ratio':24}" + "".join(f"{name:>15}" for name in names))
    for array, row in rows.items():
        print(f"{array:24}" + "".join(f"{sizes[array] / row[n].size:15.3f}" for n in names))
    for figure in ("ratio", "encode MB/s", "decode MB/s"):
        print(f"{figure:24}" + "".join(f"{means[n][figure]:15,.3f}" for n in names))
    for name in names:
        if "over" not in means[name]:
            continue
        print(f"\n{name}: geometric means of ratios over")
        for rival, ratio in means[name]["over"].items():
            print(f"    {rival:24}{ratio:8.3f}")
        for figure, value in means[name].items():
            if "pcodec" in figure:
                print(f"  {figure}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="of .npy files")
    parser.add_argument("--items", type=int, help="of each array, from its midst on")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    compressors = peers()
    rows, sizes = {}, {}
    for name, whole in arrays_of(arguments.folder):
        array = some_of(whole, arguments.items)
        rows[name] = measure(array, compressors, arguments.rounds)
        sizes[name] = array.nbytes
    means = compare(rows, sizes)
    if arguments.json:
        table = {
            name: {"bytes": sizes[name], **{peer: r._asdict() for peer, r in row.items()}}
            for name, row in rows.items()
        }
        print(json.dumps({"arrays": table, "means": means}, indent=1))
    else:
        print_tables(rows, sizes, means)


if __name__ == "__main__":
    main()
