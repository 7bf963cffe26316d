"""The oracle's trained codecs for arrays, as FORMAT.md says."""

import json
from math import prod
from typing import NamedTuple

import naive_makers as make
import naive_numbers as numbers
import naive_trained as bytewise
import xxhash
from naive_body import read_bare
from naive_header import item_size
from naive_payload import number, read_varint, write_varint
from naive_recipe import LEAVES, Bytes

P_BYTES = bytes([Bytes.id | LEAVES])
STREAM = b"\0"


class Dictionary(NamedTuple):
    """A node that has its values behind the recipe, and an escape."""

    values: list

    id = 9

    def write(self):
        return write_varint(1) + STREAM + P_BYTES

    def write_values(self, w):
        return write_varint(len(self.values)) + numbers.items(self.values, w)

    def codes(self, w, content):
        """The codes of items, and the items that have none."""
        found = numbers.integers(content, w)
        known = {value: code for code, value in enumerate(self.values)}
        codes = bytes(known.get(one, len(known)) for one in found)
        return codes, numbers.items([one for one in found if one not in known], w)

    def undo(self, w, shape, parts):
        codes, rest = parts
        others = iter(numbers.integers(rest, w))
        known = len(self.values)
        assert max(codes) <= known
        return numbers.items([next(others) if c == known else self.values[c] for c in codes], w)


class Codec(NamedTuple):
    """Nodes are what their parameters say, with sizes of 0; rows are a codec for bytes."""

    dtype: object
    shape: list
    nodes: list
    rows: bytewise.Codec

    @property
    def w(self):
        return item_size(self.dtype)

    def digest(self, content, lengths):
        seed = number(write_codec(self)[-8:], 8)
        if None in self.shape:
            seed = xxhash.xxh3_64_intdigest(lengths, seed=seed)
        return xxhash.xxh3_64_intdigest(content, seed=seed)

    def last_state(self, content, lengths):
        return 1 + self.digest(content, lengths) % (2**31 - 1) if self.rows.has_check else 1


def dictionary_of(nodes):
    return [node for node in nodes if isinstance(node, Dictionary)]


def others_of(nodes):
    """What stands behind the first outputs: the others, those of the innermost node first."""
    others = b""
    for node in reversed(nodes):
        match node:
            case numbers.Decimal():
                assert node.kind < 8  # corrections have a byte
                others += 2 * P_BYTES + STREAM * node.size(1)
            case numbers.Mask():
                others += STREAM
    return others


def write_codec(codec):
    description = json.dumps({"dtype": codec.dtype, "shape": codec.shape}, separators=(",", ":"))
    recipe = b"".join(
        bytes([node.id | LEAVES * (node is codec.nodes[-1] and not dictionary_of([node]))])
        + node.write()
        for node in codec.nodes
    )
    recipe = (recipe or STREAM) + others_of(codec.nodes)
    if dictionary_of(codec.nodes):
        recipe += codec.nodes[-1].write_values(codec.w)
    data = b"\x89ANA" + bytes([1, codec.rows.has_check]) + write_varint(len(description))
    data += description.encode() + recipe + bytewise.write_rows(codec.rows)
    return bytewise.sign(data)


def read_codec(data):
    assert data == bytewise.sign(data[:-8])
    assert data[:5] == b"\x89ANA\x01"
    assert data[5] < 2
    size, at = read_varint(data, 6)
    told = json.loads(data[at : at + size])
    at += size
    nodes, last = [], data[at] == 0
    at += last
    while not last:
        last, kind = data[at] >= LEAVES, data[at] % LEAVES
        fields = numbers.Fields(data, at + 1)
        if kind == Dictionary.id:
            assert data[at : at + 4] == bytes([kind]) + Dictionary([]).write()
            nodes.append(Dictionary([]))
            at += 4
            break
        known = {Bytes.id: Bytes} | numbers.NUMBERS
        nodes.append(known[kind].read(fields, item_size(told["dtype"]), [1] * len(told["shape"])))
        at = fields.at
    others = others_of(nodes)
    assert data[at : at + len(others)] == others
    at += len(others)
    if dictionary_of(nodes):
        w = item_size(told["dtype"])
        count, at = read_varint(data, at)
        assert 1 <= count <= 255
        values = numbers.integers(data[at : at + count * w], w)
        assert values == sorted(set(values))
        assert len(values) == count
        nodes[-1] = Dictionary(values)
        at += count * w
    rows = bytewise.read_rows(data[:-8], at, bool(data[5]))
    return Codec(told["dtype"], told["shape"], nodes, rows)


def maker(node):
    """How a node's outputs are made."""
    match node:
        case numbers.Ordered():
            return make.ordered(node.kind, node.shift)
        case numbers.Decimal():
            return make.decimal(node.kind, node.factor)
        case numbers.Mask():
            assert node.lag == 0
            return make.mask(node.value)
        case numbers.Affine():
            return make.affine(node.base, node.step)
        case numbers.Delta():
            return make.delta(*node.axes)
        case numbers.Log():
            return make.log
        case numbers.Lin():
            return make.lin(node.base, node.shift, node.width)
        case Bytes():
            return make.item_bytes


def lengths_of(codec, shape):
    pairs = zip(codec.shape, shape, strict=True)
    return b"".join(write_varint(length) for told, length in pairs if told is None)


def encode(codec, content, shape):
    """A coded message."""
    raw, exceptions, corrections, mask, left = b"", b"", b"", b"", content
    for node in codec.nodes:
        if isinstance(node, Dictionary):
            left, raw = node.codes(codec.w, left)
            continue
        _, (left, *others) = maker(node)(codec.w, shape, left)
        if isinstance(node, numbers.Decimal):
            before = 0
            gaps = numbers.integers(others[0], 4)
            found = numbers.integers(others[1], codec.w, node.byte_order)
            for gap, item in zip(gaps, found, strict=True):
                exceptions += write_varint(gap) + write_varint(mirrored(item ^ before, codec.w))
                before = item
            corrections = b"".join(others[2:])
        elif isinstance(node, numbers.Mask):
            (mask,) = others
        elif others:
            (raw,) = others
    tail = raw + exceptions
    lengths = lengths_of(codec, shape)
    symbols = left + corrections + mask
    coded = bytewise.push_all(codec.rows, symbols, codec.last_state(content, lengths))
    return lengths + write_varint(len(tail) + 1) + coded + tail


def decode(codec, message):
    """The content of a message, and its shape."""
    shape, at = [], 0
    for length in codec.shape:
        if length is None:
            length, at = read_varint(message, at)
        shape.append(length)
    lengths = message[:at]
    h, at = read_varint(message, at)
    w, n = codec.w, prod(shape)
    assert w * n <= 2**24
    if h == 0:
        size = len(message) - at - 4 * codec.rows.has_check
        chunk = message[at : at + size]
        content = read_bare(chunk, w, shape if w > 1 else [n]) if n else chunk
        check = codec.digest(content, lengths) % 2**32 if codec.rows.has_check else 0
        assert message[at + size :] == check.to_bytes(4 * codec.rows.has_check, "little")
        return content, shape
    assert n
    end = len(message) - (h - 1)
    assert at <= end
    symbols = n * w if codec.nodes == [Bytes()] else n
    for node in codec.nodes:
        if isinstance(node, numbers.Decimal) and node.size(1):
            symbols += n
        if isinstance(node, numbers.Mask):
            symbols += (n + 7) // 8
    content, x = bytewise.pop_all(codec.rows, message[at:end], symbols)
    content = undo(codec, content, message[end:], shape)
    assert x == codec.last_state(content, lengths)
    return content, shape


def undo(codec, symbols, tail, shape):
    w, n = codec.w, prod(shape)
    left, more = (symbols, b"") if codec.nodes == [Bytes()] else (symbols[:n], symbols[n:])
    exceptions = tail
    for node in reversed(codec.nodes):
        others = []
        if isinstance(node, numbers.Log | numbers.Lin | Dictionary):
            if isinstance(node, Dictionary):
                bits = 8 * w * left.count(len(node.values))
            else:
                bits = n * node.shift if isinstance(node, numbers.Lin) else raw_bits(left)
            raw, exceptions = tail[: (bits + 7) // 8], tail[(bits + 7) // 8 :]
            assert len(raw) == (bits + 7) // 8
            others = [raw]
        elif isinstance(node, numbers.Decimal):
            gaps, found, at = [], [0], 0
            while at < len(exceptions):
                gap, at = read_varint(exceptions, at)
                difference, at = read_varint(exceptions, at)
                gaps.append(gap)
                assert difference < 2 ** (8 * w)
                found.append(found[-1] ^ mirrored(difference, w))
            assert sum(gaps) + len(gaps) <= n
            exceptions = b""
            others = [numbers.items(gaps, 4), numbers.items(found[1:], w, node.byte_order)]
            if node.size(1):
                others.append(more[:n])
                more = more[n:]
        elif isinstance(node, numbers.Mask):
            others = [more]
        left = node.undo(w, shape, [left, *others])
    assert not exceptions
    return left


def mirrored(value, w):
    return int("".join(reversed(f"{value:0{8 * w}b}")), 2)


def raw_bits(tokens):
    return sum((t - 16) // 4 + 2 for t in tokens if t >= 16)
