"""The oracle for readers that seek: what they may use of a file that needn't be whole."""

from naive_frame import (
    END,
    HEAD,
    TRAILER,
    TRAILER_MAGIC,
    attempt,
    check_head,
    parse_head,
    read_payload,
    trailer,
    weave,
)
from naive_header import read_header, take
from naive_payload import number

LARGEST = 2**21  # chunks of more bytes aren't looked at


def salvage(data):
    """The views of a file that it may have: lists of chunks, each its size and its bytes or None.

    It starts from trailers as far as there are any, and goes through the rest from head to head; or
    it goes through everything from head to head, and stops where that leads nowhere.
    """
    views, end, found = [], len(data), []
    while end and (last := attempt(salvage_from_trailer, data[:end])):
        chunks, size = last
        found, end = chunks + found, end - size
    views.append(found if end == 0 else salvage_forward(data[:end]) + found)
    views.append(salvage_forward(data))
    return views


def salvage_from_trailer(data):
    """The chunks of the frame at the end of `data`, and the size of the frame."""
    assert data[-4:] == TRAILER_MAGIC
    index = take(data, len(data) - number(data[-20:-16], 4), number(data[-20:-16], 4))
    size = number(data[-28:-20], 8)
    frame = take(data, len(data) - size, size)
    header = read_header(index)
    heads, at = [], len(header.raw)
    for start in range(len(header.raw), len(index) - TRAILER, HEAD):
        heads.append((parse_head(index, start), at))
        at += HEAD + heads[-1][0].m
    assert index == index[:-TRAILER] + trailer(size, len(index), index[:-TRAILER])
    assert size == at + HEAD + len(index)
    return chunks_of(frame, header, heads), size


def salvage_forward(data):
    """The chunks of all frames from the beginning on, until something isn't a head."""
    chunks = []
    while header := attempt(read_header, data):
        heads, at = [], len(header.raw)
        while (head := attempt(parse_head, data, at)) and head.kind != END:
            heads.append((head, at))
            at += len(head.raw) + head.m
        chunks += chunks_of(data, header, heads)
        if head is None:
            break
        data = data[at + HEAD + head.m :]
    return chunks


def chunks_of(frame, header, heads):
    """Each chunk's size and bytes, or None for bytes that cannot be had."""
    chunks, planes = [], header.planes
    for i in range(0, len(heads) - planes + 1, planes):
        size, contents = sum(head.n for head, _ in heads[i : i + planes]), [None]
        if size <= LARGEST:
            contents = [
                attempt(salvage_block, frame, header, place, *heads[place])
                for place in range(i, i + planes)
            ]
        chunks.append((size, None if None in contents else attempt(weave, contents)))
    return chunks


def salvage_block(frame, header, place, head, at):
    check_head(head, header, place)
    assert frame[at : at + len(head.raw)] == head.raw
    payload = take(frame, at + len(head.raw), head.m)
    return read_payload(head, payload, header).content
