"""Arrays of all kinds, small: few specialisations of kernels serve all integrations."""

import numpy as np

__all__ = ["DTYPES", "array_of", "awkward", "nans"]

DTYPES = [
    *("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"),
    *(">i2", ">u4", ">i8", ">f4", ">f8", ">c8", "M8[s]", ">M8[ns]", "m8[ms]"),
    *("S3", "U4", ">U2", "V5"),
]


def array_of(dtype, shape):
    """Numbers that go on, in any dtype."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    numbers = np.arange(count) // 3 % 100
    if dtype.kind == "V":
        return np.frombuffer(np.resize(np.arange(251, dtype="u1"), count * dtype.itemsize), dtype)[
            :count
        ].reshape(shape)
    return numbers.astype(dtype).reshape(shape)


def nans(dtype="f4"):
    """Not a number in many ways, which have to come back bit by bit."""
    bits = np.arange(2000, dtype="u4") + 0x7FC00001
    bits[::3] = 0x7F800001  # signalling
    bits[1::5] = 0x80000000  # -0.0
    return bits.view("f4").astype(bits.view("f4").dtype.newbyteorder(np.dtype(dtype).byteorder))


def awkward():
    """Arrays that are no block of numbers in C order."""
    base = array_of("f4", (12, 10, 6))
    return {
        "empty": np.zeros((4, 0, 3), "f4"),
        "without axes": np.array(2.5, "f4"),
        "Fortran": np.asfortranarray(base),
        "transposed": base.transpose(1, 0, 2),
        "sliced": base[::2, ::-1, 1:5],
        "broadcast": np.broadcast_to(np.float32(3), (7, 8)),
        "NaN": nans(),
    }
