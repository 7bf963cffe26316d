"""Every magic number, width and legal range of the format; `FORMAT.md` explains them."""

import struct

MAGIC = b"\x89ANS"
VERSION = 2

# magic, version, flags, kind, shared tables, content size, block size, description size, size of
# the shared tables
HEADER = struct.Struct("<4sBBBBQIII")
CHECK = struct.Struct("<Q")

# tag, kind, log2 of lanes, precision, table, content size, payload size, number, check,
# check of the head
HEAD = struct.Struct("<4sBBBBIIIQI")

# size of the frame, size of the index, chain, check of the trailer, magic
TRAILER = struct.Struct("<QIQI4s")
TRAILER_MAGIC = b"SNA\x89"

TAG_SIZE = 4
# The checks of heads and trailers are the last field but for a trailer's magic.
HEAD_CHECKED = 28
TRAILER_CHECKED = 20

FLAG_FORTRAN_ORDER = 1

KIND_BYTES = 0
KIND_ARRAY = 1

BLOCK_STORED = 0
BLOCK_CONSTANT = 1
BLOCK_CODED = 2
BLOCK_CONTEXTS = 3
BLOCK_MODELLED = 4
BLOCK_KINDS = (BLOCK_STORED, BLOCK_CONSTANT, BLOCK_CODED, BLOCK_CONTEXTS, BLOCK_MODELLED)
END = 255

UNKNOWN_SIZE = (1 << 64) - 1

MIN_PRECISION = 8  # 256 symbols need as many slots
MAX_PRECISION = 16
MAX_CONTEXT_PRECISION = 12
MAX_LANES_LOG2 = 6
MAX_PLANES = 64  # items of more bytes aren't split
MAX_BLOCK_SIZE = 16 << 20
MAX_BLOCKS = 1 << 26  # a frame has fewer, so that the size of its index fits its field
MAX_DESCRIPTION = 1 << 20
MAX_NESTING = 100  # of lists and objects in a description
MAX_MODEL_NAME = 64
FINGERPRINT_DIGITS = 32
MAX_SHARED_TABLES = 64
MAX_TABLES_SIZE = 1 << 17
