"""Several threads use one stack, which is forbidden, and stay alive: run by a test."""

import os
import sys
import threading
import time
from contextlib import suppress

import numpy as np

from ansflow import models
from ansflow.bitsback import Bernoulli, Gaussian, Intervals, Stack, Symbols, Uniform
from ansflow.errors import AnsflowError, ModelError

LANES = 5
CODECS = [
    Uniform(2**64, 40),
    Uniform(3),
    Uniform(2**20 + 1, 700),
    Symbols(models.Categorical([5, 0, 3, 0, 8]), 300),
    Bernoulli(0.2, 64),
    Gaussian(np.arange(200.0), 9.0, -5, 250),
    Intervals(lambda x: (x, np.ones(x.size, int)), lambda slot: slot, 20),
]
# Either by chance, or since one thread folds the stack while another has an array for its lanes.
MISHAPS = AnsflowError, ValueError, ArithmeticError, IndexError


def use(stack, end, seed):
    rng = np.random.default_rng(seed)
    while time.monotonic() < end:
        codec = CODECS[rng.integers(len(CODECS))]
        try:
            data = codec.pop(stack)
            for _ in range(rng.integers(3)):
                codec.push(stack, data)
            if rng.random() < 0.1:
                stack.fold(int(rng.integers(1, LANES + 1)))
                stack.unfold(LANES)
            if rng.random() < 0.1:
                with stack.atomic():
                    CODECS[0].pop(stack)
                    raise ValueError
            if rng.random() < 0.1:
                stack.rates(stack.mark())
                codec.pop(stack.view(1, 3))
        except MISHAPS:
            pass


def change(symbols, end):
    """Give two symbols a value that is legal and one that isn't, in turn."""
    while time.monotonic() < end:
        for value in (0, -1, 0, 2**40):
            symbols[0] = symbols[-1] = value


def push(codec, stack, symbols, end):
    while time.monotonic() < end:
        with suppress(ModelError):
            codec.push(stack, symbols)


def together(*jobs):
    threads = [threading.Thread(target=job, args=args) for job, *args in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(seconds):
    for seed in (None, 7):
        stack = Stack(LANES, seed=seed)
        Uniform(2**32, 999).push(stack, np.arange(999))
        for codec in CODECS:
            codec.push(stack, codec.pop(Stack(LANES, seed=1)))
        end = time.monotonic() + seconds
        together(*((use, stack, end, i) for i in range(3)))
    n = 20_000
    for codec in (
        Symbols(models.Categorical([5, 1, 2]), n),
        Gaussian(np.ones(n), 1.0, 0, 9),
        Bernoulli(np.full(n, 0.5)),
        Uniform(np.full(n, 2**20 + 1)),
    ):
        symbols = np.zeros(n, np.int64)
        codec.push(Stack(seed=1), symbols)  # may take a while at first
        end = time.monotonic() + seconds / 2
        together((change, symbols, end), (push, codec, Stack(seed=1), symbols, end))


def fail(details):
    sys.__excepthook__(*details[:3])
    os._exit(1)


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.setswitchinterval(1e-5)
    threading.excepthook = fail
    main(float(sys.argv[1]))
    print("alive")
