"""Threads of a user that call at once. ``python -m benchmarks.threads`` (in asv_bench) prints it.

Each call has `threads=1`, as those of Zarr and Dask have. What the machine gives is what as many
processes do together, each with arrays of its own.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np

import ansflow
from ansflow.engine.cores import available_cores

SIZES = [250_000, 1_000_000, 4_000_000, 16_000_000]  # bytes
WAYS = ["compress", "compress, plan=", "decompress"]
MANY = 8
BYTES, CALLS = 50_000_000, 40  # that are coded at least for each figure
ROUNDS = 7


def array_of(size):
    """A walk, as of a price or a position."""
    return np.random.default_rng(0).normal(size=size // 4).cumsum().astype("f4")


def call_of(way, size):
    """A function without arguments, whose result is dropped."""
    array = array_of(size)
    if way == "decompress":
        blob = ansflow.compress(array)
        return lambda: len(ansflow.decompress(blob, threads=1))
    plan = ansflow.plan(array) if way == "compress, plan=" else None
    return lambda: len(ansflow.compress(array, plan=plan, threads=1))


def seconds(call, times):
    begin = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - begin


def seconds_of_pool(pool, call, times):
    begin = time.perf_counter()
    for _ in pool.map(lambda _: call(), range(times)):
        pass
    return time.perf_counter() - begin


def work(way, size, times, rounds, begin, taken):
    """What one of several processes does."""
    call = call_of(way, size)
    call()
    for _ in range(rounds):
        begin.wait()
        taken.put(seconds(call, times))


def gains(way, size, rounds=ROUNDS):
    """Seconds of a call, and how many times as much threads and processes do together.

    Returns
    -------
    dict of float
        By "call", "threads", "many threads" and "processes"; medians of rounds, in each of which
        all are measured one after the other.
    """
    cores = available_cores()
    call, times = call_of(way, size), max(BYTES // size, CALLS)
    few, many = ThreadPoolExecutor(cores), ThreadPoolExecutor(MANY)
    context = multiprocessing.get_context("spawn")
    begin, taken = context.Barrier(cores + 1), context.SimpleQueue()
    arguments = way, size, times, rounds, begin, taken
    processes = [context.Process(target=work, args=arguments) for _ in range(cores)]
    for process in processes:
        process.start()
    call()
    found = []
    for _ in range(rounds):
        one = seconds(call, times)
        in_threads = [one / seconds_of_pool(pool, call, times) for pool in (few, many)]
        begin.wait()
        slowest = max(taken.get() for _ in processes)
        found.append((one / times, *in_threads, cores * one / slowest))
    for process in processes:
        process.join()
    few.shutdown()
    many.shutdown()
    names = "call", "threads", "many threads", "processes"
    return dict(zip(names, map(median, zip(*found, strict=True)), strict=True))


class Threads:
    params = (WAYS, SIZES)
    param_names = ("way", "bytes")
    timeout = 300

    def track_gain(self, way, size):
        """How many times as much eight threads do as one."""
        return gains(way, size, rounds=3)["many threads"]

    track_gain.unit = "x"


def main():
    cores = available_cores()
    print(f"Times as much as one thread does, on {cores} cores")
    print(f"{'':27}{'a call':>10}{f'{cores} threads':>12}{f'{MANY} threads':>12}", end="")
    print(f"{f'{cores} processes':>14}")
    for way in WAYS:
        for size in SIZES:
            took, *times = gains(way, size).values()
            print(f"{way:16}{size / 1e6:8.2f} MB{1e3 * took:7.2f} ms", end="")
            print(f"{times[0]:12.2f}{times[1]:12.2f}{times[2]:14.2f}", flush=True)


if __name__ == "__main__":
    main()
