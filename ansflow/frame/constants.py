"""Every magic number, width and legal range of the format; `FORMAT.md` explains them."""

import struct

MAGIC = b"\x89ANS"
VERSION = 3

# magic, version, flags, size of the fields
HEADER = struct.Struct("<4sBBI")
TERSE_HEADER = struct.Struct("<4sBBB")  # the same if it is terse
CHECK = struct.Struct("<I")
CONTENT_CHECK = struct.Struct("<Q")
SHORT_END = b"\0"  # the body before it may end like a trailer

# tag, number, cells, size of the body, check, check of the head
HEAD = struct.Struct("<4sIIIQI")

# size of the frame, size of the index, chain, check of the trailer, magic
TRAILER = struct.Struct("<QIQI4s")
TRAILER_MAGIC = b"SNA\x89"

TAG_SIZE = CHECK.size  # the tag is the header's check
# The checks of heads and trailers are the last field but for a trailer's magic.
HEAD_CHECKED = 24
TRAILER_CHECKED = 20

FLAG_ARRAY = 1
FLAG_FORTRAN_ORDER = 2
FLAG_LISTED = 4
FLAG_SHORT = 8
FLAG_BRIEF = 16
FLAG_TERSE = 32
FLAGS = FLAG_ARRAY | FLAG_FORTRAN_ORDER | FLAG_LISTED | FLAG_SHORT | FLAG_BRIEF | FLAG_TERSE

KIND_STORED = 0
KIND_CONSTANT = 1
KIND_CODED = 2
KIND_SHARED = 3
KIND_CONTEXTS = 4
KIND_MODELLED = 5
KIND_CLASSES = 6
KIND_NEIGHBOURS = 7
KIND_ADAPTIVE = 8

MIN_PRECISION = 8  # 256 symbols need as many slots
MAX_PRECISION = 16
MAX_CONTEXT_PRECISION = 12
MAX_LANES_LOG2 = 6
MAX_ADAPTIVE = 1 << 16  # symbols of a stream, each of which takes its time
MAX_CELL_SIZE = 64  # larger items are cut into bytes
MAX_CHUNK_SIZE = 1 << 27
MAX_GROUP = 1 << 16  # chunks
MAX_CHUNKS = 1 << 26  # a frame has fewer, so that the size of its index fits its field
BODY_SLACK = 512  # bytes that a body may take beyond its content: recipe and kinds of streams
MIN_BODY = 2
MAX_BODY_HEAD = 1 << 18  # what recipe and heads of streams take at most
MAX_FIELDS = 1 << 21
MAX_DESCRIPTION = 1 << 20
MAX_NESTING = 100  # of lists and objects in a description
MAX_MODEL_NAME = 64
FINGERPRINT_DIGITS = 32
MAX_BRIEF_AXES = 7  # three bits
MAX_TERSE = 1 << 16  # bytes of content
MAX_NAME = 4096  # bytes of an array's name in a collection
MAX_SHARED_TABLES = 64
