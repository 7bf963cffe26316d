"""
A model that learns while it codes
==================================

A log is compressed while it is written, and read at the other end of a connection. Nobody sends the
model: both sides count what they have seen, and count alike.

That takes a coder that is first in, first out, and a model that changes with each symbol.
``ansflow.RangeEncoder`` and ``ansflow.RangeDecoder`` are made for this; rANS is last in, first out,
and needs the whole message before it begins.
"""

# %%

# region Imports
import argparse
import math
import socket
import threading
import time
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

import ansflow

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')
# endregion

# %%
# Counts in contexts
# ------------------
# How likely is the next byte? Count which bytes have followed the last four, the last three, and so
# on down to none, and add up these counts, with far larger weights for longer contexts. Each byte
# has at least a count of one, so that all can be coded. Every byte is then added to the counts, on
# both sides.

# With these, the sum of all stays below 2^31 for logs of 90,000 bytes and more.
WEIGHTS = 1, 20, 200, 2000, 20_000


class Contexts:
    """How often bytes have followed the last ones."""

    def __init__(self):
        self.counts = defaultdict(lambda: np.zeros(256, np.int64))
        self.last = b""  # the nearest first

    def blend(self):
        """Counts for the next byte, in which each byte has one."""
        total = np.ones(256, np.int64)
        for order, weight in enumerate(WEIGHTS):
            total += weight * self.counts[self.last[:order]]
        return total

    def add(self, byte):
        for order in range(len(WEIGHTS)):
            self.counts[self.last[:order]][byte] += 1
        self.last = (bytes([byte]) + self.last)[: len(WEIGHTS) - 1]


# %%
# Both ends
# ---------
# ``take`` returns the bytes that can't change any more, after each line. The decoder says by
# ``TruncatedError`` that it needs more to know the next byte, and is fed what comes from the
# connection.


def send(lines, connection, sent):
    """Send lines one by one, and note how many bytes that took."""
    encoder, contexts = ansflow.RangeEncoder(), Contexts()
    with connection:
        for line in lines:
            for byte in line:
                encoder.encode(byte, contexts.blend())
                contexts.add(byte)
            packet = encoder.take()
            connection.sendall(packet)
            sent.append(len(packet))
        packet = encoder.finish()
        connection.sendall(packet)
        sent[-1] += len(packet)


def receive(size, connection):
    """The log, and what each byte of it cost in bits."""
    decoder, contexts, log, costs = ansflow.RangeDecoder(), Contexts(), bytearray(), []
    while len(log) < size:
        counts = contexts.blend()
        try:
            byte = decoder.decode(counts)
        except ansflow.errors.TruncatedError:  # what has come does not say which byte it is
            packet = connection.recv(4096)
            if not packet:
                raise
            decoder.feed(packet)
        else:
            costs.append(math.log2(counts.sum() / counts[byte]))
            contexts.add(byte)
            log.append(byte)
    decoder.finish()
    return bytes(log), costs


# In place of a log: text that anyone has.
lines = Path(argparse.__file__).read_bytes().splitlines(keepends=True)[3:403]
log = b"".join(lines)
one_end, other_end = socket.socketpair()
sent = []
sender = threading.Thread(target=send, args=(lines, one_end, sent))
begin = time.perf_counter()
sender.start()
with other_end:
    read, costs = receive(len(log), other_end)
sender.join()
seconds = time.perf_counter() - begin
assert read == log

print(f"{len(log):8,} bytes of a log")
print(f"{sum(sent):8,} bytes sent, line by line")
print(f"{sum(costs) / 8:8,.0f} bytes, if the coder cost nothing")
print(f"{len(zlib.compress(log, 9)):8,} bytes, if zlib is given all lines at once")
print(f"{1e6 * seconds / len(log):8.0f} microseconds a byte at both ends, mostly for the model")

# %%
# What it has learned
# -------------------
# The text at the beginning, and near the end. The darker a character, the more bits it cost: at
# first nearly all of them are a surprise. Later most are foreseen: a new word costs bits for its
# first letters, and the rest of it almost none.


# region Drawing
def draw_text(axes, begin, rows):
    """Lines of the log, each character on a ground as dark as it was expensive."""
    shades = plt.get_cmap("Blues")
    row, column = 0, 0
    for byte, cost in zip(log[begin:], costs[begin:], strict=True):
        if byte == ord("\n"):
            row, column = row + (column > 0), 0  # empty lines are left out
            if row == rows:
                break
            continue
        dark = min(1.0, cost / 8)
        axes.barh(row, 1, 0.95, column - 0.5, color=shades(0.9 * dark))
        text = {"ha": "center", "va": "center", "family": "monospace", "size": 8}
        axes.text(column, row, chr(byte), color="white" if dark > 0.6 else "black", **text)
        column += 1
    axes.set(xlim=(-1, 80), ylim=(rows - 0.3, -0.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


if plt:
    figure, panels = plt.subplots(2, 1, figsize=(9, 6), layout="constrained")
    late = sum(map(len, lines[:330]))
    for axes, begin, title in (
        (panels[0], 0, "the first lines"),
        (panels[1], late, f"after {late:,} bytes"),
    ):
        draw_text(axes, begin, 12)
        axes.set_title(title, loc="left", size=10)
    shades = plt.cm.ScalarMappable(plt.Normalize(0, 8), plt.get_cmap("Blues"))
    figure.colorbar(shades, ax=panels, label="bits", shrink=0.5)
# endregion

# %%
# In numbers: bytes sent so far, line by line, against what zlib needs for the lines so far, if it
# may see all of them before it begins.

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    ends = np.cumsum([len(line) for line in lines])
    zlibs = [len(zlib.compress(log[:end], 9)) for end in ends[9::10]]
    axes.plot(ends, np.cumsum(sent), color="#0072B2", lw=2, label="sent, line by line")
    axes.plot(ends[9::10], zlibs, color="#D55E00", ls="--", label="zlib, all lines so far at once")
    axes.set(xlabel="bytes of the log", ylabel="bytes")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
# endregion
