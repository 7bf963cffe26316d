"""What is settled for an array is that of its own kind, and of no other."""

import threading

import numpy as np
import pytest

import ansflow
from ansflow.engine import framing
from ansflow.engine.framing import MOST_SETTLED, SETTLED, array_framing
from ansflow.engine.options import Options

ROWS = np.arange(600, dtype="<i4").reshape(20, 30)


def settled_anew(options, array):
    """Whether `framing_of` has been called."""
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        settle = framing.framing_of
        patch.setattr(framing, "framing_of", lambda *given: calls.append(1) or settle(*given))
        content, found = array_framing(options, array)
    assert content.size == found.header.content_size == array.nbytes
    assert (found.header.array.dtype, found.header.array.shape) == (array.dtype, array.shape)
    return bool(calls)


def test_it_is_settled_once_for_a_kind():
    options = Options()
    assert settled_anew(options, ROWS)
    assert not settled_anew(options, ROWS + 1)
    assert not settled_anew(options, ROWS[::-1])  # whose content is a copy
    for other in (ROWS.T, ROWS.reshape(30, 20), ROWS.astype("<u4"), ROWS.astype("<i8")):
        assert settled_anew(options, other)
    assert settled_anew(Options(), ROWS)
    assert settled_anew(Options(chunk_size=100), ROWS)


@pytest.mark.parametrize(
    "array",
    [
        np.ma.MaskedArray(ROWS, ROWS > 9),
        ROWS.astype(">i4"),
        ROWS.view([("a", "<i2"), ("b", "<i2")]),
    ],
    ids=["masked", "big-endian", "records"],
)
def test_what_has_more_to_say_is_settled_each_time(array):
    for _ in range(2):
        again = ansflow.decompress(ansflow.compress(array))
        assert type(again) is type(array)
        assert again.dtype == array.dtype
        assert again.tobytes() == array.tobytes()
    assert ansflow.decompress(ansflow.compress(ROWS)).dtype == ROWS.dtype


def test_a_dtype_with_metadata_is_not_taken_for_one_without():
    """They are equal, but it cannot be written."""
    ansflow.compress(ROWS)
    with pytest.raises(TypeError, match="metadata"):
        ansflow.compress(ROWS.astype(np.dtype("<i4", metadata={"unit": "m"})))


def test_order_and_shape_are_those_of_the_array():
    for array in (ROWS, np.asfortranarray(ROWS), ROWS.T, np.asfortranarray(ROWS.T)) * 2:
        again = ansflow.decompress(ansflow.compress(array))
        assert np.array_equal(again, array)
        assert again.flags.fnc == array.flags.fnc


def test_no_more_is_kept_than_is_of_use():
    options = Options()
    for size in range(1, 3 * MOST_SETTLED):
        array_framing(options, np.zeros(size))
    assert 0 < len(vars(options)[SETTLED]) <= MOST_SETTLED


def test_metadata_are_those_of_the_call():
    said = {"a": [1]}
    first = ansflow.compress(ROWS, metadata=said)
    said["a"].append(2)
    assert ansflow.compress(ROWS, metadata=said) != first


def test_threads_share_it():
    options, found = Options(), []

    def work():
        for size in range(1, 300):
            array = np.zeros(size, "<i2")
            content, own = array_framing(options, array)
            found.append(content.size == own.header.content_size == array.nbytes)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 * 299
    assert all(found)
