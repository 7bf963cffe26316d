"""The oracle's other half: puts frames together as it is told, also those no encoder would write.

Every field may be given; what isn't is as FORMAT.md wants it.
"""

import json
from itertools import count
from typing import NamedTuple

import naive_model
from naive_frame import (
    BYTES,
    CODED,
    CONSTANT,
    CONTEXTS,
    END,
    MODELLED,
    STORED,
    TRAILER_MAGIC,
    UNKNOWN,
    xxh,
)
from naive_payload import (
    fit,
    fit_contexts,
    write_contexts,
    write_stream,
    write_stream_with_contexts,
    write_table,
)


def little(value, size):
    return value.to_bytes(size, "little")


def default(value, otherwise):
    return otherwise if value is None else value


def as_text(description):
    """The description as bytes; it may be given as an object, too."""
    return description if isinstance(description, bytes) else json.dumps(description).encode()


# Ways to code the content of a block


class Coding(NamedTuple):
    """What a head says about its payload, and the payload."""

    kind: int
    payload: bytes
    lanes_log2: int = 0
    p: int = 0
    table: int = 0


def store(content):
    return Coding(STORED, bytes(content))


def repeat(content):
    return Coding(CONSTANT, content[:1])


def code(p=12, lanes=1, freq=None):
    """With a table of the block's own."""

    def coding(content):
        own = freq or fit(content, p)
        payload = write_table(own, p) + write_stream(content, own, p, lanes)
        return Coding(CODED, payload, lanes.bit_length() - 1, p)

    return coding


def code_shared(table, shared, lanes=1):
    """With a shared table."""
    freq, p = shared[table - 1]

    def coding(content):
        return Coding(
            CODED, write_stream(content, freq, p, lanes), lanes.bit_length() - 1, p, table
        )

    return coding


def code_contexts(p=11, lanes=1):
    """With contexts."""

    def coding(content):
        rows = fit_contexts(content, p, lanes)
        payload = write_contexts(rows, p) + write_stream_with_contexts(content, rows, p, lanes)
        return Coding(CONTEXTS, payload, lanes.bit_length() - 1, p)

    return coding


def code_model(model):
    """As images of a model; what isn't whole images is stored."""

    def coding(content):
        if len(content) % model.image_size:
            return store(content)
        return Coding(MODELLED, naive_model.encode(model, bytes(content)))

    return coding


def identity(model):
    """What a description says of a model."""
    return {"name": model.name, "fingerprint": model.fingerprint}


def in_turn(*codings):
    """One way after the other, block by block."""
    place = count()
    return lambda content: codings[next(place) % len(codings)](content)


# Frames


def write_header(
    kind=BYTES,
    size=0,
    block_size=2**18,
    description=b"{}",
    *,
    version=2,
    flags=0,
    tables=0,
    shared=b"",
    described=None,
    shared_size=None,
    check=None,
):
    """A header; `tables` is the number of tables in the bytes `shared`."""
    text = as_text(description)
    head = b"\x89ANS" + bytes([version, flags, kind, tables])
    head += little(size, 8) + little(block_size, 4)
    head += little(default(described, len(text)), 4)
    head += little(default(shared_size, len(shared)), 4) + text + shared
    return head + little(default(check, xxh(head)), 8)


def write_shared(shared):
    """The bytes of shared tables: pairs of frequencies and their precision."""
    return b"".join(bytes([p]) + write_table(freq, p) for freq, p in shared)


def write_head(tag, kind, n, m, number, check, lanes_log2=0, p=0, table=0, *, head_check=None):
    head = tag + bytes([kind, lanes_log2, p, table]) + little(n, 4) + little(m, 4)
    head += little(number, 4) + little(check, 8)
    return head + little(default(head_check, xxh(head) % 2**32), 4)


def write_block(
    header,
    place,
    content,
    coding=None,
    *,
    tag=None,
    n=None,
    m=None,
    number=None,
    check=None,
    head_check=None,
    **fields,
):
    """The block of `content` behind `place` others; `fields` are instead of those of its coding."""
    coding = default(coding, store(content))._replace(**fields)
    head = write_head(
        default(tag, header[-8:-4]),
        coding.kind,
        default(n, len(content)),
        default(m, len(coding.payload)),
        default(number, place),
        default(check, xxh(content, seed=place)),
        coding.lanes_log2,
        coding.p,
        coding.table,
        head_check=head_check,
    )
    return head + coding.payload


def chain_of(header, blocks):
    """The bytes of which the chain is the check."""
    return header + b"".join(block[:32] for block in blocks)


def write_end(header, blocks, m=0, *, tag=None, kind=END, n=0, number=None, check=None, **fields):
    """The end mark of the `blocks`, of which only the heads matter; m is the size of the index."""
    return write_head(
        default(tag, header[-8:-4]),
        kind,
        n,
        m,
        default(number, len(blocks)),
        default(check, xxh(chain_of(header, blocks))),
        **fields,
    )


def write_index(
    header, blocks, *, size=None, length=None, chain=None, check=None, magic=TRAILER_MAGIC
):
    """The index of the `blocks`: `size` is that of the frame, `length` that of the index."""
    heads = chain_of(header, blocks)
    own = len(heads) + 28
    whole = len(header) + sum(map(len, blocks)) + 32 + own
    trailer = little(default(size, whole), 8) + little(default(length, own), 4)
    trailer += little(default(chain, xxh(heads)), 8)
    return heads + trailer + little(default(check, xxh(trailer) % 2**32), 4) + magic


def assemble(header, blocks, index=False):
    """A frame of a header and blocks as they are, with the end they should have."""
    tail = write_index(header, blocks) if index else b""
    return header + b"".join(blocks) + write_end(header, blocks, len(tail)) + tail


def cut_into_planes(content, planes, chunks):
    """The contents of all blocks; chunks are given by their number of items."""
    assert sum(chunks) * planes == len(content)
    at, blocks = 0, []
    for items in chunks:
        chunk = content[at : at + items * planes]
        blocks += [chunk[plane::planes] for plane in range(planes)]
        at += items * planes
    return blocks


def even(items, block_size):
    """All chunks as long as they may be, except the last."""
    return [min(block_size, items - at) for at in range(0, items, block_size)]


def smaller(coding, content):
    """The coding, if its payload isn't larger than the content."""
    coding = coding(content)
    return coding if len(coding.payload) <= len(content) else store(content)


def write_frame(
    content,
    kind=BYTES,
    description=None,
    *,
    coding=store,
    block_size=2**18,
    chunks=None,
    shared=(),
    index=False,
    known=True,
    flags=0,
):
    """A legal frame, if the description is one of the content; `known` is whether its size is."""
    description = default(description, {})
    planes = description.get("planes", 1)
    header = write_header(
        kind,
        len(content) if known else UNKNOWN,
        block_size,
        description,
        flags=flags,
        tables=len(shared),
        shared=write_shared(shared),
    )
    chunks = default(chunks, even(len(content) // planes, block_size))
    blocks = [
        write_block(header, place, part, smaller(coding, part))
        for place, part in enumerate(cut_into_planes(content, planes, chunks))
    ]
    return assemble(header, blocks, index)


def coding_of(block):
    """How a block that was read is coded, to write it again."""
    return Coding(block.kind, block.payload, block.lanes_log2, block.precision, block.table)
