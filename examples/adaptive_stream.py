"""A log is compressed while it is written, and read at the other end of a connection.

The model of a byte are counts of what followed the same bytes before. Nobody sends them, as both
sides count alike. That takes a coder that is first in, first out, and a model that changes with
each symbol: `ansflow.RangeEncoder` and `ansflow.RangeDecoder`.
"""

import argparse
import socket
import threading
import time
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

import ansflow

# Of counts after no byte, after the last one, the last two, and so on. With these, the sum of all
# stays below 2^31 for logs of 90,000 bytes and more.
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


def send(lines, connection):
    encoder, contexts = ansflow.RangeEncoder(), Contexts()
    with connection:
        for line in lines:
            for byte in line:
                encoder.encode(byte, contexts.blend())
                contexts.add(byte)
            connection.sendall(encoder.take())  # what cannot change any more
        connection.sendall(encoder.finish())


def receive(size, connection):
    """The log, and how many bytes have come."""
    decoder, contexts, log, received = ansflow.RangeDecoder(), Contexts(), bytearray(), 0
    while len(log) < size:
        try:
            byte = decoder.decode(contexts.blend())
        except ansflow.errors.TruncatedError:  # what has come does not say which byte it is
            packet = connection.recv(4096)
            if not packet:
                raise
            decoder.feed(packet)
            received += len(packet)
        else:
            contexts.add(byte)
            log.append(byte)
    decoder.finish()
    return bytes(log), received


def main():
    # In place of a log: text that anyone has.
    lines = Path(argparse.__file__).read_bytes().splitlines(keepends=True)[:400]
    log = b"".join(lines)
    one_end, other_end = socket.socketpair()
    sender = threading.Thread(target=send, args=(lines, one_end))
    begin = time.perf_counter()
    sender.start()
    with other_end:
        read, received = receive(len(log), other_end)
    sender.join()
    seconds = time.perf_counter() - begin
    assert read == log
    print(f"{len(log):8,} bytes of a log")
    print(f"{received:8,} bytes sent, line by line")
    print(f"{len(zlib.compress(log, 9)):8,} bytes, if zlib is given all lines at once")
    print(f"{1e6 * seconds / len(log):8.0f} microseconds a byte at both ends, mostly for the model")


if __name__ == "__main__":
    main()
