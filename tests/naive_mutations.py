"""Files that are damaged, mostly with the checks put right again: heads, chains, trailers, headers.

Otherwise nearly all damage ends at a check, and what is behind the checks is never reached.
"""

import naive_examples as examples
import naive_frame as naive
import naive_writer as writer

SMALL = list(examples.FILES.values())
ALONE = [blob for blob in SMALL if not examples.between_frames(blob)]
FRAMES = [naive.read(blob) for blob in ALONE]
INTERESTING = [0, 1, 2, 3, 28, 32, 64, 65, 100, 255, 256, 300, 2**16, 2**17, 2**20, 2**24]
INTERESTING += [value + d for value in (2**31, 2**32, 2**40, 2**63, 2**64) for d in (-2, -1, 0)]


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


def blocks_of(header, placed, right=3):
    """Blocks: numbers are right from 1 on, and checks of their content from 2."""
    return [
        writer.write_block(
            header,
            number if right >= 1 else place,
            block.content,
            writer.coding_of(block),
            check=naive.xxh(block.content, seed=number if right >= 2 else place),
        )
        for number, (place, block) in enumerate(placed)
    ]


def operate(rng, frame):
    """Blocks are swapped, doubled, dropped or taken from elsewhere; more or less is put right."""
    placed = list(enumerate(frame.blocks))
    for _ in range(rng.randint(1, 2)):
        match rng.randrange(4 if placed else 1):
            case 0:
                other = rng.choice([other for other in FRAMES if other.blocks])
                placed.insert(rng.randint(0, len(placed)), (0, rng.choice(other.blocks)))
            case 1:
                placed.insert(rng.randint(0, len(placed)), rng.choice(placed))
            case 2:
                placed.pop(rng.randrange(len(placed)))
            case 3:
                rng.shuffle(placed)
    blocks, right = blocks_of(frame.header, placed, level := rng.randrange(4)), level == 3
    if right or rng.randrange(2):
        return writer.assemble(frame.header, blocks, frame.indexed)
    own = blocks_of(frame.header, list(enumerate(frame.blocks)))
    end = writer.assemble(b"", own, frame.indexed)[sum(map(len, own)) :]
    whole = writer.assemble(frame.header, own, frame.indexed)
    return frame.header + b"".join(blocks) + whole[len(whole) - len(end) :]


JSON = [None, True, 0, 1, 2, 3, 64, 65, 2**31, 2**63, 2**70, -1, 2.0, 1e300, "", "<i4", ">u2"]
JSON += [
    "|V0",
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
    writer.identity(examples.MODEL),
    writer.identity(examples.BINARY),
    writer.identity(examples.BINARY) | {"fingerprint": examples.MODEL.fingerprint},
    writer.identity(examples.MODEL) | {"name": "an\u00fdother"},
    writer.identity(examples.MODEL) | {"planes": 1},
]


def described(rng, description):
    """Another description."""
    if rng.randrange(4) == 0:
        return harm(rng, writer.as_text(description), [b"{}", b'{"a":[1,2]}'])
    description = dict(description)
    for _ in range(rng.randint(1, 2)):
        key = rng.choice(["planes", "dtype", "shape", "metadata", "model", "other"])
        if rng.randrange(3):
            description[key] = rng.choice(JSON)
        else:
            description.pop(key, None)
    return description


def mislead(rng, frame):
    """A header with fields that lie, before blocks that have the right tag."""
    size = int.from_bytes(frame.header[8:16], "little")
    told = {"kind": frame.kind, "size": size, "block_size": frame.block_size}
    told |= {"description": frame.description, "flags": frame.fortran}
    told |= {"tables": len(frame.shared), "shared": writer.write_shared(frame.shared)}
    changes = {
        "size": lambda: fitting(rng, 8, size),
        "block_size": lambda: fitting(rng, 4, frame.block_size),
        "kind": lambda: rng.choice([0, 1, 2, 255]),
        "flags": lambda: rng.choice([0, 1, 2, 128, 255]),
        "version": lambda: rng.choice([0, 1, 2, 3, 255]),
        "description": lambda: described(rng, frame.description),
        "tables": lambda: fitting(rng, 1, len(frame.shared)),
        "described": lambda: fitting(rng, 4, len(writer.as_text(frame.description))),
        "shared_size": lambda: fitting(rng, 4, len(told["shared"])),
        "shared": lambda: harm(rng, told["shared"], [told["shared"], rng.randbytes(99)]),
    }
    for key in rng.sample(sorted(changes), rng.randint(1, 2)):
        told[key] = changes[key]()
    placed = list(enumerate(frame.blocks))
    header = writer.write_header(**told)
    return writer.assemble(header, blocks_of(header, placed), rng.randrange(2))


def falsify(rng, frame):
    """A block whose head or payload lies, in a frame that is right for the rest."""
    if not frame.blocks:
        return mislead(rng, frame)
    chosen = rng.randrange(len(frame.blocks))
    block = frame.blocks[chosen]
    coding = writer.coding_of(block)
    other = rng.choice(rng.choice([other for other in FRAMES if other.blocks]).blocks)
    changes = {
        "kind": lambda: rng.choice([0, 1, 2, 3, 4, 255]),
        "lanes_log2": lambda: fitting(rng, 1, block.lanes_log2),
        "p": lambda: rng.choice([0, 7, 8, 11, 12, 13, 16, 17, 255]),
        "payload": lambda: harm(rng, block.payload, [other.payload]),
        "n": lambda: fitting(rng, 4, len(block.content)),
        "m": lambda: fitting(rng, 4, len(block.payload)),
        "table": lambda: fitting(rng, 1, block.table),
        "number": lambda: fitting(rng, 4, chosen),
        "check": lambda: naive.xxh(bytes(len(block.content)), seed=chosen),
    }
    told = {key: changes[key]() for key in rng.sample(sorted(changes), rng.randint(1, 2))}
    blocks = blocks_of(frame.header, list(enumerate(frame.blocks)))
    blocks[chosen] = writer.write_block(frame.header, chosen, block.content, coding, **told)
    return writer.assemble(frame.header, blocks, frame.indexed)


def end_wrongly(rng, frame):
    """An end mark or an index with fields that lie."""
    header = frame.header
    blocks = blocks_of(header, list(enumerate(frame.blocks)))
    told = {}
    if rng.randrange(2):
        other = rng.choice(FRAMES)
        told = rng.choice(
            [
                {"size": fitting(rng, 8, len(header) + sum(map(len, blocks)))},
                {"length": fitting(rng, 4, 28 + len(header) + 32 * len(blocks))},
                {"chain": rng.getrandbits(64)},
                {"blocks": blocks[::-1]},
                {"blocks": blocks[1:]},
                {"header": other.header},
            ]
        )
    tail = writer.write_index(**{"header": header, "blocks": blocks} | told) if told else b""
    if not told and frame.indexed:
        tail = writer.write_index(header, blocks)
    fields = rng.choice(
        [
            {},
            {"n": fitting(rng, 4)},
            {"m": fitting(rng, 4, len(tail))},
            {"number": fitting(rng, 4, len(blocks))},
            {"check": rng.getrandbits(64)},
            {"p": 8},
        ]
    )
    end = writer.write_end(header, blocks, **{"m": len(tail)} | fields)
    return header + b"".join(blocks) + end + tail


def concatenate(rng, files):
    return b"".join(rng.choice(files) for _ in range(rng.randint(2, 3)))


def make_case(rng, files):
    """A file to be read, most likely a broken one."""
    frame = rng.choice(FRAMES)
    match rng.randrange(10):
        case 0 | 1 | 2:
            return harm(rng, rng.choice(files), files)
        case 3 | 4:
            blob = operate(rng, frame)
        case 5 | 6:
            blob = mislead(rng, frame)
        case 7:
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
