"""Stacks: initial bits, bytes, lanes, views, counting, and failures undone."""

import struct
import tracemalloc

import naive_stack as oracle
import numpy as np
import pytest
import xxhash
from hypothesis import given, strategies as st
from naive_stack import contents

from ansflow.bitsback import Bernoulli, BitsBack, Gaussian, Repeat, Serial, Stack, Unfolded, Uniform
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    ModelError,
    StackUnderflowError,
    TruncatedError,
    UnsupportedError,
)

SEEDS = st.integers(0, 2**64 - 1)
LANES = st.sampled_from([1, 2, 3, 5, 64, 100])


@st.composite
def stacks(draw, lanes=LANES):
    """Stacks after some pushes and pops, with or without a seed."""
    count = draw(lanes)
    stack = Stack(count, seed=draw(st.none() | SEEDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for size in draw(st.lists(st.integers(1, 40), max_size=4)):
        if stack.seed is not None and draw(st.booleans()):
            Uniform(10**9, size).pop(stack)
        else:
            Uniform(2**64, size).push(stack, rng.integers(0, 2**63, size))
    return stack


# Initial bits


@given(st.binary(max_size=40), st.booleans())
def test_initial_bits_come_back(data, ending_in_zeros):
    data += bytes(5) * ending_in_zeros
    assert Stack.from_initial_bits(data).initial_bits() == data


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_initial_bits_of_any_length_come_back_or_are_too_few(lanes):
    rng = np.random.default_rng(lanes)
    for length in range(41):
        for data in (rng.bytes(length), bytes(length), b"\xff" * length, b"\1" * length):
            try:
                stack = Stack.from_initial_bits(data, lanes)
            except StackUnderflowError:
                assert lanes > 1
                assert length < 8 * lanes + 4
                continue
            assert stack.lanes == lanes
            assert (stack.heads >= 1 << 32).all()
            assert stack.initial_bits() == data


@given(st.binary(max_size=200), st.integers(0, 2**32))
def test_initial_bits_come_back_after_pushes_and_pops(data, seed):
    stack = Stack.from_initial_bits(data)
    rng = np.random.default_rng(seed)
    numbers, bits = rng.integers(0, 1000, 20), rng.integers(0, 2, 20)
    Uniform(1000, 20).push(stack, numbers)
    Bernoulli(0.2, 20).push(stack, bits)
    assert Bernoulli(0.2, 20).pop(stack).tolist() == bits.tolist()
    assert Uniform(1000, 20).pop(stack).tolist() == numbers.tolist()
    assert stack.initial_bits() == data


def test_initial_bits_are_used_and_given_back():
    data = np.random.default_rng(1).bytes(300)
    stack = Stack.from_initial_bits(data, 4)
    sample = Uniform(2**32, 20).pop(stack)
    assert stack.words.size < 60
    Uniform(2**32, 20).push(stack, sample)
    assert stack.initial_bits() == data


def test_a_stack_that_holds_more_or_less_has_no_initial_bits():
    for change in (Uniform(2**8).pop, lambda stack: Uniform(2**5).push(stack, [3])):
        stack = Stack.from_initial_bits(b"something")
        change(stack)
        with pytest.raises(CorruptDataError, match="more or less"):
            stack.initial_bits()
    for words in ([], [0], [1 << 31], [2, 9]):
        with pytest.raises(CorruptDataError, match="more or less"):
            Stack.from_parts([2**32], words).initial_bits()


def test_the_first_initial_bits_are_used_first():
    stack = Stack.from_initial_bits(bytes(range(1, 13)))
    assert stack.heads.tolist() == [2**32 + int.from_bytes(bytes(range(1, 5)), "little")]
    words = [int.from_bytes(bytes(range(i, i + 4)), "little") for i in (9, 5)]
    assert stack.words.tolist() == [1, *words]


def test_reading_the_initial_bits_changes_nothing():
    stack = Stack.from_initial_bits(bytes(range(100)), 3)
    before = contents(stack)
    stack.initial_bits()
    assert contents(stack) == before


@pytest.mark.parametrize("stack", [Stack(), Stack(3), Stack(seed=0), Stack(2, seed=5)])
def test_stacks_without_initial_bits_give_none_back(stack):
    with pytest.raises(CorruptDataError, match="initial bits"):
        stack.initial_bits()


def test_initial_bits_are_bytes():
    assert Stack.from_initial_bits(bytearray(b"abc")).initial_bits() == b"abc"
    assert Stack.from_initial_bits(memoryview(b"abcdef")[::2]).initial_bits() == b"ace"
    for data in ("text", 5, None):
        with pytest.raises(TypeError):
            Stack.from_initial_bits(data)


# Seeds


def test_equal_seeds_are_equal_stacks():
    for lanes in (1, 2, 7):
        assert Stack(lanes, seed=9) == Stack(lanes, seed=9)
        assert Stack(lanes, seed=9) != Stack(lanes, seed=8)
        assert Stack(lanes, seed=9) != Stack(lanes)
        assert Stack(lanes, seed=9) != Stack(lanes + 1, seed=9)
    assert Stack() != "a stack"


def test_words_are_drawn_when_needed_and_given_back():
    stack = Stack(2, seed=4)
    assert (stack.drawn, stack.words.tolist()) == (0, [])
    sample = Uniform(2**64, 10).pop(stack)
    assert stack.drawn == 20
    Uniform(2**64, 10).push(stack, sample)
    assert contents(stack) == contents(Stack(2, seed=4))
    assert stack == Stack(2, seed=4)
    assert stack.bits == Stack(2, seed=4).bits
    assert stack.to_bytes() == Stack(2, seed=4).to_bytes()


def test_a_word_that_was_changed_is_not_the_sources():
    stack = Stack(seed=4)
    sample = Uniform(2**64, 10).pop(stack)
    sample[3] ^= 1
    Uniform(2**64, 10).push(stack, sample)
    assert stack != Stack(seed=4)
    assert stack.bits > Stack(seed=4).bits + 32
    assert Stack.from_bytes(stack.to_bytes()) == stack


@pytest.mark.parametrize("place", [0, 1, 4095, 4096, 4097, 8191, 8192, 9999, None])
def test_all_words_that_are_the_sources_are_counted(place):
    """They are compared a piece at a time."""
    stack = Stack(seed=4)
    Uniform(2**32, 10_000).push(stack, Uniform(2**32, 10_000).pop(stack))
    words = stack.words
    assert words.size == stack.drawn == 10_000
    if place is not None:
        words[place] ^= 1 << 7
    changed = Stack.from_parts(stack.heads, words, seed=4, drawn=10_000)
    added = 0 if place is None else 10_000 - place
    assert changed.bits - Stack(seed=4).bits == pytest.approx(32 * added)
    assert (changed == stack) == (place is None)
    assert len(changed.to_bytes()) == len(stack.to_bytes()) + 4 * added
    assert Stack.from_bytes(changed.to_bytes()) == changed


def test_what_is_drawn_does_not_depend_on_how_much_is_asked_for():
    once, often = Stack(seed=4), Stack(seed=4)
    sample = Uniform(2**40, 30).pop(once)
    parts = [Uniform(2**40, count).pop(often) for count in (1, 2, 7, 20)]
    assert np.concatenate(parts).tolist() == sample.tolist()
    assert once == often


def test_the_source_is_splitmix64():
    """Published values of the generator for seed 1234567, whose upper halves are the words."""
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    stack = Stack(seed=1234567)
    head = int(stack.heads[0])
    expected = oracle.Stack([head], [value >> 32 for value in published[::-1]])
    distributions = [oracle.Uniform(2**32)] * 5
    assert Uniform(2**32, 5).pop(stack).tolist() == expected.pop(distributions)
    assert stack.heads.tolist() == expected.heads


@given(SEEDS, st.integers(1, 60), st.integers(0, 60))
def test_popping_below_what_was_pushed_and_back(seed, popped, pushed):
    stack = Stack(3, seed=seed)
    Uniform(2**50, pushed).push(stack, np.arange(pushed))
    before = contents(stack)
    sample = Uniform(2**48 - 1, popped).pop(stack)
    Uniform(2**48 - 1, popped).push(stack, sample)
    assert contents(stack) == before


def test_all_that_a_stack_is_made_of_is_checked():
    for lanes in (0, -1, 2**16 + 1):
        with pytest.raises(ValueError, match="lanes"):
            Stack(lanes)
        with pytest.raises(ValueError, match="lanes"):
            Stack.from_initial_bits(bytes(100), lanes)
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            Stack(seed=seed)
    for seed in (1.5, "1"):
        with pytest.raises(TypeError):
            Stack(seed=seed)
    assert Stack(2**16).lanes == 2**16


def test_parts_make_the_same_stack():
    stack = Stack(3, seed=5)
    Uniform(2**40, 7).pop(stack)
    Uniform(99, 7).push(stack, np.arange(7))
    again = Stack.from_parts(stack.heads, stack.words, seed=5, drawn=stack.drawn)
    assert again == stack
    Uniform(99).pop(again)  # has its own heads
    assert again != stack


def test_stacks_that_have_borrowed_differently_are_not_equal():
    for words in ([], [7], [7, 8]):
        for drawn in range(4):
            for other in range(4):
                stacks = (Stack.from_parts([2**40], words, seed=1, drawn=n) for n in (drawn, other))
                one, two = stacks
                assert (one == two) == (drawn == other)
                assert (one.to_bytes() == two.to_bytes()) == (drawn == other)


@pytest.mark.parametrize(
    ("heads", "more"),
    [
        ([2**32 - 1], {}),
        ([2**40, 0], {}),
        ([2**32], {"drawn": 1}),
        ([2**32], {"drawn": -1}),
        ([2**32], {"drawn": -1, "seed": 1}),
        ([2**32], {"drawn": 2**60, "seed": 1}),
    ],
)
def test_illegal_parts(heads, more):
    with pytest.raises(CorruptDataError):
        Stack.from_parts(heads, [], **more)


# Fewer and more lanes


@given(stacks(), st.integers(1, 100))
def test_unfold_undoes_fold(stack, lanes):
    before, total = contents(stack), stack.lanes
    lanes = min(lanes, total)
    assert stack.fold(lanes) is stack
    assert stack.lanes == lanes
    assert stack.unfold(total) is stack
    assert contents(stack) == before


@given(stacks(st.sampled_from([1, 2, 3])), st.integers(0, 30))
def test_fold_undoes_unfold(stack, more):
    Uniform(2**64, 200).push(stack, np.full(200, 2**63 + 12345))
    before, lanes = contents(stack), stack.lanes
    stack.unfold(lanes + more)
    assert (stack.heads >= 1 << 32).all()
    stack.fold(lanes)
    assert contents(stack) == before


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32))
def test_fold_and_unfold_equal_the_oracle(kept, more, seed):
    rng = np.random.default_rng(seed)
    heads, words = oracle.heads_of(rng, kept + more, []), oracle.some_words(rng, 9)
    stack = Stack.from_parts(np.array(heads, np.uint64), words).fold(kept)
    expected = oracle.Stack(heads, words).fold(kept)
    assert contents(stack)[:2] == (expected.heads, expected.words)
    heads, words = oracle.heads_of(rng, kept, []), oracle.some_words(rng, 60)
    stack = Stack.from_parts(np.array(heads, np.uint64), words).unfold(kept + more)
    expected = oracle.Stack(heads, words).unfold(kept + more)
    assert contents(stack)[:2] == (expected.heads, expected.words)


def test_unfold_leaves_a_stack_that_has_too_few_bits():
    for words in range(0, 12):
        for lanes in (2, 3, 9, 65536):
            rng = np.random.default_rng(words)
            heads = oracle.heads_of(rng, 1, [])
            stack = Stack.from_parts(heads, oracle.some_words(rng, words))
            before = contents(stack)
            try:
                stack.unfold(lanes)
            except StackUnderflowError:
                assert contents(stack) == before
                assert stack.lanes == 1
            else:
                assert stack.lanes == lanes
                assert words > lanes - 3


@pytest.mark.parametrize("lanes", [0, -1, 4])
def test_no_more_lanes_are_left_than_there_are(lanes):
    with pytest.raises(ValueError, match="3 lanes can be folded into 1 to 3"):
        Stack(3).fold(lanes)


@pytest.mark.parametrize("lanes", [0, -1, 2, 2**16 + 1])
def test_no_fewer_lanes_are_made_than_there_are(lanes):
    stack = Stack(3, seed=1)
    with pytest.raises(ValueError, match="lanes"):
        stack.unfold(lanes)
    assert stack == Stack(3, seed=1)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (2, 2), (2, 1), (-1, 2), (0, 4), (3, 4)])
def test_views_hold_lanes_that_exist(start, stop):
    with pytest.raises(ValueError, match="some of the stack's 3 lanes"):
        Stack(3).view(start, stop)


def test_a_view_shares_heads_and_tail():
    stack = Stack(4, seed=2)
    view = stack.view(1, 3)
    Uniform(2**32, 20).push(view, np.arange(20))
    assert stack.words.size == 20
    assert np.array_equal(stack.heads[1:3], view.heads)
    assert stack != Stack(4, seed=2)
    Uniform(2**32, 20).pop(stack.view(1, 3))
    assert stack == Stack(4, seed=2)


def test_a_view_keeps_its_lanes():
    stack = Stack.from_initial_bits(bytes(range(200)), 4)
    before = contents(stack)
    for change in (lambda v: v.fold(1), lambda v: v.unfold(5), lambda v: v.fold(2)):
        with pytest.raises(ValueError, match="view"):
            change(stack.view(0, 2))
    with pytest.raises(ValueError, match="view"):
        Unfolded(Uniform(9), 8).push(stack.view(0, 4), [0] * 8)
    assert contents(stack) == before


def test_a_copy_is_a_stack_of_its_own():
    stack = Stack(4, seed=2)
    Uniform(2**32, 20).push(stack, np.arange(20))
    copy, before = stack.copy(), contents(stack)
    assert copy == stack
    Uniform(2**60, 70).pop(copy)
    assert contents(stack) == before
    Uniform(2**60, 70).pop(stack)
    assert copy == stack
    part = stack.view(1, 3).copy()
    assert part.lanes == 2
    part.fold()  # a copy of a view is no view


def test_words_are_a_copy():
    stack = Stack()
    Uniform(2**32, 9).push(stack, np.arange(9))
    before = contents(stack)
    stack.words[:] = 0
    assert contents(stack) == before


# After failures


CERTAIN = Uniform(10, 3)


def failures():
    """What changes a stack of at least 2 lanes and then raises, by name."""

    def interrupt(x):
        raise KeyboardInterrupt

    many = Uniform(2**40, 50)
    bad = [1, 2, 10]
    return {
        "serial": (Serial([CERTAIN, many]), (bad, np.arange(50)), ModelError),
        "repeat": (Repeat(CERTAIN, 3), [bad, [0, 0, 0], [0, 0, 0]], ModelError),
        "wrong shape": (Serial([CERTAIN, many]), ([1, 2], np.arange(50)), ValueError),
        "wrong type": (Serial([CERTAIN, many]), ([1.0, 2, 3], np.arange(50)), TypeError),
        "bits back": (BitsBack(many, lambda z: CERTAIN, lambda x: many), bad, ModelError),
        "interrupt": (BitsBack(many, interrupt, lambda x: many), [1, 2, 3], KeyboardInterrupt),
        "unfolded": (Unfolded(Serial([CERTAIN, many]), 8), (bad, np.arange(50)), ModelError),
        "unfolded, interrupt": (
            Unfolded(BitsBack(many, interrupt, lambda x: many), 8),
            [1, 2, 3],
            KeyboardInterrupt,
        ),
    }


@pytest.mark.parametrize("name", failures())
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("lanes", [2, 3, 8])
def test_atomic_undoes_failed_pushes(name, seed, lanes):
    codec, data, error = failures()[name]
    stack = Stack(lanes, seed=seed)
    Uniform(2**32, 300).push(stack, np.arange(300))
    before = contents(stack)
    with pytest.raises(error), stack.atomic():
        codec.push(stack, data)
    assert contents(stack) == before


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_atomic_undoes_failed_pops(lanes):
    for count in range(0, 40, 3):
        stack = Stack(lanes)
        Uniform(2**32, count).push(stack, np.arange(count))
        before = contents(stack)
        with pytest.raises(StackUnderflowError), stack.atomic():
            Repeat(Uniform(2**32, 2), 21 + lanes).pop(stack)
        assert contents(stack) == before


def test_atomic_undoes_what_was_drawn_and_folded():
    stack = Stack(6, seed=3)

    def change_and_fail():
        with stack.atomic() as same:
            assert same is stack
            Uniform(2**50, 99).pop(stack)
            stack.fold(2)
            Uniform(9, 99).push(stack, np.zeros(99, int))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_and_fail()
    assert stack == Stack(6, seed=3)
    assert stack.drawn == 0


def test_atomic_through_a_view_undoes_what_the_view_may_change():
    stack = Stack(6, seed=3)
    view = stack.view(2, 4)

    def change_and_fail():
        with view.atomic():
            Uniform(2**50, 99).pop(view)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert stack == Stack(6, seed=3)


def test_atomic_keeps_what_succeeds():
    stack, other = Stack(seed=1), Stack(seed=1)
    with stack.atomic():
        CERTAIN.push(stack, [1, 2, 3])
    CERTAIN.push(other, [1, 2, 3])
    assert stack == other


@pytest.mark.parametrize("name", ["unfolded", "unfolded, interrupt"])
def test_unfolded_codecs_give_lanes_back_when_they_fail(name):
    codec, data, error = failures()[name]
    stack = Stack(2, seed=3)
    with pytest.raises(error):
        codec.push(stack, data)
    assert stack.lanes == 2


# Bytes


@given(stacks())
def test_bytes_are_the_same_stack(stack):
    data = stack.to_bytes()
    again = Stack.from_bytes(data)
    assert again == stack
    assert contents(again) == contents(stack)
    assert again.to_bytes() == data
    assert len(data) == 38 + 4 * len(contents(stack.copy().fold())[1])


@pytest.mark.parametrize("lanes", [1, 2, 3, 1000, 2**16])
@pytest.mark.parametrize("seed", [None, 0, 2**64 - 1])
def test_bytes_of_many_lanes(lanes, seed):
    stack = Stack(lanes, seed=seed)
    assert Stack.from_bytes(stack.to_bytes()) == stack
    Uniform(2**48).push(stack, np.arange(lanes))
    assert Stack.from_bytes(stack.to_bytes()) == stack
    if seed is not None:
        Uniform(2**64).pop(stack)
        assert stack.drawn > 0
        assert Stack.from_bytes(stack.to_bytes()) == stack


def test_writing_bytes_changes_nothing():
    stack = Stack(5, seed=1)
    Uniform(2**64, 9).pop(stack)
    before = contents(stack)
    stack.to_bytes()
    assert contents(stack) == before
    assert stack.lanes == 5


def sample_stacks():
    unseeded, seeded = Stack(3), Stack(2, seed=0x0123_4567_89AB_CDEF)
    Uniform(1000, 5).push(unseeded, [999, 0, 5, 17, 301])
    Uniform(2**40, 4).pop(seeded)
    Uniform(7, 3).push(seeded, [6, 0, 3])
    return unseeded, seeded


@pytest.mark.parametrize("which", [0, 1])
def test_every_cut_is_noticed(which):
    data = sample_stacks()[which].to_bytes()
    for size in range(len(data)):
        error = TruncatedError if size < 38 else CorruptDataError
        with pytest.raises(error):
            Stack.from_bytes(data[:size])


@pytest.mark.parametrize("which", [0, 1])
def test_every_flipped_bit_is_noticed(which):
    data = sample_stacks()[which].to_bytes()
    for bit in range(8 * len(data)):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AnsflowError):
            Stack.from_bytes(bytes(broken))


def test_more_bytes_are_noticed():
    for stack in sample_stacks():
        for more in (b"\0", bytes(4), bytes(8), b"\xff" * 100):
            with pytest.raises(CorruptDataError):
                Stack.from_bytes(stack.to_bytes() + more)


def forged(version=1, flags=0, lanes=1, seed=0, drawn=0, head=2**32, words=b""):
    """Bytes with a right checksum."""
    body = struct.pack("<BBIQQQ", version, flags, lanes, seed, drawn, head) + words
    return body + struct.pack("<Q", xxhash.xxh3_64_intdigest(body))


def test_forged_bytes_are_those_of_a_stack_if_nothing_is_wrong():
    assert Stack.from_bytes(forged()) == Stack()
    assert Stack.from_bytes(forged(words=bytes(8))).words.tolist() == [0, 0]


FORGERIES = {
    "no lanes": {"lanes": 0},
    "too many lanes": {"lanes": 2**16 + 1},
    "most lanes": {"lanes": 2**32 - 1},
    "more lanes than bits": {"lanes": 2},
    "many more lanes than bits": {"lanes": 2**16, "words": bytes(range(40))},
    "head below its interval": {"head": 2**32 - 1},
    "head zero": {"head": 0, "flags": 1},
    "half a word": {"words": b"\1\2"},
    "a word and a byte": {"words": b"\1\2\3\4\5"},
    "seed without flag": {"seed": 1},
    "drawn without source": {"drawn": 1},
    "too much drawn": {"flags": 1, "drawn": 2**48 + 1},
    "most drawn": {"flags": 1, "drawn": 2**64 - 1},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_fields_are_refused_without_allocating(name):
    data = forged(**FORGERIES[name])
    tracemalloc.start()
    try:
        with pytest.raises(CorruptDataError):
            Stack.from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fields", [{"version": 0}, {"version": 2}, {"flags": 2}, {"flags": 255}])
def test_other_versions_and_flags_are_not_supported(fields):
    with pytest.raises(UnsupportedError):
        Stack.from_bytes(forged(**fields))


@given(st.integers(0, 2**16), SEEDS, st.integers(0, 2**48), SEEDS, st.binary(max_size=80), SEEDS)
def test_whatever_is_accepted_works(lanes, seed, drawn, head, words, number):
    try:
        stack = Stack.from_bytes(forged(1, 1, lanes, seed, drawn, head, words))
    except CorruptDataError:
        return
    assert (stack.heads >= 1 << 32).all()
    assert Stack.from_bytes(stack.to_bytes()) == stack
    before = contents(stack)
    codec = Uniform(2**64 - number, 3)
    codec.push(stack, codec.pop(stack))
    assert contents(stack) == before


def test_bytes_may_be_any_buffer():
    for stack in sample_stacks():
        data = stack.to_bytes()
        assert Stack.from_bytes(bytearray(data)) == stack
        assert Stack.from_bytes(memoryview(data)) == stack


# Counting


def test_an_empty_stack_has_a_word_a_lane():
    assert Stack().bits == 32
    assert Stack(5).bits == 160
    assert Stack(5).rates(Stack(5).mark()).net == 0


def test_bits_are_words_and_logarithms_of_heads():
    stack = Stack.from_parts([2**32, 2**40, 3 * 2**60], [0, 7, 9])
    assert stack.bits == pytest.approx(32 + 40 + 60 + np.log2(3) + 3 * 32)


def test_rates_on_an_empty_stack():
    stack = Stack()
    start = stack.mark()
    Uniform(2**16, 10).push(stack, np.arange(10))
    rates = stack.rates(start)
    assert rates.net == pytest.approx(160, abs=1e-3)
    assert rates.used == rates.total == pytest.approx(192, abs=1e-3)


def test_rates_on_initial_bits():
    """A push touches no initial bits but the head; what lies deeper isn't used."""
    stack = Stack.from_parts([2**40], np.arange(100))
    start = stack.mark()
    Uniform(2**32, 3).push(stack, [1, 2, 3])
    rates = stack.rates(start)
    assert rates.net == pytest.approx(96)
    assert rates.used == pytest.approx(136)
    assert rates.total == pytest.approx(136 + 3200)
    per = rates.per(4)
    assert (per.net, per.used, per.total) == (rates.net / 4, rates.used / 4, rates.total / 4)


def test_used_counts_whole_words_that_were_touched():
    for borrowed in range(8):
        stack = Stack.from_parts([2**63], np.arange(100))
        start = stack.mark()
        z = Uniform(2**32, borrowed).pop(stack)
        Uniform(2**32, borrowed).push(stack, z)
        rates = stack.rates(start)
        assert rates.net == 0
        assert rates.used == 63 + 32 * borrowed
        assert rates.total == 63 + 3200


def test_a_pop_that_takes_no_word_uses_none():
    stack = Stack.from_parts([2**63], np.arange(100))
    start = stack.mark()
    Uniform(2**31, 1).pop(stack)
    assert stack.rates(start) == stack.rates(start)
    assert stack.rates(start).used == 32
    assert stack.rates(start).net == pytest.approx(-31)


def test_net_may_be_negative():
    stack = Stack.from_initial_bits(bytes(range(200)))
    start = stack.mark()
    Uniform(2**32, 5).pop(stack)
    assert stack.rates(start).net == pytest.approx(-160, abs=1)
    assert stack.rates(start).total == stack.bits


def test_rates_of_a_seeded_stack_count_what_was_drawn():
    stack = Stack(seed=1)
    start, head_bits = stack.mark(), stack.bits
    z = Uniform(2**32, 5).pop(stack)
    Gaussian(np.zeros(5), 2.0, -9, 9).push(stack, np.zeros(5, int))
    Uniform(2**32, 5).push(stack, z)
    rates = stack.rates(start)
    assert stack.drawn == 5
    assert rates.total == rates.used == stack.bits
    assert rates.net == pytest.approx(stack.bits - head_bits - 32 * 5)
    cost = -5 * np.log2(0.1974126513658474)  # of 0 under N(0, 2), between -1/2 and 1/2
    assert rates.net == pytest.approx(cost, abs=0.01)


def test_only_what_happened_since_the_mark_counts():
    stack = Stack.from_parts([2**63], np.arange(100))
    z = Uniform(2**32, 7).pop(stack)
    Uniform(2**32, 7).push(stack, z)
    start = stack.mark()
    Uniform(2**32, 2).push(stack, [5, 6])
    assert stack.rates(start).used == pytest.approx(63 + 64)


def test_words_that_only_have_been_looked_at_do_not_count():
    stack, fresh = Stack(seed=1), Stack(seed=1)
    sample = Uniform(2**32, 5).pop(stack)
    Uniform(2**32, 5).push(stack, sample)
    starts = stack.mark(), fresh.mark()
    for same in (stack, fresh):
        Uniform(2**32, 2).push(same, [5, 6])
    assert stack.rates(starts[0]) == fresh.rates(starts[1])


# What kernels are given


@pytest.mark.parametrize("seed", [None, 1])
def test_kernels_have_the_room_that_they_ask_for(seed):
    """A push one word more than it can need, and a pop one word above the top."""
    rooms = []

    def push(heads, tail, size, room):
        assert tail.dtype == np.uint32
        assert tail.size >= size + room + 1
        tail[size : size + room] = rng.integers(0, 2**32, room)
        rooms.append(room)
        return size + room

    def pop(heads, tail, size, count):
        assert tail.size >= size + 1
        assert seed is None or size >= count
        return size - count

    rng = np.random.default_rng(6)
    stack = Stack(seed=seed)
    for room in [*range(70), *rng.integers(0, 300, 200).tolist()]:
        stack.run_push(push, room, room)
        if room % 3 == 0:
            before = contents(stack)
            stack.run_push(push, 5, 5)
            stack.run_pop(pop, 5, 5)
            assert contents(stack) == before
    while stack.words.size:
        count = min(stack.words.size, 37)
        stack.run_pop(pop, count, count)
    if seed is not None:
        stack.run_pop(pop, 50, 50)
        assert stack.drawn == 50
    assert len(rooms) > 300


def test_repr_tells_lanes_and_bits():
    assert repr(Stack(3)) == "Stack(lanes=3, 96.0 bits)"
