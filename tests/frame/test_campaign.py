"""A long search for bytes that crash a decoder, or make it slow, greedy or wrong.

In processes of their own, so that a crash is seen and memory can be limited. Each case
goes to all decoders. What they return must be what the oracle reads from the very same bytes.

``PYTHONPATH=tests python tests/frame/test_campaign.py SEED CASES`` runs a batch and prints its
figures as a line of JSON.
"""

import gc
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from pathlib import Path

import naive_examples as examples
import naive_frame as naive
import naive_seek
import numpy as np
import pytest
from decoders import DECODERS, decode_and_describe, decode_slices, observe

import ansflow

resource = pytest.importorskip("resource")

BATCHES = 20
PER_BATCH = 5000
SHORT = 100

MIB = 1 << 20
LIMITS = ansflow.Limits(max_output=MIB, max_memory=8 * MIB)
# Output, some copies of it, tables, and what `LIMITS` allow beside.
MOST_TRACED = 24 * MIB
# For threads, caches and the oracle, too. Insane headers ask for far more.
MOST_GROWTH = 128 * MIB
ADDRESS_SPACE = 768 * MIB
MOST_SECONDS = 1.0  # of the processor, whatever else runs on the machine
TRACED_EVERY = 20
RECOVERED_EVERY = 5


def large():
    """Files that are long enough for vector kernels."""
    skewed, walk = examples.SKEWED * 45, bytes(i // 5 % 11 for i in range(70_000))
    yield ansflow.compress(skewed, chunk_size=30_000)
    numbers = (np.arange(40_000) ** 2 // 9 % 700).astype("<u2").reshape(200, 200)
    yield ansflow.compress(numbers, chunks=(70, 120))
    yield ansflow.compress(numbers, recipe="stream", chunk_size=30_000)
    yield ansflow.compress(skewed, precision=14)
    yield ansflow.compress(walk, order=1)
    steps = np.cumsum(numbers.ravel().astype("<i4") - 350)
    yield ansflow.compress(steps, recipe="ordered[signed](delta[0](log))", chunk_size=60_000)
    yield ansflow.compress(steps % 700, recipe="lin[256]")
    yield ansflow.compress(steps % 9, recipe="dict(stream, delta[0](bytes))")
    yield ansflow.compress(steps // 10_000 * 5, recipe="affine(runs(planes, log))")
    prices = np.where(steps % 8, steps / 100, np.nan)
    yield ansflow.compress(prices, recipe="mask(decimal[100.0](log, planes, planes), runs)")
    yield ansflow.compress(steps.reshape(-1, 4), recipe="columns(log, planes, planes, planes)")
    yield ansflow.compress(steps.reshape(-1, 4), recipe="groups[0, 1, 0, 0](log, planes)")


# What they must have given


def check_pieces(blob, given):
    """Whole frames as the oracle reads them; of others, nothing but what it can read, too."""
    for begin, content, whole in given:
        if whole:
            assert naive.read_one(blob[begin:])[0].content == content
        elif content:
            assert known_prefix(naive_seek.salvage_forward(blob[begin:])).startswith(content)


def known_prefix(chunks):
    known = b""
    for _, content in chunks:
        if content is None:
            break
        known += content
    return known


def check_ranges(blob, whole, given):
    """As in the whole, if there is one; else as a reader that seeks may find it."""
    ranges = [answer for answer in given if isinstance(answer[3], bytes)]
    views = None
    for size, begin, end, content in ranges:
        if whole is not None:
            assert size == len(whole)
            assert content == whole[begin:end]
        else:
            views = views or naive_seek.salvage(blob)
            assert any(range_of(view, size, begin, end) == content for view in views)


def range_of(view, size, begin, end):
    """The bytes in a range of a view; None if the view lacks them or is of another size."""
    found, at = b"", 0
    for chunk_size, content in view:
        if max(begin, at) < min(end, at + chunk_size):
            if content is None:
                return None
            found += content[max(begin - at, 0) : end - at]
        at += chunk_size
    return found if at == size else None


class Batch:
    """Cases, and the figures of them."""

    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(seed)
        self.cases = self.refused = self.returned = self.partly = self.retried = 0
        self.slowest, self.peak, self.baseline = 0.0, 0, 0
        self.directory = Path(tempfile.mkdtemp())

    def run(self, blob):
        """Give the bytes to each decoder."""
        trace = self.cases % TRACED_EVERY == 0
        self.cases += 1
        outcomes = [self.timed(decode, blob, trace) for decode in DECODERS]
        at_once, in_pieces, as_it_comes, anywhere = outcomes
        self.refused += at_once.error is not None
        self.returned += at_once.error is None
        ranges = [answer for answer in anywhere.given if isinstance(answer[3], bytes)]
        self.partly += at_once.error is not None and bool(ranges)
        frames = whole = None
        if at_once.error is None or as_it_comes.error is None:
            frames = naive.read_all(blob)  # must be able to
        elif ranges:
            frames = naive.attempt(naive.read_all, blob)
        if frames:
            whole = b"".join(frame.content for frame in frames)
        if at_once.error is None:
            assert examples.same(at_once.given[0], naive.join(frames))
            assert as_it_comes.error is in_pieces.error is anywhere.error is None
            assert all(complete for _, _, complete in in_pieces.given)
            assert len(ranges) == len(anywhere.given)
        assert as_it_comes.error or as_it_comes.given == [whole]
        check_pieces(blob, in_pieces.given)
        check_ranges(blob, whole, anywhere.given)
        self.run_others(blob, at_once, whole)

    def run_others(self, blob, at_once, whole):
        """Give the bytes to those who want to know more, or less: they must agree."""
        said = self.timed(decode_and_describe, blob, False)
        array = self.timed(decode_slices, blob, False)
        if at_once.error is None:
            assert said.given == [len(whole)]
            assert isinstance(at_once.given[0], bytes) == (array.error is not None)
            assert not array.given or examples.same(
                array.given[0], naive.join(naive.read_all(blob))
            )
        if self.cases % RECOVERED_EVERY == 0:
            saved = self.timed(self.recover, blob, self.cases % TRACED_EVERY == 0)
            assert at_once.error or saved.given == [(whole, False)]

    def recover(self, given, blob, limits, _):
        """Give the content that could be saved, and whether there was damage."""
        source, target = self.directory / "source", self.directory / "target"
        source.write_bytes(blob)
        report = ansflow.recover(source, target, limits=limits)
        with ansflow.open(target) as file:
            given.append((file.read(), report.damaged))
        assert report.content_size == len(given[0][0])

    def timed(self, decode, blob, trace):
        """What the decoder gives; a slow case gets a second chance, since it may have compiled."""
        state = self.rng.getrandbits(32)
        if trace:
            tracemalloc.start()
        outcome = observe(decode, blob, LIMITS, random.Random(state))
        if trace:
            self.peak = max(self.peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert self.peak < MOST_TRACED
        elif outcome.seconds > MOST_SECONDS:
            self.retried += 1
            outcome = observe(decode, blob, LIMITS, random.Random(state))
            assert outcome.seconds <= MOST_SECONDS
        self.slowest = max(self.slowest, 0 if trace else outcome.seconds)
        return outcome

    def figures(self):
        names = ("seed", "cases", "refused", "returned", "partly", "retried")
        figures = {name: getattr(self, name) for name in names}
        figures["slowest"] = round(self.slowest, 4)
        figures["traced_mib"] = round(self.peak / MIB, 2)
        figures["grown_mib"] = round((resident() - self.baseline) / MIB, 1)
        return figures


def resident():
    """The most memory the process has had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def main(seed, cases):
    # Which reads all examples: not where this process is only started.
    from naive_mutations import SMALL, all_cuts, make_case

    files = SMALL + list(large())
    batch = Batch(seed)
    for blob in files:  # compiles and loads what there is
        for decode in DECODERS:
            assert observe(decode, blob, LIMITS, batch.rng).error is None
    batch.baseline = resident()
    if sys.platform == "linux":
        most = address_space() + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    threads = threading.active_count()
    cuts = all_cuts()[seed % BATCHES :: BATCHES]
    cuts = [SMALL[place][:end] for place, end in batch.rng.sample(cuts, min(cases // 5, len(cuts)))]
    for number in range(cases):
        blob = cuts[number] if number < len(cuts) else make_case(batch.rng, files)
        try:
            batch.run(blob)
        except BaseException:
            print(f"case {number} of seed {seed}: {blob[:5000].hex()}", file=sys.stderr)
            raise
    shutil.rmtree(batch.directory)
    gc.collect()
    figures = batch.figures()
    assert figures["grown_mib"] < MOST_GROWTH / MIB, figures
    assert threading.active_count() <= threads + 2, figures
    print(json.dumps(figures))


def run_batch(seed, cases):
    """A batch in a process of its own; its figures."""
    # Behind it what this process was told: or other sources than those that are tested are found.
    told = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(Path(__file__).parents[1]), *[told] * bool(told)])
    result = subprocess.run(
        [sys.executable, "-W", "error", __file__, str(seed), str(cases)],
        env=os.environ | {"PYTHONPATH": path, "MALLOC_ARENA_MAX": "2"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr
    print(result.stdout, end="")
    return json.loads(result.stdout)


def check_figures(figures, cases):
    """A campaign that is always refused at the door, or never, is none."""
    assert figures["cases"] == figures["refused"] + figures["returned"] == cases
    assert figures["refused"] > cases // 2
    assert figures["returned"] > cases // 50
    assert figures["partly"] > 0
    assert figures["slowest"] <= MOST_SECONDS


def test_a_short_campaign():
    check_figures(run_batch(0, SHORT), SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, BATCHES + 1))
def test_the_campaign(seed):
    check_figures(run_batch(seed, PER_BATCH), PER_BATCH)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
