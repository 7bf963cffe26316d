"""All ways to decode, for tests that give the same bytes to each of them."""

import io
import random
import time

import naive_frame as naive
import pytest
from numpy.lib.recfunctions import repack_fields

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError
from ansflow.inspect.description import describe


class Outcome:
    """What a decoder gave before it refused to go on, if it did."""

    def __init__(self):
        self.error, self.given, self.seconds = None, [], 0.0  # of processor time


def observe(decode, *arguments):
    """Run a decoder, which appends to what is given; only AnsflowErrors are expected."""
    outcome, begin = Outcome(), time.process_time()
    try:
        decode(outcome.given, *arguments)
    except AnsflowError as error:
        outcome.error = error.with_traceback(None)  # which would keep memory
    outcome.seconds = time.process_time() - begin
    return outcome


def decode_at_once(given, blob, limits, rng):
    given.append(ansflow.decompress(blob, limits=limits, threads=rng.choice([1, 1, 2])))


def decode_in_pieces(given, blob, limits, rng):
    """Give for each frame where it begins and what came, and whether that was all."""
    rest = blob
    while rest or not given:
        decompressor = ansflow.Decompressor(limits=limits, threads=rng.choice([1, 1, 1, 2]))
        longest, most = rng.choice([10, 300, len(blob)]), rng.choice([-1, -1, 100, 5000])
        content = bytearray()
        given.append([len(blob) - len(rest), content, False])
        while not decompressor.eof:
            piece = b""
            if decompressor.needs_input:
                if not rest:
                    return
                count = rng.randint(1, max(1, longest))
                piece, rest = rest[:count], rest[count:]
            content += decompressor.decompress(piece, most)
        given[-1][2] = True
        rest = decompressor.unused_data + rest


def decode_anywhere(given, blob, limits, rng):
    """Give what is read as a whole, and some ranges: size, begin, end, and content or None."""
    with ansflow.open(io.BytesIO(blob), limits=limits, threads=rng.choice([1, 1, 2])) as file:
        size = file.seek(0, io.SEEK_END)
        for begin, end in [(0, size), *sorted_pairs(rng, size)]:
            try:
                file.seek(begin)
                given.append((size, begin, end, file.read(end - begin)))
            except AnsflowError:
                given.append((size, begin, end, None))


def sorted_pairs(rng, size):
    return [sorted(rng.choices(range(size + 1), k=2)) for _ in range(3)]


def decode_as_it_comes(given, blob, limits, rng):
    """Give all content of all frames."""
    size = rng.choice([7, 100, max(1, len(blob))])
    pieces = [blob[at : at + size] for at in range(0, len(blob), size)]
    given.append(b"".join(ansflow.iter_decompress(pieces, limits=limits, threads=1)))


def decode_and_describe(given, blob, limits, rng):
    """Give the size of the content, all of which is decoded."""
    given.append(describe(io.BytesIO(blob), limits=limits)["content_size"])


def decode_slices(given, blob, limits, rng):
    """Give the array; some parts of it must be the same."""
    with ansflow.ArrayReader(io.BytesIO(blob), limits=limits, threads=1) as reader:
        given.append(reader[...])
        if reader.ndim and reader.shape[0]:
            begin, end = sorted(rng.choices(range(reader.shape[0] + 1), k=2))
            assert fields_of(reader[begin:end]) == fields_of(given[0][begin:end])


def fields_of(array):
    """The bytes of an array without padding, which NumPy copies or not."""
    return (repack_fields(array, recurse=True) if array.dtype.names else array).tobytes()


DECODERS = (decode_at_once, decode_in_pieces, decode_as_it_comes, decode_anywhere)


def refuses(blob, error=CorruptDataError, match=None):
    """Assert that neither a decoder nor the oracle reads all of it; the error of `decompress`."""
    assert naive.attempt(naive.read_all, blob) is None
    with pytest.raises(error, match=match) as caught:
        ansflow.decompress(blob)
    # A TruncatedError is a CorruptDataError, but damage is no cut.
    assert error != CorruptDataError or caught.type is error
    rng = random.Random(len(blob))
    in_pieces = observe(decode_in_pieces, blob, ansflow.Limits(), rng)
    assert in_pieces.error or not all(whole for _, _, whole in in_pieces.given)
    assert observe(decode_as_it_comes, blob, ansflow.Limits(), rng).error
    anywhere = observe(decode_anywhere, blob, ansflow.Limits(), rng)
    assert anywhere.error or anywhere.given[0][3] is None
    return caught.value
