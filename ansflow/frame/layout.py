"""Every magic number, width and legal range of the format; `FORMAT.md` explains them."""

import struct

MAGIC = b"\x89ANS"
VERSION = 1

# magic, version, flags, kind, planes, content size, block size, description size
HEADER = struct.Struct("<4sBBBBQII")
CHECK = struct.Struct("<Q")

# kind, log2 of lanes, precision, reserved, content size, payload size, check
BLOCK = struct.Struct("<BBBBIIQ")

FLAG_FORTRAN_ORDER = 1

KIND_BYTES = 0
KIND_ARRAY = 1

BLOCK_STORED = 0
BLOCK_CONSTANT = 1
BLOCK_CODED = 2
BLOCK_CONTEXTS = 3
BLOCK_KINDS = (BLOCK_STORED, BLOCK_CONSTANT, BLOCK_CODED, BLOCK_CONTEXTS)

MIN_PRECISION = 8  # 256 symbols need as many slots
MAX_PRECISION = 16
MAX_CONTEXT_PRECISION = 12
MAX_LANES_LOG2 = 6
MAX_PLANES = 64  # items of more bytes aren't split
MAX_BLOCK_SIZE = 16 << 20
MAX_DESCRIPTION = 1 << 16
