"""Files that are damaged, mostly with the checks put right again: heads, chains, trailers, headers.

Otherwise nearly all damage ends at a check, and what is behind the checks is never reached.
"""

import dataclasses
import functools
from pathlib import Path

import naive_examples as examples
import naive_frame as naive
import naive_recipe as recipes
import naive_writer as writer
from naive_body import Context, read_body

SMALL = list(examples.FILES.values())
ALONE = [blob for blob in SMALL if not examples.between_frames(blob)]
DATA = Path(__file__).parent / "data"
NUMBERS = [path.read_bytes() for path in sorted(DATA.glob("v3-numbers-*.ans"))]
INTERESTING = [0, 1, 2, 3, 28, 64, 65, 100, 255, 256, 300, 512, 2**16, 2**20, 2**24, 2**27]
INTERESTING += [value + d for value in (2**31, 2**32, 2**40, 2**63, 2**64) for d in (-2, -1, 0)]


@functools.cache
def frames():
    """What the oracle reads in all of them."""
    return [naive.read(blob) for blob in ALONE + NUMBERS]


@functools.cache
def full():
    """Those that have chunks."""
    return [frame for frame in frames() if frame.chunks]


def fitting(rng, size, near=1):
    """A number that fits `size` bytes: near the right one, interesting, or any."""
    value = rng.choice([near, near - 1, near + 1, 2 * near, *INTERESTING, rng.getrandbits(64)])
    return value % 256**size


# Raw damage


def harm(rng, blob, others):
    """Some bytes are lost, changed, moved or doubled."""
    blob = bytearray(blob)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(blob))
        end = min(at + rng.randrange(24), len(blob))
        other = rng.choice(others)
        match rng.randrange(8):
            case 0:
                blob[at:end] = rng.randbytes(end - at)
            case 1:
                blob[at:at] = blob[at:end]
            case 2:
                blob[at:end] = b""
            case 3:
                blob[at:] = other[at:]
            case 4:
                blob[at:] = other[rng.randint(0, len(other)) :]
            case 5:
                blob[at:end] = bytes([rng.choice([0, 255])]) * (end - at)
            case 6:
                blob[rng.randint(0, len(blob)) :] = b""
            case 7 if at < len(blob):
                blob[at] ^= 1 << rng.randrange(8)
    return bytes(blob)


# Damage with checks put right


def chunks_of(header, placed, right=3):
    """Chunks: numbers are right from 1 on, and checks of their content from 2."""
    return [
        writer.write_chunk(
            header,
            number if right >= 1 else place,
            chunk.content,
            chunk.body,
            cells=chunk.cells,
            check=naive.xxh(chunk.content, seed=number if right >= 2 else place),
        )
        for number, (place, chunk) in enumerate(placed)
    ]


def operate(rng, frame):
    """Chunks are swapped, doubled, dropped or taken from elsewhere; more or less is put right."""
    if frame.header.only is not None:
        return falsify_short(rng, frame)
    header, placed = frame.header.raw, list(enumerate(frame.chunks))
    for _ in range(rng.randint(1, 2)):
        match rng.randrange(4 if placed else 1):
            case 0:
                placed.insert(
                    rng.randint(0, len(placed)), (0, rng.choice(rng.choice(full()).chunks))
                )
            case 1:
                placed.insert(rng.randint(0, len(placed)), rng.choice(placed))
            case 2:
                placed.pop(rng.randrange(len(placed)))
            case 3:
                rng.shuffle(placed)
    chunks, right = chunks_of(header, placed, level := rng.randrange(4)), level == 3
    if right or rng.randrange(2):
        return writer.assemble(header, chunks, frame.indexed)
    own = chunks_of(header, list(enumerate(frame.chunks)))
    end = writer.assemble(b"", own, frame.indexed)[sum(map(len, own)) :]
    whole = writer.assemble(header, own, frame.indexed)
    return header + b"".join(chunks) + whole[len(whole) - len(end) :]


JSON = [None, True, 0, 1, 2, 3, 64, 65, 2**31, 2**63, 2**70, -1, 2.0, 1e300, "", "<i4", ">u2"]
JSON += [
    "|V0",
    "bfloat16",
    "uint4",
    "|i4",
    "|S3",
    "<M8[D]",
    "<M8[0D]",
    "|O",
    [],
    [None],
    [0],
    [15, 8],
    [None, 8],
    [None, 0],
]
JSON += [
    {},
    float("nan"),
    [2**62, 4],
    [["a", "<u2"]],
    [["a", "<u2", [2]]],
    [["a", [["b", "|V1"]]]],
    {"a": None},
]
JSON += [
    examples.MASKED,
    {"hard": True, "fill_value": "00ff"},
    {"hard": False, "fill_value": None},
    {"hard": 0, "fill_value": "0g"},
    {"hard": False},
]
JSON += [
    writer.identity(examples.MODEL),
    writer.identity(examples.BINARY),
    writer.identity(examples.BINARY) | {"fingerprint": examples.MODEL.fingerprint},
    writer.identity(examples.MODEL) | {"name": "an\u00fdother"},
    writer.identity(examples.MODEL) | {"more": 1},
]


def described(rng, description):
    """Another description."""
    if rng.randrange(4) == 0:
        return harm(rng, writer.as_text(description), [b"{}", b'{"a":[1,2]}'])
    description = dict(description)
    for _ in range(rng.randint(1, 2)):
        key = rng.choice(["dtype", "shape", "masked", "metadata", "model", "other"])
        if rng.randrange(3):
            description[key] = rng.choice(JSON)
        else:
            description.pop(key, None)
    return description


def mislead(rng, frame):
    """A header with fields that lie, before chunks that have the right tag."""
    h = frame.header
    told = {"size": h.size, "chunk": h.grid.chunk, "description": h.description or b""}
    told |= {"tables": len(h.shared), "shared": writer.write_shared(h.shared), "only": h.only}
    flags = h.array + 2 * h.fortran + 4 * h.listed + 8 * (h.only is not None)
    fields = writer.write_fields(**told)
    changes = {
        "size": lambda: rng.choice([None, fitting(rng, 8, h.size or 0) // 2]),
        "chunk": lambda: [
            t if rng.randrange(2) else fitting(rng, rng.choice([1, 4, 8]), t)
            for t in (h.grid.chunk * 2)[rng.choice([0, 0, 0, 1]) :][: len(h.grid.chunk)]
        ],
        "flags": lambda: rng.choice([0, 1, 2, 3, 4, 5, 8, 9, 16, 25, 57, 255, flags ^ 8]),
        "version": lambda: rng.choice([0, 1, 2, 3, 4, 255]),
        "description": lambda: described(rng, h.description),
        "tables": lambda: fitting(rng, 1, len(h.shared)),
        "described": lambda: fitting(rng, 4, len(writer.as_text(h.description))),
        "length": lambda: fitting(rng, 4, len(fields)),
        "shared": lambda: harm(rng, told["shared"], [told["shared"], rng.randbytes(99)]),
        "more": lambda: rng.randbytes(rng.randint(1, 3)),
        "fields": lambda: harm(rng, fields, [fields, rng.randbytes(99)]),
    }
    given = told | {"flags": flags}
    for key in rng.sample(sorted(changes), rng.randint(1, 2)):
        given[key] = changes[key]()
    header = writer.write_header(**given)
    if h.only is not None and rng.randrange(8):
        return header + frame.chunks[0].body + b"\0"
    return writer.assemble(
        header, chunks_of(header, list(enumerate(frame.chunks))), rng.randrange(2)
    )


def transforms_of(node):
    """Those of the node and of all under it."""
    if node == recipes.LEAF:
        return []
    return [node.transform, *(t for output in node.outputs for t in transforms_of(output))]


def with_transform(node, old, new):
    """The recipe with another transform in one place."""
    if node == recipes.LEAF:
        return node
    outputs = [with_transform(output, old, new) for output in node.outputs]
    return recipes.Node(new if node.transform is old else node.transform, outputs)


def another(rng, value):
    """Another value of a parameter."""
    if value is None:  # it may have one all the same
        value = 0
    if isinstance(value, float):
        return rng.choice([0.0, -0.0, -1.0, float("nan"), float("inf"), 5e-324, 1e308, 3.0])
    if isinstance(value, tuple):
        at = rng.randrange(len(value))
        other = value[at]
        other = another(rng, other) if isinstance(other, tuple) else fitting(rng, 1, other)
        return *value[:at], *[other] * rng.randrange(4), *value[at + 1 :]
    return fitting(rng, rng.choice([1, 1, 2, 8]), value)


RECIPES = [b"", b"\0", b"\x81", b"\x82", b"\1\0\0", b"\2\0", b"\x80", b"\3"]


def forge_recipe(rng, recipe):
    """A recipe with a parameter that lies, or anything else in its place."""
    raw = recipes.write_recipe(recipe)
    told = [t for t in transforms_of(recipe) if dataclasses.fields(t)]
    if not told or rng.randrange(4) == 0:
        return rng.choice([*RECIPES, *[harm(rng, raw, [raw])] * 8])
    old = rng.choice(told)
    name = rng.choice(dataclasses.fields(old)).name
    new = dataclasses.replace(old, **{name: another(rng, getattr(old, name))})
    try:
        return recipes.write_recipe(with_transform(recipe, old, new))
    except (ValueError, OverflowError):  # it fits neither a byte nor a varint
        return harm(rng, raw, [raw])


def forge_body(rng, chunk):
    """A body with a recipe or a stream that lies."""
    recipe = recipes.write_recipe(chunk.recipe)
    codings = [writer.coding_of(stream) for stream in chunk.streams]
    place = rng.randrange(len(codings))
    stream, other = chunk.streams[place], writer.coding_of(rng.choice(rng.choice(full()).streams))
    changes = {
        "kind": lambda: rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 255]),
        "fields": lambda: rng.choice(
            [
                other.fields,
                writer.coder_byte(rng.choice([1, 7, 8, 11, 12, 13, 16]), stream.lanes or 1),
                writer.coder_byte(stream.precision or 12, rng.choice([1, 2, 64, 128])),
                bytes([rng.randrange(256)]) + codings[place].fields[1:],
                codings[place].fields[:-1] + bytes([rng.randrange(256)]),
            ]
        ),
        "payload": lambda: harm(rng, stream.payload, [other.payload]),
        "sized": lambda: not codings[place].sized,
    }
    if rng.randrange(3) == 0:
        recipe = forge_recipe(rng, chunk.recipe)
    else:
        keys = rng.sample(sorted(changes), rng.randint(1, 2))
        codings[place] = codings[place]._replace(**{key: changes[key]() for key in keys})
    sizes = [
        fitting(rng, 4, len(c.payload)) if rng.randrange(8) == 0 else len(c.payload)
        for c in codings
    ]
    return writer.join_streams(recipe, codings, sizes)


def read_again(frame, chosen, body):
    """The content of another body of that chunk."""
    shapes = [size for group in frame.groups for _, size in group.cuts]
    context = Context(frame.header.shared, frame.header.description.get("model"))
    return read_body(body, frame.header.grid.cell, shapes[chosen], context).content


def falsify(rng, frame):
    """A chunk whose head or body lies, in a frame that is right for the rest."""
    if not frame.chunks:
        return mislead(rng, frame)
    if frame.header.only is not None:
        return falsify_short(rng, frame)
    header, chosen = frame.header.raw, rng.randrange(len(frame.chunks))
    chunk = frame.chunks[chosen]
    changes = {
        "body": lambda: forge_body(rng, chunk),
        "cells": lambda: fitting(rng, 4, chunk.cells),
        "m": lambda: fitting(rng, 4, len(chunk.body)),
        "number": lambda: fitting(rng, 4, chosen),
        "check": lambda: naive.xxh(bytes(len(chunk.content)), seed=chosen),
    }
    keys = rng.choices(sorted(changes), weights=[8, 1, 1, 1, 1], k=rng.randint(1, 2))
    told = {"body": chunk.body, "cells": chunk.cells} | {key: changes[key]() for key in keys}
    if "body" in keys and "check" not in keys and rng.randrange(2):
        # If the body says something all the same, the check is that of it.
        content = naive.attempt(read_again, frame, chosen, told["body"])
        told["check"] = naive.xxh(content or chunk.content, seed=chosen)
    chunks = chunks_of(header, list(enumerate(frame.chunks)))
    chunks[chosen] = writer.write_chunk(header, chosen, chunk.content, **told)
    return writer.assemble(header, chunks, frame.indexed)


def falsify_short(rng, frame):
    """A short frame whose body, check or end lies."""
    h, (chunk,) = frame.header, frame.chunks
    told = {"tables": len(h.shared), "shared": writer.write_shared(h.shared), "size": h.size}
    flags = h.array + 2 * h.fortran + 4 * h.listed + 8
    body = forge_body(rng, chunk) if rng.randrange(4) else chunk.body
    said = rng.choice([None, naive.attempt(read_again, frame, 0, body)])
    check = rng.choice([naive.xxh(chunk.content if said is None else said), rng.getrandbits(64)])
    size = rng.choice([len(body), len(body), len(body), fitting(rng, 4, len(body))])
    told |= {"only": (size, check), "flags": flags}
    if h.raw[5] & 16:
        dtype, shape = h.description["dtype"], h.description["shape"]
        lies = [{}, {}, {"dtype": fitting(rng, 4) % 32}, {"axes": fitting(rng, 4) % 8}]
        fields = {"dtype": dtype, "shape": shape, "only": (size, check)} | rng.choice(lies)
        told |= {"fields": writer.write_brief(**fields), "flags": flags + 16}
    end = rng.choice([b"\0", b"\0", b"", b"\1", b"\0\0"])
    return writer.write_short(chunk.content, h.description or b"", body, end=end, **told)


def end_wrongly(rng, frame):
    """An end mark or an index with fields that lie."""
    if frame.header.only is not None:
        return frame.header.raw + frame.chunks[0].body + rng.choice([b"", b"\1", rng.randbytes(28)])
    header = frame.header.raw
    chunks = chunks_of(header, list(enumerate(frame.chunks)))
    told = {}
    if rng.randrange(2):
        other = rng.choice(frames())
        told = rng.choice(
            [
                {"size": fitting(rng, 8, len(header) + sum(map(len, chunks)))},
                {"length": fitting(rng, 4, 28 + len(header) + 28 * len(chunks))},
                {"chain": rng.getrandbits(64)},
                {"chunks": chunks[::-1]},
                {"chunks": chunks[1:]},
                {"header": other.header.raw},
            ]
        )
    tail = writer.write_index(**{"header": header, "chunks": chunks} | told) if told else b""
    if not told and frame.indexed:
        tail = writer.write_index(header, chunks)
    fields = rng.choice(
        [
            {},
            {"cells": fitting(rng, 4)},
            {"m": fitting(rng, 4, len(tail))},
            {"number": fitting(rng, 4, len(chunks))},
            {"check": rng.getrandbits(64)},
        ]
    )
    end = writer.write_end(header, chunks, **{"m": len(tail)} | fields)
    return header + b"".join(chunks) + end + tail


def concatenate(rng, files):
    return b"".join(rng.choice(files) for _ in range(rng.randint(2, 3)))


def make_case(rng, files):
    """A file to be read, most likely a broken one."""
    frame = rng.choice(frames())
    match rng.randrange(10):
        case 0 | 1 | 2:
            return harm(rng, rng.choice(files), files)
        case 3 | 4:
            blob = operate(rng, frame)
        case 5:
            blob = mislead(rng, frame)
        case 6 | 7:
            blob = falsify(rng, frame)
        case 8:
            blob = end_wrongly(rng, frame)
        case 9:
            blob = concatenate(rng, SMALL)
    if rng.randrange(8) == 0:
        blob += rng.choice(SMALL)
    return harm(rng, blob, files) if rng.randrange(8) == 0 else blob


def all_cuts():
    """Every cut of every small file."""
    return [(place, end) for place, blob in enumerate(SMALL) for end in range(len(blob))]
