"""Files of models: whatever bytes they hold, they are the model or an error, soon and in bounds."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_model import write_model
from small_vaes import draft_model

from ansflow.bitsback import VAE
from ansflow.bitsback.models.files.archive import MAX_SIZE, read_arrays
from ansflow.bitsback.models.files.zip_members import MAX_MEMBERS
from ansflow.errors import AnsflowError, ModelError

FILE = write_model(*draft_model())
FINGERPRINT = VAE.load(io.BytesIO(FILE)).fingerprint


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def npy(header, items=b"", version=(1, 0)):
    text = header.encode() + b"\n"
    size = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + text + items


def described(descr="'|u1'", shape="(3,)", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def refused(file, error=ModelError):
    with pytest.raises(error):
        VAE.load(io.BytesIO(file))
    with pytest.raises(error):
        read_arrays(io.BytesIO(file))


# Headers of arrays

DTYPES = ["'<M8[D/0]'", "'|V0'", "'<f8'", "'|O'", "'|S1'", "'>i2'", "'i8'", "'<u8'", "'int64'", "3"]
DTYPES += ["[('a', '<i2')]", "('<i2', (2,))", "'<i2,<i2'", "'<M8[0D]'", "None", "{'a': ('<i2', 0)}"]


@pytest.mark.parametrize("descr", DTYPES)
def test_dtypes_that_no_model_has(descr):
    for shape in ("(3,)", "(9223372036854775807,)", "()"):
        array = npy(described(descr, shape), bytes(24))
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            refused(zipped([("a.npy", array)], method))


SHAPES = ["(9223372036854775807,)", "(9223372036854775808,)", "(0,)", "(-3,)", "(3.0,)", "(True,)"]
SHAPES += ["3", "[3]", "(3)", "('3',)", "(0, 9223372036854775807)", "(2,)", "(4,)", "(3, 1, 0)"]
SHAPES += ["(1,)" + " " * 9999, "(3, " + "1, " * 9 + ")", "(4294967296, 4294967296)", "(" * 500]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_no_array_of_three_bytes_has(shape):
    for items in (b"abc", b""):
        refused(zipped([("a.npy", npy(described(shape=shape), items, (2, 0)))]))


def test_headers_that_do_not_end_as_numpys_do():
    whole = npy(described(), b"abc")
    for wrong in (whole.replace(b"\n", b" "), whole.replace(b" }\n", b"}\n "), whole[:-4] + b"abc"):
        refused(zipped([("a.npy", wrong)]))


def test_arrays_are_those_that_numpy_writes():
    rng = np.random.default_rng(0)
    arrays = {
        "text": rng.integers(0, 256, 40).astype(np.uint8),
        "short": np.asfortranarray(rng.integers(-99, 99, (3, 4, 5)).astype("<i2")),
        "long": rng.integers(-99, 99, ()).astype("<i8"),
    }
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, **arrays)
        found = read_arrays(file)  # wherever it stands
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype is array.dtype or found[name].dtype == array.dtype
            assert np.array_equal(found[name], array)
    assert read_arrays(io.BytesIO(zipped([("a.npy", npy(described(), b"abc", (3, 0)))])))


@pytest.mark.parametrize("name", ["a", "a.npz", "a.npy/", ".NPY", "a.npy "])
def test_members_that_are_no_arrays(name):
    with pytest.raises(ModelError):
        read_arrays(io.BytesIO(zipped([(name, npy(described(), b"abc"))])))


# Archives


def bomb(size, stated):
    """An archive of a member of `size` bytes that states another size, everywhere."""
    data = npy(described(shape=f"({size - 128},)").ljust(117), bytes(size - 128))
    assert len(data) == size
    file = bytearray(zipped([("a.npy", data)], zipfile.ZIP_DEFLATED))
    entry = file.index(b"PK\1\2")
    for at in (22, entry + 24):
        file[at : at + 4] = struct.pack("<I", stated)
    return bytes(file)


@pytest.mark.parametrize("stated", [1, 1000, (8 << 20) - 1, (8 << 20) + 1, 2**32 - 2, 2**32 - 1])
def test_no_more_is_unpacked_than_is_stated(stated):
    assert read_arrays(io.BytesIO(bomb(8 << 20, 8 << 20)))
    file = bomb(8 << 20, stated)
    tracemalloc.start()
    refused(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < (1 << 20) + 3 * min(stated, 8 << 20)


def test_no_more_is_unpacked_than_the_limit():
    """Members that state it are refused before the first of them is unpacked."""
    names = [f"{i}.npy" for i in range(5)]
    piece = bytes(1 << 16)
    file = bytearray(zipped([(name, piece) for name in names], zipfile.ZIP_DEFLATED))
    at = 0
    for _ in names:
        at = file.index(b"PK\1\2", at) + 1
        file[at + 23 : at + 27] = struct.pack("<I", MAX_SIZE // 5 + 1)
    with pytest.raises(ModelError, match="at most"):
        read_arrays(io.BytesIO(file))


def test_a_file_without_end():
    class Endless:
        def read(self, size):
            return bytes(size)

    with pytest.raises(ModelError, match="at most"):
        read_arrays(Endless())


def test_files_are_read_to_their_end_whatever_a_read_gives():
    class Short:
        def __init__(self):
            self.file = io.BytesIO(FILE)

        def read(self, size):
            return self.file.read(min(size, 7))

    class WouldBlock:
        def read(self, size):
            return None

    assert VAE.load(Short()).fingerprint == FINGERPRINT
    with pytest.raises(BlockingIOError):
        VAE.load(WouldBlock())
    for file in (5, b"PK", None):
        with pytest.raises(TypeError, match="file"):
            VAE.load(file)


def test_archives_with_anything_unusual_about_them():
    member = ("a.npy", npy(described(), b"abc"))
    good = zipped([member])
    assert read_arrays(io.BytesIO(good))["a"].tolist() == [97, 98, 99]
    entry, end = good.index(b"PK\1\2"), good.index(b"PK\5\6")

    def patched(*changes):
        file = bytearray(good)
        for at, value in changes:
            file[at : at + len(value)] = value
        return bytes(file)

    encrypted, bzip2 = b"\1\0", b"\x0c\0"
    for file in (
        good + b"\0",
        b"\0" + good,
        good[:-1],
        good[:end],
        good[: end + 20] + b"\1\0!",
        patched((6, encrypted), (entry + 8, encrypted)),
        patched((8, bzip2), (entry + 10, bzip2)),
        patched((entry + 10, bzip2)),
        patched((entry + 16, bytes(4))),
        patched((14, bytes(4))),
        patched((30, b"b")),
        patched((entry + 46, b"b")),
        patched((entry + 46, b"\xff"), (30, b"\xff")),
        patched((entry + 42, struct.pack("<I", 1))),
        patched((entry + 42, b"\xff" * 4)),
        patched((entry + 28, b"\xff\xff")),
        patched((26, b"\xff\xff")),
        patched((28, b"\xff\xff")),
        patched((end + 8, b"\0\0\0\0")),
        patched((end + 8, b"\2\0\2\0")),
        patched((end + 8, b"\xff\xff\xff\xff")),
        patched((end + 12, b"\0\0\0\0")),
        patched((end + 16, b"\xff" * 4)),
        patched((entry + 20, b"\xff" * 8)),
        patched((end + 20, b"\1\0")),
        patched((end + 4, b"\1\0")),
        patched((end + 6, b"\1\0")),
        patched((end + 8, b"\2\0\1\0")),
    ):
        refused(file)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped([member, member])
    refused(twice)


def handmade(*members):
    """An archive of members as they are packed: name, method, bytes, size, checksum, offset."""
    body = directory = b""
    for name, method, packed, content, offset in members:
        stated = method, 0, 0, zlib.crc32(content), len(packed), len(content)
        offset = len(body) if offset is None else offset
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, *stated, len(name), *[0] * 5, offset
        )
        directory += name
        if offset == len(body):
            body += struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, *stated, len(name), 0)
            body += name + packed
    last = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0
    )
    return body + directory + last


def test_streams_that_go_on_or_do_not_end():
    content = npy(described(), b"abc")
    deflate = zlib.compressobj(wbits=-15)
    cut = deflate.compress(content) + deflate.flush(zlib.Z_SYNC_FLUSH)
    whole = cut + deflate.flush()
    for packed in (whole, cut, whole + b"!", whole[:-1], whole + whole):
        file = handmade((b"a.npy", 8, packed, content, None))
        if packed == whole:
            assert read_arrays(io.BytesIO(file))["a"].tolist() == [97, 98, 99]
        else:
            refused(file)


def test_a_member_within_another():
    content = npy(described(), b"abc")
    inner = handmade((b"b.npy", 0, content, content, None))
    inner = inner[: inner.index(b"PK\1\2")]
    outer = npy(described(shape=f"({len(inner)},)"), inner)
    begin = 30 + 5 + len(outer) - len(inner)
    assert read_arrays(io.BytesIO(handmade((b"a.npy", 0, outer, outer, None))))
    refused(handmade((b"a.npy", 0, outer, outer, None), (b"b.npy", 0, content, content, begin)))


def test_members_that_share_their_bytes():
    one = zipped([("a.npy", npy(described(), b"abc"))])
    entry, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    directory = one[entry:end] * 2
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(directory), entry, 0)
    refused(one[:entry] + directory + last)


def test_too_many_members():
    entries = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 16) * (MAX_MEMBERS + 1)
    count = MAX_MEMBERS + 1
    file = entries + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entries), 0, 0)
    with pytest.raises(ModelError, match="at most"):
        read_arrays(io.BytesIO(file))


# Mutations


def parts(file):
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def outcome(file):
    """The model, or None if it is refused."""
    try:
        return VAE.load(io.BytesIO(file))
    except AnsflowError:
        return None


@given(st.data())
def test_mutated_archives_are_the_model_or_refused(data):
    file = bytearray(FILE)
    for _ in range(data.draw(st.integers(1, 3))):
        directory = file.rfind(b"PK\1\2") - 200
        at = data.draw(st.integers(0, len(file) - 1) | st.integers(directory, len(file) - 1))
        file[at] = data.draw(st.sampled_from([0, 1, 255, file[at] ^ 1 << at % 8]))
    vae = outcome(bytes(file))
    assert vae is None or vae.fingerprint == FINGERPRINT


@given(st.data())
def test_mutated_members_with_new_checksums(data):
    """Any model may come of it, but it is one that can be described, and works."""
    members = parts(FILE)
    which = data.draw(st.integers(0, len(members) - 1))
    name, content = members[which]
    changed = bytearray(content)
    begin = data.draw(st.sampled_from([0, 0, 0, 128]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(begin, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"0", b"9" * 30, b"(", b"'", b",", b"["])
        )
    members[which] = name, bytes(changed)
    vae = outcome(zipped(members, data.draw(st.sampled_from([0, 8]))))
    if vae is not None:
        file = io.BytesIO()
        vae.save(file)
        assert VAE.load(file).fingerprint == vae.fingerprint


@pytest.mark.parametrize(
    "text", ["[" + "[]," * 700_000 + "[]]", '{"a":' * 999, '{"version": 1, "version": 1}']
)
def test_descriptions_that_take_too_much_or_contradict_themselves(text):
    """Those of two megabytes would become a hundred."""
    members = dict(parts(FILE))
    if text.endswith("}"):
        whole = members["description.npy"][128:].decode().strip()
        text = whole[:-1] + ', "version": 1}'
    items = text.encode()
    members["description.npy"] = npy(described(shape=f"({len(items)},)"), items)
    tracemalloc.start()
    with pytest.raises(ModelError):
        VAE.load(io.BytesIO(zipped(members.items())))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 << 20
