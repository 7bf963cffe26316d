"""Items, rows and slices of arrays in contiguous memory: arithmetic tells where they are.

Numba has one way for all arrays and all that may stand in brackets, by way of the stack: that takes
ten times as many instructions, and more where a slice is filled.
"""

from typing import Any, NamedTuple

from numba.core import cgutils, types

from ansflow.kernels.arrays import array_of

__all__ = ["Access"]


class Access(NamedTuple):
    """An array and what stands in brackets behind it, with the types of both.

    What it asks for may be nothing that can be told here: a slice has steps, for one.
    """

    context: Any
    builder: Any
    kind: Any
    array: Any
    index_kind: Any
    index: Any

    def get(self) -> Any:
        """The value of an item, or of an array that is a part of the other; None if not told."""
        if not self._is_contiguous:
            return None
        if isinstance(self.index_kind, types.SliceType):
            if self.index_kind.has_step:
                return None
            place, length = self._limits()
            return self._part(place, [length, *self._tuple("shape")[1:]], self._tuple("strides"))
        axes = len(self._numbers)
        if not self._are_integers(axes):
            return None
        place = self._place()
        if axes == self.kind.ndim:
            return self.context.unpack_value(self.builder, self.kind.dtype, place, self._align)
        return self._part(place, self._tuple("shape")[axes:], self._tuple("strides")[axes:])

    def set(self, item: Any) -> bool:
        """Write the value of an item to its place, or to all places of a slice; False if not."""
        if not self._is_contiguous:
            return False
        if isinstance(self.index_kind, types.SliceType):
            if self.index_kind.has_step:
                return False
            first, length = self._limits()
            for size in self._tuple("shape")[1:]:
                length = self.builder.mul(length, size)
            with cgutils.for_range(self.builder, length) as loop:
                self._write(item, self.builder.gep(first, [loop.index]))
            return True
        if not self._are_integers(self.kind.ndim):
            return False
        self._write(item, self._place())
        return True

    @property
    def _is_contiguous(self) -> bool:
        return bool(self.kind.layout == "C" and self.kind.ndim > 0)

    @property
    def _align(self) -> int | None:
        return None if self.kind.aligned else 1

    @property
    def _numbers(self) -> Any:
        """The types of what stands in brackets."""
        return getattr(self.index_kind, "types", (self.index_kind,))

    def _are_integers(self, axes: int) -> bool:
        """Whether there is an integer for each of so many axes."""
        kinds = self._numbers
        return 0 < len(kinds) == axes <= self.kind.ndim and all(
            isinstance(each, types.Integer) for each in kinds
        )

    def _known(self, name: str) -> Any:
        model = self.context.data_model_manager[self.kind]
        return model.get(self.builder, self.array, name)

    def _tuple(self, name: str) -> Any:
        return cgutils.unpack_tuple(self.builder, self._known(name), self.kind.ndim)

    def _place(self) -> Any:
        """A pointer to an item, or to the first one of a row."""
        builder, kinds, shape = self.builder, self._numbers, self._tuple("shape")
        one = kinds[0] is self.index_kind
        numbers = [self.index] if one else cgutils.unpack_tuple(builder, self.index)
        where = None
        for number, kind, size in zip(numbers, kinds, shape, strict=False):
            number = self.context.cast(builder, number, kind, types.intp)
            if kind.signed and getattr(kind, "literal_value", -1) < 0:
                number = from_begin(builder, number, size)
            where = number if where is None else builder.add(builder.mul(where, size), number)
        for size in shape[len(kinds) :]:
            where = builder.mul(where, size)
        return builder.gep(self._known("data"), [where])

    def _limits(self) -> Any:
        """A pointer to the first item of a slice of the first axis, and how long that is."""
        builder, (size, *others) = self.builder, self._tuple("shape")
        none = size.type(0)
        limits = []
        for place in range(2):
            limit = from_begin(builder, builder.extract_value(self.index, place), size)
            limit = builder.select(builder.icmp_signed("<", limit, none), none, limit)
            limits.append(builder.select(builder.icmp_signed(">", limit, size), size, limit))
        first, stop = limits
        length = builder.sub(stop, first)
        length = builder.select(builder.icmp_signed("<", length, none), none, length)
        for axis in others:
            first = builder.mul(first, axis)
        return builder.gep(self._known("data"), [first]), length

    def _part(self, items: Any, shape: Any, strides: Any) -> Any:
        made = self.kind.copy(ndim=len(shape))
        of = self._known("meminfo"), self._known("parent")
        return array_of(self.context, self.builder, made, items, shape, strides, *of)

    def _write(self, item: Any, place: Any) -> None:
        self.context.pack_value(self.builder, self.kind.dtype, item, place, align=self._align)


def from_begin(builder: Any, number: Any, size: Any) -> Any:
    """A place that is counted from the end if it is negative."""
    negative = builder.icmp_signed("<", number, size.type(0))
    return builder.select(negative, builder.add(number, size), number)
