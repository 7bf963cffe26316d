"""The oracle's collections: what arrays a file has, and the directory that says where they are.

`read_collection` takes all of a file apart, and `from_directory` goes where the directory leads.
"""

from typing import NamedTuple

import naive_frame as naive
import naive_writer as writer
from naive_header import check_name, take
from naive_payload import read_varint, write_varint


class Entry(NamedTuple):
    """The frame of an array."""

    name: str
    begin: int
    end: int


class Collection(NamedTuple):
    """The frame of each array by its name, and the metadata of all."""

    arrays: dict
    metadata: dict


def read_directory(content):
    """The entries in the content of a directory, and the position that it says it has."""
    count, at = read_varint(content, 0)
    entries, place = [], 0
    for _ in range(count):
        gap, at = read_varint(content, at)
        size, at = read_varint(content, at)
        length, at = read_varint(content, at)
        assert size > 0
        name = take(content, at, length).decode("utf-8")
        check_name(name)
        at += length
        entries.append(Entry(name, place + gap, place + gap + size))
        place += gap + size
    gap, at = read_varint(content, at)
    assert at == len(content)
    assert len({entry.name for entry in entries}) == count
    return entries, place + gap


def read_placed(blob):
    """The frames of a file, and where they begin and end."""
    frames, at = [], 0
    while at < len(blob) or not frames:
        frame, size = naive.read_one(blob[at:])
        frames.append((frame, at, at + size))
        at += size
    return frames


def read_collection(blob):
    """The `Collection` that a file is, all of whose frames and directories are right."""
    arrays, metadata, before, any_directory, promised = {}, {}, {}, False, False
    for frame, begin, end in read_placed(blob):
        if "directory" in frame.description:
            any_directory, promised = True, False
            metadata = frame.metadata or {}
            entries, position = read_directory(frame.content)
            if position == begin:
                assert entries == sorted(before.values(), key=lambda entry: entry.begin)
        elif "name" in frame.description:
            name = frame.description["name"]
            arrays[name] = frame
            before[name] = Entry(name, begin, end)
            promised = promised or frame.header.listed
    assert any_directory or arrays
    assert not promised
    return Collection(arrays, metadata)


def from_directory(blob):
    """The entries of the directory at the end of a file, if one is there that is right."""
    assert blob[-4:] == naive.TRAILER_MAGIC
    begin = len(blob) - int.from_bytes(blob[-28:-20], "little")
    assert begin >= 0
    frame = naive.read(blob[begin:])
    assert "directory" in frame.description
    entries, position = read_directory(frame.content)
    assert position == begin
    return entries, frame.metadata or {}


# And the way back


def write_directory(entries, position, *, count=None, more=b""):
    """The content of a directory, with entries as they are told: gaps, sizes and names."""
    content = write_varint(len(entries) if count is None else count)
    place = 0
    for name, begin, end in entries:
        raw = name if isinstance(name, bytes) else name.encode()
        content += write_varint(begin - place) + write_varint(end - begin)
        content += write_varint(len(raw)) + raw
        place = end
    return content + write_varint(position - place) + more


def directory_frame(content, description=None, **told):
    """The frame of a directory."""
    description = {"directory": True} if description is None else description
    return writer.write_frame(content, description, index=True, **told)


def named_frame(name, array, **told):
    """The frame of an array with a name; the array is one of NumPy in C order."""
    description = {"dtype": array.dtype.str, "shape": list(array.shape), "name": name}
    return writer.write_frame(array.tobytes(), description, **told)


def write_collection(arrays, metadata=None, **told):
    """A whole file of arrays by their names."""
    blob, entries = b"", []
    for name, array in arrays.items():
        frame = named_frame(name, array, listed=True, **told)
        entries.append(Entry(name, len(blob), len(blob) + len(frame)))
        blob += frame
    description = {"directory": True} | ({"metadata": metadata} if metadata else {})
    return blob + directory_frame(write_directory(entries, len(blob)), description)
