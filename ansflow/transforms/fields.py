"""Fields of structures, real and imaginary parts: each a vector of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.interleaved import join, room, split
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Fields"]

FEWEST, MOST = 2, 64

Sizes = tuple[int, ...]


class Fields(Transform):
    """Items that are made of several to as many arrays; settings are how many bytes each has."""

    id = 11
    name = "fields"
    parts = ("field",)
    side_by_side = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize >= FEWEST

    def outputs(self, parameters: Sizes, layout: Layout) -> list[Layout]:
        return [Layout(size, layout.shape) for size in parameters]

    def check(self, *settings: Setting) -> None:
        if not FEWEST <= len(settings) <= MOST:
            raise ValueError(
                f"'fields' takes the sizes of {FEWEST} to {MOST} fields, not of {len(settings)}"
            )
        for size in settings:
            if not isinstance(size, int) or size < 1:
                raise ValueError(f"'fields' takes sizes in bytes, which are at least 1, not {size}")

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Sizes, list[Bytes]]:
        sizes = tuple(map(int, settings))
        if sum(sizes) != layout.itemsize:
            raise Misfit(
                f"the fields take {sum(sizes)} bytes, and the items have {layout.itemsize}"
            )
        if _are_numbers(sizes):
            return sizes, split(items, len(sizes), sizes[0])
        fields = _fields(items, sizes)
        return sizes, [np.ascontiguousarray(field).view(np.uint8) for field in fields]

    def buffers(self, parameters: Sizes, layout: Layout, out: Bytes) -> Sequence[Bytes | None]:
        if _are_numbers(parameters):
            return room(len(parameters), layout.items * parameters[0])
        return super().buffers(parameters, layout, out)

    def inverse(
        self, parameters: Sizes, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        if _are_numbers(parameters):
            join(outputs, parameters[0], out)
            return
        for field, output in zip(_fields(out, parameters), outputs, strict=True):
            field[:] = output.view(field.dtype)

    def pack(self, parameters: Sizes) -> bytes:
        return bytes([len(parameters)]) + b"".join(map(pack_varint, parameters))

    def parse(self, reader: ByteReader, layout: Layout) -> Sizes:
        count = reader.byte()
        if not FEWEST <= count <= MOST:
            raise CorruptDataError(
                f"the transform 'fields' has {count} fields, not {FEWEST} to {MOST}"
            )
        sizes = tuple(reader.varint() for _ in range(count))
        if 0 in sizes or sum(sizes) != layout.itemsize:
            raise CorruptDataError(
                f"the transform 'fields' has sizes that sum to {sum(sizes)}, or are 0, of items of "
                f"{layout.itemsize} bytes"
            )
        return sizes

    def describe(self, parameters: Sizes) -> Sizes:
        return parameters


def _are_numbers(sizes: Sizes) -> bool:
    """Whether all fields are numbers of one size, such as the parts of complex numbers."""
    return sizes[0] in WIDTHS and len(set(sizes)) == 1


def _fields(items: Bytes, sizes: Sizes) -> Iterator[Numbers]:
    """Views of each field of all items, as opaque bytes: NumPy moves 1, 2, 4, 8 or 16 at once."""
    names = [str(number) for number in range(len(sizes))]
    structures = items.view([(name, f"V{size}") for name, size in zip(names, sizes, strict=True)])
    return (structures[name] for name in names)
