"""The oracle's other half: puts frames together as it is told, also those no encoder would write.

Every field may be given; what isn't is as FORMAT.md wants it.
"""

import json
from itertools import count, pairwise
from math import prod
from typing import NamedTuple

import naive_grid
import naive_makers
import naive_model
import naive_recipe
from naive_body import (
    ADAPTIVE,
    CLASSES,
    CODED,
    CONSTANT,
    CONTEXTS,
    MODELLED,
    NEIGHBOURS,
    SHARED,
    STORED,
)
from naive_frame import HEAD, TRAILER_MAGIC, VERSION, xxh
from naive_header import BRIEF_TYPES, item_size
from naive_payload import (
    ROW,
    Neighbours,
    fit,
    fit_classes,
    fit_contexts,
    fit_neighbours,
    write_adaptive,
    write_contexts,
    write_neighbours,
    write_table,
    write_tables,
    write_varint,
    write_words,
    write_words_with_classes,
    write_words_with_contexts,
    write_words_with_neighbours,
)


def little(value, size):
    return value.to_bytes(size, "little")


def default(value, otherwise):
    return otherwise if value is None else value


def as_text(description):
    """The description as bytes; it may be given as an object, too."""
    return description if isinstance(description, bytes) else json.dumps(description).encode()


# Ways to code a stream: functions of its symbols, as bytes of w each, and of w


class Coding(NamedTuple):
    """The kind, what the head goes on with before a size, whether there is a size, the payload."""

    kind: int
    fields: bytes
    sized: bool
    payload: bytes


def coder_byte(p, lanes):
    return bytes([(p - 1) % 16 + 16 * (lanes.bit_length() - 1)])


def symbols_of(content, w):
    return [int.from_bytes(content[at : at + w], "little") for at in range(0, len(content), w)]


def store(content, w=1):
    return Coding(STORED, b"", False, bytes(content))


def repeat(content, w=1):
    return Coding(CONSTANT, b"", False, content[:w])


def code(p=12, lanes=1, freq=None, alphabet=None):
    """With a table of the stream's own; `alphabet` is that of a stream of 16 bits."""

    def coding(content, w=1):
        symbols = symbols_of(content, w)
        size = 256 if w == 1 else default(alphabet, max(symbols) + 1)
        own = freq or fit(symbols, p, size)
        payload = write_varint(len(own)) if w == 2 else b""
        payload += write_table(own, p) + write_words(symbols, own, p, lanes)
        return Coding(CODED, coder_byte(p, lanes), True, payload)

    return coding


def code_shared(table, shared, lanes=1):
    """With a shared table; 16 bits are stored."""
    freq, p = shared[table - 1]

    def coding(content, w=1):
        if w == 2:
            return store(content)
        payload = write_words(content, freq, p, lanes)
        return Coding(SHARED, coder_byte(p, lanes) + bytes([table]), True, payload)

    return coding


def code_contexts(p=11, lanes=1):
    """With contexts; 16 bits are stored."""

    def coding(content, w=1):
        if w == 2:
            return store(content)
        rows = fit_contexts(content, p, lanes)
        payload = write_contexts(rows, p) + write_words_with_contexts(content, rows, p, lanes)
        return Coding(CONTEXTS, coder_byte(p, lanes), True, payload)

    return coding


def code_classes(p=11, lanes=1, count=2, inner=store, classes=None):
    """With row classes, as told or in turn, which `inner` codes; 16 bits are stored."""

    def coding(content, w=1):
        if w == 2:
            return store(content)
        rows = -(-len(content) // ROW)
        own = default(classes, bytes(i % count for i in range(rows)))
        tables = fit_classes(content, p, own, count)
        differences = bytes((c - before) % count for before, c in pairwise([0, *own]))
        payload = write_tables(tables, p) + join_inner(inner(differences))
        payload += write_words_with_classes(content, tables, own, p, lanes)
        return Coding(CLASSES, coder_byte(p, lanes), True, payload)

    return coding


def code_neighbours(p=11, lanes=1, row=65, plane=0, limits=(2,)):
    """With neighbours; 16 bits, and streams that end within the first plane or row, are stored."""
    neighbours = Neighbours(row, plane, tuple(limits))

    def coding(content, w=1):
        if w == 2 or len(content) <= max(row, plane):
            return store(content)
        tables = fit_neighbours(content, p, neighbours)
        payload = write_neighbours(neighbours, tables, p)
        payload += write_words_with_neighbours(content, tables, neighbours, p, lanes)
        return Coding(NEIGHBOURS, coder_byte(p, lanes), True, payload)

    return coding


def adapt(content, w=1):
    """Adaptively; 16 bits are stored, as are more symbols than such a stream may have."""
    if w == 2 or len(content) > 2**16:
        return store(content)
    return Coding(ADAPTIVE, b"", True, write_adaptive(content))


def join_inner(coding):
    """A stream in a stream, which always says its size."""
    size = write_varint(len(coding.payload)) if coding.sized else b""
    return bytes([coding.kind]) + coding.fields + size + coding.payload


def code_model(model):
    """As images of a model; what isn't whole images is stored."""

    def coding(content, w=1):
        if w == 2 or len(content) % model.image_size:
            return store(content)
        return Coding(MODELLED, b"", True, naive_model.encode(model, bytes(content)))

    return coding


def identity(model):
    """What a description says of a model."""
    return {"name": model.name, "fingerprint": model.fingerprint}


def in_turn(*codings):
    """One way after the other, stream by stream."""
    place = count()
    return lambda content, w=1: codings[next(place) % len(codings)](content, w)


# Bodies


def join_streams(recipe, codings, sizes=None):
    """A body of a recipe, as bytes, and streams; `sizes` are told instead of those of payloads."""
    body = recipe
    for place, coding in enumerate(codings):
        body += bytes([coding.kind]) + coding.fields
        if coding.sized and place < len(codings) - 1:
            size = len(coding.payload) if sizes is None else sizes[place]
            body += size if isinstance(size, bytes) else write_varint(size)
    return body + b"".join(coding.payload for coding in codings)


def write_body(content, w=1, coding=store, recipe=None, shape=None):
    """The body of a chunk; its recipe is one of `naive_makers` or its name, by default planes.

    Without a shape, there is one axis.
    """
    shape = default(shape, [len(content) // w])
    recipe = default(recipe, "planes" if w > 1 else "stream")
    node, streams = naive_makers.NAMED.get(recipe, recipe)(w, shape, content)
    said = naive_recipe.streams(node, w, shape)
    codings = [
        coding(part, width) if part else store(part)
        for part, (width, _) in zip(streams, said, strict=True)
    ]
    return join_streams(naive_recipe.write_recipe(node), codings)


def no_larger(content, w, coding, recipe, shape):
    """The body, unless it would be larger than it may be."""
    body = write_body(content, w, coding, recipe, shape)
    return body if len(body) <= len(content) + 512 else write_body(content, w)


# Frames


def write_shared(shared):
    """The bytes of shared tables: pairs of frequencies and their precision."""
    return b"".join(bytes([p]) + write_table(freq, p) for freq, p in shared)


def write_only(only, terse=False):
    check = little(only[1] % 2**32, 4) if terse else little(only[1], 8)
    return write_varint(only[0]) + check


def write_brief(dtype, shape, only, *, axes=None, more=b"", terse=False):
    """Brief fields; the dtype is one of the document's list, or a number."""
    number = BRIEF_TYPES.index(dtype) if isinstance(dtype, str) else dtype
    first = bytes([number + 32 * default(axes, len(shape))])
    return first + b"".join(map(write_varint, shape)) + write_only(only, terse) + more


def write_fields(
    size=0,
    description=b"",
    chunk=None,
    *,
    shared=b"",
    tables=0,
    described=None,
    only=None,
    more=b"",
):
    """The fields of a header; `tables` is the number of tables in the bytes `shared`.

    `only` is the size of the body and the check of a short frame's chunk, instead of the chunk
    shape. Instead of the size and the number of tables, there may be bytes to be written as they
    are.
    """
    text = as_text(description)
    fields = write_varint(default(described, len(text))) + text
    fields += write_varint(tables) + shared
    fields += write_varint(0 if size is None else size + 1)
    if only is not None:
        return fields + write_only(only) + more
    chunk = [min(max(default(size, 1), 1), 2**18)] if chunk is None else chunk
    return fields + b"".join(map(write_varint, chunk)) + more


def write_header(
    *arguments,
    array=False,
    version=VERSION,
    flags=None,
    fields=None,
    length=None,
    check=None,
    **told,
):
    """A header, from what `write_fields` takes or from the bytes `fields`."""
    fields = write_fields(*arguments, **told) if fields is None else fields
    head = b"\x89ANS" + bytes([version, default(flags, int(array))])
    size = 1 if head[5] & 32 else 4
    head += little(default(length, len(fields)) % 256**size, size) + fields
    return head + little(default(check, xxh(head) % 2**32), 4)


def write_head(tag, number, cells, m, check, *, head_check=None):
    head = tag + little(number, 4) + little(cells, 4) + little(m, 4) + little(check, 8)
    return head + little(default(head_check, xxh(head) % 2**32), 4)


def write_chunk(
    header,
    place,
    content,
    body=None,
    w=1,
    *,
    tag=None,
    number=None,
    cells=None,
    m=None,
    check=None,
    head_check=None,
):
    """The chunk of `content`, cells of w bytes, behind `place` others; it is stored by default."""
    body = write_body(content, w) if body is None else body
    number = default(number, place)
    head = write_head(
        default(tag, header[-4:]),
        number,
        default(cells, len(content) // w),
        default(m, len(body)),
        default(check, xxh(content, seed=place)),
        head_check=head_check,
    )
    return head + body


def chain_of(header, chunks):
    """The bytes of which the chain is the check."""
    return header + b"".join(chunk[:HEAD] for chunk in chunks)


def write_end(header, chunks, m=0, *, tag=None, cells=0, number=None, check=None, **fields):
    """The end mark of the chunks, of which only the heads matter; m is the size of the index."""
    return write_head(
        default(tag, header[-4:]),
        default(number, len(chunks)),
        cells,
        m,
        default(check, xxh(chain_of(header, chunks))),
        **fields,
    )


def write_index(
    header, chunks, *, size=None, length=None, chain=None, check=None, magic=TRAILER_MAGIC
):
    """The index of the chunks: `size` is that of the frame, `length` that of the index."""
    heads = chain_of(header, chunks)
    own = len(heads) + 28
    whole = len(header) + sum(map(len, chunks)) + HEAD + own
    trailer = little(default(size, whole), 8) + little(default(length, own), 4)
    trailer += little(default(chain, xxh(heads)), 8)
    return heads + trailer + little(default(check, xxh(trailer) % 2**32), 4) + magic


def assemble(header, chunks, index=False):
    """A frame of a header and chunks as they are, with the end they should have."""
    tail = write_index(header, chunks) if index else b""
    return header + b"".join(chunks) + write_end(header, chunks, len(tail)) + tail


def write_short(content, description=b"", body=None, w=1, *, end=b"\0", **told):
    """A short frame of `content`, cells of w bytes; `told` goes to `write_header`."""
    body = write_body(content, w) if body is None else body
    told = {"size": len(content), "only": (len(body), xxh(content))} | told
    array = isinstance(description, dict) and "dtype" in description
    told = {"flags": 8 + array} | told
    return write_header(description=description, **told) + body + end


def grid_of(description, size, chunk, fortran):
    """The `Grid`; where no chunk shape is given, chunks are as large as they may be."""
    lengths, cell = [size], 1
    if "dtype" in description:
        item = item_size(description["dtype"])
        lengths, cell = naive_grid.lengths_and_cell(description["shape"], item, fortran)
    if chunk is None:
        chunk = [max(1, 1000 if length is None else length) for length in lengths]
    return naive_grid.Grid(lengths, cell, list(chunk))


def cut(grid, content, extents=()):
    """The shape and content of each chunk; `extents` are those of the first groups on their axis.

    Only if that is the first axis may they differ from the chunk shape's.
    """
    contents, at, extents = [], 0, list(extents)
    while at < len(content):
        done = at // grid.cell
        group = naive_grid.find_group(grid, done, first_cells(grid, content, done, extents))
        end = at + prod(group.shape) * grid.cell
        parts = naive_grid.split(group, content[at:end], grid.cell)
        contents += zip((size for _, size in group.cuts), parts, strict=True)
        at = end
    return contents


def first_cells(grid, content, done, extents):
    """How many cells the first chunk of the next group has."""
    if not grid.lengths or naive_grid.cut_axis(grid) > 0:
        return 1  # doesn't matter
    behind = prod(grid.lengths[1:])
    left = len(content) // grid.cell // behind - done // behind
    extent = min(extents.pop(0) if extents else grid.chunk[0], grid.chunk[0], left)
    return extent * prod(min(t, n) for t, n in zip(grid.chunk[1:], grid.lengths[1:], strict=True))


def write_frame(
    content,
    description=None,
    *,
    coding=store,
    recipe=None,
    chunk=None,
    extents=(),
    shared=(),
    index=False,
    known=True,
    fortran=False,
    listed=False,
    short=False,
    brief=False,
    terse=False,
):
    """A legal frame, if the description is one of the content; `known` is whether its size is.

    A short one has one chunk, and no other shape of it is given; its header may be brief,
    and then terse. Recipes are names or those of `naive_makers`, in turn.
    """
    description = default(description, {})
    size = len(content) if known else None
    grid = grid_of(description, size, chunk, fortran)
    flags = ("dtype" in description) + 2 * fortran + 4 * listed
    if short:
        body = no_larger(content, grid.cell, coding, recipe, grid.lengths)
        told = {"tables": len(shared), "shared": write_shared(shared), "flags": flags + 8}
        if brief:
            only = len(body), xxh(content)
            fields = write_brief(**description, only=only, terse=terse)
            told = {"fields": fields, "flags": flags + 24 + 32 * terse}
        return write_short(content, description or b"", body, **told)
    header = write_header(
        size,
        description or b"",
        grid.chunk,
        flags=flags,
        tables=len(shared),
        shared=write_shared(shared),
    )
    recipes = recipe if isinstance(recipe, list) else [recipe]
    chunks = []
    for place, (shape, part) in enumerate(cut(grid, content, extents)):
        body = no_larger(part, grid.cell, coding, recipes[place % len(recipes)], shape)
        chunks.append(write_chunk(header, place, part, body, grid.cell))
    return assemble(header, chunks, index)


def coding_of(stream):
    """How a stream that was read is coded, to write it again."""
    fields = b""
    if stream.kind not in (STORED, CONSTANT, MODELLED, ADAPTIVE):
        fields = coder_byte(stream.precision, stream.lanes)
    if stream.kind == SHARED:
        fields += bytes([stream.table])
    return Coding(stream.kind, fields, stream.kind not in (STORED, CONSTANT), stream.payload)
