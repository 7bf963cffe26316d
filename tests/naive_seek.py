"""The oracle for readers that seek: what they may use of a file that needn't be whole."""

from math import prod

import naive_grid
from naive_frame import (
    HEAD,
    TRAILER,
    TRAILER_MAGIC,
    attempt,
    check_head,
    parse_head,
    read_chunk,
    read_only,
    trailer,
)
from naive_header import read_header, take
from naive_payload import number

LARGEST = 2**21  # chunks of more bytes aren't looked at


def salvage(data):
    """The views of a file that it may have: lists of pieces, each its size and its bytes or None.

    It starts from trailers as far as there are any, and goes through the rest from head to head; or
    it goes through everything from head to head, and stops where that leads nowhere.
    """
    views, end, found = [], len(data), []
    while end and (last := attempt(salvage_from_trailer, data[:end])):
        pieces, size = last
        found, end = pieces + found, end - size
    views.append(found if end == 0 else salvage_forward(data[:end]) + found)
    views.append(salvage_forward(data))
    return views


def salvage_from_trailer(data):
    """The pieces of the frame at the end of `data`, and the size of the frame."""
    assert data[-4:] == TRAILER_MAGIC
    index = take(data, len(data) - number(data[-20:-16], 4), number(data[-20:-16], 4))
    size = number(data[-28:-20], 8)
    frame = take(data, len(data) - size, size)
    header = read_header(index)
    assert header.only is None
    heads, at = [], len(header.raw)
    for start in range(len(header.raw), len(index) - TRAILER, HEAD):
        heads.append((parse_head(index, start), at))
        at += HEAD + heads[-1][0].m
    assert index == index[:-TRAILER] + trailer(size, len(index), index[:-TRAILER])
    assert size == at + HEAD + len(index)
    return pieces_of(frame, header, heads), size


def salvage_forward(data):
    """The pieces of all frames from the beginning on, until something isn't a head."""
    pieces = []
    while header := attempt(read_header, data):
        heads, at = [], len(header.raw)
        if header.only is not None:
            found = attempt(read_only, data, header)
            pieces.append((header.size, None if found is None else found[1].content))
            data = data[at + header.only[0] + 1 :]
            continue
        while (head := attempt(parse_head, data, at)) and head.cells:
            heads.append((head, at))
            at += HEAD + head.m
        pieces += pieces_of(data, header, heads)
        if head is None:
            break
        data = data[at + HEAD + head.m :]
    return pieces


def pieces_of(frame, header, heads):
    """The runs of all groups in the order of the content, up to a head that cannot be there."""
    pieces, done, place = [], 0, 0
    while place < len(heads):
        if header.size is not None and done * header.grid.cell >= header.size:
            break
        group = attempt(naive_grid.find_group, header.grid, done, heads[place][0].cells)
        if group is None or place + len(group.cuts) > len(heads):
            break
        runs = []
        for cut in group.cuts:
            content = attempt(salvage_chunk, frame, header, place, *heads[place], cut[1])
            runs += runs_of(group, cut, content, header.grid.cell)
            place += 1
        pieces += [(size, content) for _, size, content in sorted(runs, key=lambda run: run[0])]
        done += sum(naive_grid.cells_of(group))
    return pieces


def runs_of(group, cut, content, cell):
    """Where each run of a chunk begins, its size, and its bytes or None."""
    if len(group.cuts) == 1:
        (cells,) = naive_grid.cells_of(group)
        return [(0, cells * cell, content)]
    found, taken = [], 0
    for at, length in naive_grid.runs(group, cut):
        part = None if content is None else content[taken : taken + length * cell]
        found.append((at, length * cell, part))
        taken += length * cell
    return found


def salvage_chunk(frame, header, place, head, at, shape):
    check_head(head, header, place)
    assert prod(shape) * header.grid.cell <= LARGEST
    assert frame[at : at + HEAD] == head.raw
    return read_chunk(head, take(frame, at + HEAD, head.m), header, shape).content
