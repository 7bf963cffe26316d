"""How coding is divided into tasks for threads, and how many of them memory allows."""

from __future__ import annotations

from typing import NamedTuple

from ansflow.frame.header import Header

__all__ = ["BYTES_PER_CHUNK", "TASK_SIZE", "Schedule"]

# Bytes of content that are worth handing over to a thread, if there are so many. To begin a task
# and take its result costs some 50 us of the lock that all threads share, a fifth of what a chunk
# of 256 KiB takes.
TASK_SIZE = 1 << 20

# Bytes that a chunk takes while it waits for a thread, beside body and content: its head and
# other objects. They count towards the limit of memory, or a million chunks of a byte each would
# count as nothing.
BYTES_PER_CHUNK = 512


class Schedule(NamedTuple):
    """How the decoding of a frame is divided into tasks.

    A task decodes groups of chunks of at least `unit` bytes in all, except for the last, and at
    most `depth` tasks are outstanding.
    """

    unit: int
    depth: int

    @classmethod
    def make(cls, header: Header, threads: int, room: int) -> Schedule:
        """Plan two tasks for each thread, as far as `room` bytes of memory suffice."""
        room -= header.held
        group = header.largest_group + header.grid.chunks_per_group * BYTES_PER_CHUNK
        unit = TASK_SIZE
        while unit and header.memory(unit + group) > room:
            unit //= 2
        # The last group may make a task larger than a unit by nearly that group. While the tasks
        # are outstanding, the chunks of the next one are collected.
        task = max(1, header.memory(unit + group))
        return cls(unit, max(1, min(2 * threads, room // task - 1)))
