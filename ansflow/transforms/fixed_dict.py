"""A dictionary that is kept with a recipe: numbers that are frequent, and an escape for others."""

from __future__ import annotations

from typing import Self

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.dict import fill_codes, find_codes
from ansflow.transforms.numbers import Numbers
from ansflow.varints import ByteReader, pack_varint

__all__ = ["FixedDict"]

MAX_VALUES = 255  # a code has one byte, and one of them is the escape


class FixedDict:
    """Numbers to codes of one byte; what is not in the dictionary follows as it is.

    Parameters
    ----------
    values : ndarray of uint16, uint32 or uint64
        1 to 255 of them, strictly ascending. Their number is the escape.
    """

    def __init__(self, values: Numbers) -> None:
        self.values = values
        self.escape = values.size
        self._wide = values.astype(np.uint64)  # so that one kernel serves all widths

    @classmethod
    def of(cls, numbers: Numbers) -> Self | None:
        """That of the most frequent of these numbers; None if more than half of them are rare."""
        values, counts = np.unique(numbers, return_counts=True)
        again = np.flatnonzero(counts > 1)
        frequent = again[np.argsort(-counts[again], kind="stable")[:MAX_VALUES]]
        if not frequent.size or 2 * counts[frequent].sum() < numbers.size:
            return None
        return cls(values[np.sort(frequent)])

    @classmethod
    def read(cls, reader: ByteReader, width: int) -> Self:
        """Undo `pack`, for numbers of so many bytes.

        Raises
        ------
        CorruptDataError
            If it has not written that.
        """
        count = reader.varint()
        if not 1 <= count <= MAX_VALUES:
            raise CorruptDataError(f"a dictionary has {count} values, not 1 to {MAX_VALUES}")
        values = np.frombuffer(reader.take(count * width), f"<u{width}")
        if not (values[1:] > values[:-1]).all():
            raise CorruptDataError("the values of a dictionary do not ascend")
        return cls(values)

    def pack(self) -> bytes:
        """How many values there are, a varint, and the values, the lowest byte of each first."""
        return pack_varint(self.escape) + self.values.tobytes()

    def codes(self, numbers: Numbers, wide: Numbers, codes: Bytes) -> bytes:
        """Fill `codes`; return the bytes of numbers that are not in the dictionary.

        `wide` is room for the numbers as uint64.
        """
        wide[:] = numbers
        if not find_codes(wide, self._wide, codes):
            return b""
        others: Numbers = numbers[codes == self.escape]
        return others.tobytes()

    def fill(self, codes: Bytes, others: Bytes, wide: Numbers, out: Numbers) -> int:
        """Undo `codes`; return how many bytes of `others`, of which there may be more, are used.

        Raises
        ------
        CorruptDataError
            If there are too few, or codes that are none.
        """
        count, illegal = fill_codes(codes, self._wide, wide)
        if illegal:
            raise CorruptDataError(f"a code is none of the {self.escape} of a dictionary")
        used = int(count) * out.itemsize
        if used > others.size:
            raise CorruptDataError(
                f"numbers outside a dictionary need {used} bytes; there are {others.size}"
            )
        out[:] = wide
        if used:
            out[codes == self.escape] = np.frombuffer(others[:used].tobytes(), out.dtype)
        return used
