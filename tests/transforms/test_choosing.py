"""Recipes that numbers get for what is in them; nothing is coded here."""

import numpy as np
import pytest

import ansflow
from ansflow.kernels.transforms import recurrence
from ansflow.kernels.transforms.lookback import sum_lengths
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.choose import choose
from ansflow.transforms.choosing.columns import each_by_itself
from ansflow.transforms.choosing.periods import periods
from ansflow.transforms.choosing.sample import boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(0)


def chosen(array, level=3):
    array = np.ascontiguousarray(array)
    layout = Layout(array.itemsize, array.shape)
    if array.itemsize > 64:  # whose bytes are an axis
        layout = Layout(1, (*array.shape, array.itemsize))
    choice = choose(array.reshape(-1).view(np.uint8), layout, array.dtype, level)
    return "" if choice is None else str(choice.recipe)


@pytest.mark.parametrize("shape", [(45, 510), (6, 40, 90), (30_000,), (3, 9, 9, 90)])
def test_boxes_of_small_arrays_have_little_in_common(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    for size, count in ((1024, 4), (4096, 16)):
        sample = boxes(array, size, count)
        assert np.unique(sample).size > 0.9 * sample.size


def test_steps_of_floats():
    """The step of numbers that rise evenly is not that of a sample of them."""
    assert chosen(np.linspace(0, 3, 70_000)).startswith("decimal[4.2857755")
    assert chosen(np.linspace(0, 3, 70_000, dtype="f4")) != ""
    integers = np.cumsum(RNG.integers(-500, 500, 20_000))
    assert chosen(integers * 2.0).startswith("decimal[2.0, times]")
    assert chosen(integers * 5 / 100).startswith("decimal[20.0]")
    assert chosen(integers * 3 / 100).startswith("decimal[100.0]")


def test_dictionaries_of_many_values():
    """They are worth it if values come again, though most of a sample are there once."""
    floats = RNG.normal(size=200_000).astype("f4")
    assert "dict" not in chosen(floats)
    lumpy = RNG.choice(floats[:70_000], floats.size)
    assert np.unique(lumpy[::8]).size > 0.8 * lumpy[::8].size
    assert chosen(lumpy).startswith("ordered[float](dict(")
    assert "dict" not in chosen(lumpy, level=2)


def test_bytes_of_floats_are_not_put_in_order():
    """Half of them have zeros at their end, which would become ones in negative numbers."""
    floats = RNG.normal(size=30_000).astype("f4")
    assert chosen(np.where(RNG.random(30_000) < 0.5, floats.astype("f2"), floats)) == "planes"
    pairs = np.stack([floats[::2].astype("f2"), floats[::2]], axis=1)
    assert not chosen(pairs).startswith("ordered[float](columns(planes")


def test_columns_are_places_of_whole_rows():
    noise = RNG.integers(0, 3000, (3, 25, 41, 33), np.int16)
    assert "columns" not in chosen(noise + np.arange(33, dtype=np.int16) % 11 * 1000)
    assert "columns" in chosen(noise[..., :3] * np.array([1, 7, 1], np.int16) ** 2)


@pytest.mark.parametrize("shape", ["1 -1", "-1 1", "1 1 -1", "1 -1 1 1"])
def test_axes_of_one_place_do_not_count(shape):
    rng = np.random.default_rng(0)
    walk = np.tile(rng.integers(0, 1 << 20, 50), 300) + rng.integers(0, 99, 15_000)
    shape = tuple(map(int, shape.split()))
    axes = ", ".join(map(str, range(1, len(shape))))
    assert "period[50]" in chosen(walk)
    assert chosen(walk.reshape(shape)) == f"join[{axes}]({chosen(walk)})"


def test_a_few_numbers_along_several_axes_are_a_row():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.integers(-30, 31, 4000))[:, None]
    places = walk * np.array([1, 3, 7, 2, 5, 1]) + rng.integers(0, 5, (4000, 6))
    table = places.reshape(4000, 2, 3).astype("i4")
    assert chosen(table).startswith("join[2](columns[1, 2, 4](")
    assert "join" not in chosen(np.cumsum(rng.integers(-9, 10, (400, 2, 9)), axis=0))


def test_a_recipe_may_be_too_deep_to_be_inside_another():
    deepest = Recipe.of("mask(" * 6 + "log" + ", stream)" * 6)
    other = Choice(Recipe("log"), 1.0)
    choice = Choice(deepest, 1.0, others=(other,))
    outer = Recipe("join", settings=(1,))
    assert choice.inside(outer) is None
    found = other._replace(others=(choice, other)).inside(outer)
    assert str(found.recipe) == "join[1](log)"
    assert [str(one.recipe) for one in found.others] == ["join[1](log)"]


def test_differences_along_two_axes_when_maps_are_compared():
    labels = np.kron(RNG.integers(0, 30, (40, 40)), np.ones((16, 16), int)).astype("i4")
    assert chosen(labels) == "delta[0, 1](log)"


def test_the_shortest_of_periods():
    assert chosen(np.tile(np.random.default_rng(2).permutation(21), 5000), level=6).startswith(
        "period[21]"
    )


@pytest.mark.parametrize("size", range(2, 24))
def test_periods_of_few_numbers(size):
    """Where they are too few, there is no division by zero."""
    numbers = np.cumsum(np.resize([9, 3], (1, size)), axis=1).astype("u8")
    assert [period for period, _ in periods(numbers, 1e-3, 1, 680)][:1] == [2] * (size >= 6)


@pytest.mark.parametrize("columns", range(1, 19))
def test_small_tables(columns):
    """Each stage is told by few numbers, or by one: none is asked for more than there are."""
    for rows in range(1, 12):
        for high in (5, 5000, 10**6):
            chosen(RNG.integers(0, high, (rows, columns)).astype("u4"))


@pytest.mark.parametrize("period", [3, 5, 7])
def test_periods_of_differences_in_the_last_bits(period):
    """As those of coordinates have, whose steps are rounded: single precision knows nothing."""
    steps = np.full(period, 1 << 31)
    steps[1] += 1
    numbers = np.resize(steps, (1, 600)).cumsum(axis=1).astype("u8")
    (found, _), *_ = periods(numbers, 0.5, 1, 2048)
    assert found == period


def test_periods_of_one_of_several_columns():
    """All together, their differences correlate by a third of that."""
    rng = np.random.default_rng(0)
    table = rng.integers(0, 5000, (30_000, 3))
    table[:, 1] = np.resize(rng.integers(0, 5000, 21), 30_000) + rng.integers(0, 9, 30_000)
    numbers = table[:2040].reshape(3, 680, 3).astype("u8")
    assert periods(numbers, 0.5, 1, 680) == []
    assert [period for period, _ in periods(numbers, 0.5 / 3, 1, 680)][:1] == [21]
    recipe = chosen(table.astype("i4"))
    assert recipe.startswith("columns(")
    assert recipe.count("period[21]") == 1


def test_columns_are_predicted_by_each_other_where_one_would_have_a_dictionary():
    rng = np.random.default_rng(0)
    prices = np.sort(rng.choice(100_000, 1500, replace=False))
    low = prices[rng.integers(0, prices.size, 75_000)]
    assert "dict" in chosen(low / 100)
    both = np.stack([low, low + rng.integers(0, 30, low.size)], axis=1) / 100
    assert chosen(both).startswith("decimal[100.0](columns[1](")


@pytest.mark.parametrize(
    ("stop", "n"), [(1, 9001), (3, 51_249), (3, 6881), (np.pi, 15_999), (0.37, 13_942), (7, 20_000)]
)
def test_coordinates_are_multiples_of_their_step(stop, n):
    """Only one floating-point number is the step that they were multiplied by."""
    step = stop / (n - 1)
    assert chosen(np.linspace(0, stop, n)).startswith(f"decimal[{step!r}, times](delta[0, rising]")


@pytest.mark.parametrize("step", [0.1, 0.25, 0.05, 0.001])
def test_times_of_samples(step):
    """Products of 1/10, which is no binary number, are not quotients by 10."""
    times = np.arange(20_000) * step
    assert chosen(times).startswith("decimal[")
    assert len(ansflow.compress(times)) < 100


def test_rare_steps_have_no_linear_tokens():
    """One of them that the sample lacks would make tokens of all steps coarse."""
    steps = np.where(RNG.random(50_000) < 1e-3, 601, 9)
    assert chosen(np.cumsum(steps)) == "delta[0, rising](log)"


def test_large_records():
    """Items of more than 64 bytes are cut into bytes, but not for good."""
    records = np.zeros(3000, [(f"{j}", "<f8") for j in range(9)])
    records["1"] = np.arange(3000)
    assert chosen(records).startswith("items[72](fields[8, 8, 8, 8, 8, 8, 8, 8, 8](")
    records = np.zeros(3000, [("a", "<f8"), ("b", "V250")])
    assert chosen(records) == ""


def quantities(rows=3000, count=30):
    """Columns of prices, shares and categories, which are nothing like each other."""
    rng = np.random.default_rng(1)
    columns = [rng.normal(10.0**j, 9, rows).round(2) for j in range(3)]
    columns += [rng.random(rows).astype("f4"), rng.integers(0, 9, rows), rng.integers(1, 60, rows)]
    return np.stack([rng.permutation(columns[j % len(columns)]) for j in range(count)], axis=1)


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4"])
@pytest.mark.parametrize("count", [17, 65, 300])
def test_tables_of_many_columns(dtype, count):
    recipe = chosen(quantities(count=count).astype(dtype))
    kinds = [0, 1, 2, 3, 4, 4]  # whose bytes are alike
    assert recipe.startswith(f"groups{[kinds[j % 6] for j in range(count)]}(decimal[100.0")
    assert recipe.count("decimal[100.0") == 3
    assert chosen(quantities(count=count).astype(dtype), level=1)[:6] not in ("groups", "column")


def test_groups_are_smaller_than_columns_by_themselves():
    """And at high levels each column may have a recipe, if that is smaller."""
    table = quantities(1000, 60)
    [groups, others] = (ansflow.plan(table, level=level) for level in (3, 6))
    assert groups.recipe.name == "groups"
    sizes = [len(ansflow.compress(table, plan=plan)) for plan in (groups, others)]
    each = [len(ansflow.compress(np.ascontiguousarray(column))) for column in table.T]
    assert sizes[1] <= 1.01 * sizes[0] < sum(each)


def test_tables_with_numbers_that_are_lacking_and_columns_of_one_number():
    """A column that lacks numbers has a byte for that, if all numbers are bytes."""
    rng = np.random.default_rng(2)
    table = np.stack([rng.integers(0, 2 + j, 2000) for j in range(40)], axis=1).astype(float)
    table[:, 5:9] = [1976, 3, 0, -1]
    table[:, 9] = rng.normal(1e6, 1e5, 2000)
    table[:, 10] = np.arange(2000) * 7
    for j in range(20, 40, 2):
        table[rng.random(2000) < 0.1, j] = np.nan
    recipe = chosen(table)
    assert recipe.startswith("groups[0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 0")
    assert recipe.count("dict(stream, delta[0](log))") == 1
    assert recipe.count("decimal[1.0](lin[256], log, bytes)") == 1
    assert len(ansflow.Recipe.of(recipe).outputs) == 5


def test_integers_in_tables():
    """From 0 on, or from somewhere far away on, and some that rise."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 9, 3000), rng.integers(1950, 2020, 3000), np.arange(3000) ** 2
    table = np.stack([rng.permutation(kinds[j % 2]) for j in range(20)] + [kinds[2]], axis=1)
    recipe = chosen(table.astype("i8"))
    assert recipe.startswith(f"groups{[*[0, 1] * 10, 2]}(ordered[signed](lin[256]),")
    assert recipe.endswith("delta[0, 0](log)))")


def test_what_has_rows_as_long_as_those_of_tables():
    steps = RNG.normal(size=(3000, 60))
    fields = (
        steps.cumsum(axis=0).cumsum(axis=1) + 10.0 ** np.arange(60),
        np.abs(steps) + 1,  # whose columns are alike
        quantities(200, 60),  # with few rows
        quantities(6000).reshape(20, 300, 30),
        quantities(3000, 600),
        quantities(1000, 300),  # with rows too long for so few
    )
    for field in fields:
        recipe = chosen(field)
        assert "columns" not in recipe
        assert "groups" not in recipe


def may_recur(numbers, size, *told):
    """What the kernel says of numbers in boxes of such a size."""
    told = numbers.itemsize, 0, size, numbers.size // size, size, *told
    return recurrence.may_recur(numbers.view("u1"), *told)


def test_bits_of_differences_tell_whether_there_may_be_periods():
    """Those of a random walk tell that there are none; those of a period do not hide it."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 300, 1900)
    pulses = np.where(np.arange(1900) % 17 == 3, 10_000, rng.integers(-3, 4, 1900))
    alike = np.where(np.arange(1900) % 9 == 3, 1001, 1000)
    told = 1900, 1, 600, 0.2
    walk = steps.cumsum().astype("i8").view("u8")
    assert not may_recur(walk, *told, 0.4)
    for recurring in (np.resize(steps[:50], 1900), pulses, alike):
        numbers = recurring.cumsum().astype("i8").view("u8")
        assert may_recur(numbers, *told, 0.4)
        assert may_recur(np.append(walk, numbers), *told, 0.4)  # one box of two is enough
    assert not may_recur(np.append(walk, walk), *told, 0.4)  # whatever lies in another one
    faint = np.resize(rng.normal(0, 300, 50), 1900) + rng.normal(0, 300, 1900)
    numbers = faint.cumsum().astype("i8").view("u8")
    assert may_recur(numbers, *told, 0.3)
    assert not may_recur(numbers, *told, 0.6)  # bits agree, but numbers hardly correlate
    rows = np.resize(rng.integers(-99, 99, (7, 20)), (60, 20)).cumsum(axis=0).astype("u2")
    assert may_recur(rows.reshape(-1), rows.size, 20, 15, 0.2, 0.4)


@pytest.mark.parametrize(("bits", "row"), [(16, 1), (64, 1), (32, 5)])
def test_swings_correlate_as_products_say(bits, row):
    """By logarithms of differences in two's complement, in each column by itself."""
    rows = np.random.default_rng(bits).integers(0, 1 << bits, (90, row), "u8", endpoint=False)
    steps = np.diff(rows, axis=0).astype(f"u{bits // 8}").view(f"i{bits // 8}")
    swings = np.copysign(np.log2(1 + np.abs(steps.astype("f8"))), steps)
    swings -= swings.mean(axis=0)
    expected = [(swings[: 89 - lag] * swings[lag:]).sum() for lag in range(30)]
    found = np.ones(30)  # which is added to
    recurrence.correlate(rows.reshape(-1), bits, row, found)
    np.testing.assert_allclose(found - 1, expected, atol=1e-3 * expected[0])


def test_looking_back_is_told_by_the_last_numbers():
    """Those before are looked back to: what comes again takes a lag once, and nothing then."""
    some = np.random.default_rng(0).integers(0, 1 << 40, 300).astype("u8")
    by_one, by_any = sum_lengths(np.tile(some, 2), 300, 64)
    apart = np.abs(np.diff(np.append(some[-1], some).astype("i8")))
    assert abs(int(by_one) - 300 - np.ceil(np.log2(apart)).sum()) < 3
    assert 0 < by_any < 20


def test_linear_tokens_have_room_for_numbers_that_a_sample_lacks():
    """One of them would make all tokens coarse, if there were no more than are needed."""
    numbers = np.random.default_rng(0).integers(1000, 1200, 50_000)
    assert chosen(numbers.astype("i4")) == "lin[4096]"


@pytest.mark.parametrize("mask", [False, True])
def test_integers_that_were_scaled_and_have_an_offset(mask):
    """As in files of climate models; and prices with a tax, which are rounded twice."""
    packed = np.random.default_rng(61).integers(-9000, 9000, 30_000)
    array = packed * 0.0017843123 + 273.4123
    if mask:
        array[3000:9000] = np.nan
    plan = ansflow.plan(array)
    assert "near](affine(" in str(plan.recipe)
    assert plan.gains[-1].bits < 15.3
    assert len(ansflow.compress(array, plan=plan)) < 15.3 * array.size / 8


def test_prices_with_a_tax_are_multiples():
    array = (np.random.default_rng(62).integers(1, 100_000, 30_000) / 100) * 1.19
    assert "near](affine(" in str(ansflow.plan(array).recipe)


def test_steps_of_a_few_sizes_up_and_down():
    """Each size has a bin, whatever the sign."""
    rng = np.random.default_rng(67)
    sizes = rng.choice([1000, 5000], 40_000) + rng.integers(0, 20, 40_000)
    walk = np.cumsum(rng.choice([-1, 1], 40_000) * sizes).astype("i4")
    plan = ansflow.plan(walk)
    assert str(plan.recipe) == "ordered[signed](delta[0](bins))"
    assert 8 * len(ansflow.compress(walk, plan=plan)) < 6.5 * walk.size


def test_decimals_with_finer_numbers_between_them():
    """As on maps: corners have six decimals, and where others cut an edge there are points, too."""
    rng = np.random.default_rng(65)
    array = np.cumsum(np.rint(rng.laplace(0, 3000, 40_000))) / 1e6 + 33
    cut = rng.random(40_000) < 0.15
    array[cut] += rng.uniform(-5e-7, 5e-7, np.count_nonzero(cut))
    plan = ansflow.plan(array)
    assert str(plan.recipe) == "decimal[1000000.0, far](delta[0](log), log, bytes, log)"
    assert 8 * len(ansflow.compress(array, plan=plan)) < 21 * array.size
    # Exceptions that come again take less.
    array[cut] = np.pi
    array[rng.random(40_000) < 0.9] = 33.5
    assert "far" not in str(ansflow.plan(array).recipe)


@pytest.mark.parametrize("kind", [">f4", "<f8"])
def test_floats_most_of_which_were_narrower(kind):
    """Weights of a model with half as many bits, of which some were trained again."""
    rng = np.random.default_rng(69)
    weights = rng.normal(0, 1, 40_000).astype("f2").astype(kind)
    assert "digits" not in str(ansflow.plan(weights).recipe)
    again = rng.random(40_000) < 0.25
    weights[again] = rng.normal(0, 1, np.count_nonzero(again))
    bits = 13 if kind.endswith("f4") else 42
    plan = ansflow.plan(weights)
    assert f"digits[{1 << bits}](" in str(plan.recipe)
    assert "digits" not in str(ansflow.plan(np.tile(weights[:200], 200)).recipe)
    without = ansflow.compress(weights, level=2)
    assert len(ansflow.compress(weights, plan=plan)) < 0.95 * len(without)


def test_digits_of_decimals_that_are_finer_than_most():
    """What is off by some of a cent has two decimals more, but most are not off."""
    rng = np.random.default_rng(66)
    cents = np.cumsum(rng.integers(-2000, 2000, 40_000))
    parts = rng.choice([0, 17, 83], 40_000, p=[0.93, 0.04, 0.03])
    recipe = str(ansflow.plan((100 * cents + parts) / 10_000).recipe)
    assert recipe.startswith("decimal[10000.0](digits[100]("), recipe


def test_a_step_that_only_most_decimals_have():
    """A part of the numbers has a step in common, and others of the chunk do not have it."""
    array = np.random.default_rng(63).integers(0, 40, 60_000) * 0.514444
    array[::300] += 1e-6
    bits = 8 * len(ansflow.compress(array)) / array.size
    assert bits < 6.0


def test_few_values_far_apart_are_codes():
    """A table of linear tokens takes a bit for each number that lacks between them."""
    array = np.random.default_rng(64).choice([0.0, 1.0, 2.0, np.nan], 17_000)
    assert "dict" in str(ansflow.plan(array).recipe)


def test_coordinates_of_a_grid_are_a_smooth_surface():
    """As of a satellite's view: their slopes along both axes change slowly, too."""
    y, x = np.mgrid[-1:1:160j, -1:1:256j]
    longitudes = np.degrees(np.arctan2(np.sin(2 * x) + 0.1 * y, np.cos(2 * y) + 1.3)).astype("f4")
    assert chosen(longitudes) == "ordered[float](delta[0, 0, 1, 1](log))"


def test_values_of_a_dictionary_are_integers_if_decimals_are():
    """They lie closer together than as floats, which counts if there are many."""
    rng = np.random.default_rng(65)
    prices = np.round(rng.lognormal(3, 1, 4_000), 6)
    assert chosen(rng.choice(prices, 20_000)).startswith("decimal[1000000.0](dict(")
    assert "decimal" not in chosen(rng.choice(prices[:2] * np.pi, 20_000))


def test_integers_that_lie_close_together_are_no_codes():
    """All of them may come, so that codes are no shorter."""
    cents = np.abs(np.random.default_rng(66).normal(0, 400, 20_000)).round()
    assert "dict" not in chosen(cents / 100)


def test_codes_that_a_sample_has_too_few_of():
    """Those of all numbers take two bytes, though a sample has fewer than 256 of them."""
    rng = np.random.default_rng(67)
    values = rng.integers(0, 1 << 60, 1_000)
    numbers = values[rng.geometric(0.027, 100_000)]
    assert np.unique(numbers[::16]).size < 256 < np.unique(numbers).size
    assert not chosen(numbers).startswith("dict(stream")


def test_linear_tokens_where_no_rows_differ():
    """They gain little there, but logarithmic ones have nothing to gain from classes of rows."""
    rng = np.random.default_rng(69)
    even = rng.integers(0, 300_000, 200_000, dtype="i4")
    assert chosen(even) == "lin[256]"
    uneven = (even * rng.choice([1.0, 0.85], 200).repeat(1000)).astype("i4")
    assert chosen(uneven) == "log"


def test_linear_tokens_that_a_sample_has_once():
    """What a table of them takes is told by more of them than the sample has."""
    numbers = np.random.default_rng(70).lognormal(2, 1, 150_000)
    numbers[np.random.default_rng(71).random(150_000) > 0.05] = 0
    assert "4096" not in chosen(numbers)


def test_multiples_of_a_step_that_may_be_negative():
    """A sample may lack these: as unsigned numbers, they are no multiples of the same step."""
    heights = np.abs(RNG.normal(100_000, 24_000, 200_000)).astype("i4") * 10
    assert chosen(heights).startswith("ordered[signed](affine(")
    assert chosen(heights + 10_000_000).startswith("affine(")
    rare = heights.copy()
    rare[0] = -10
    assert len(ansflow.compress(rare)) < 1.001 * len(ansflow.compress(heights))


def test_noise_in_rows_has_bins():
    """As forces have, of which some are 0 in all frames."""
    rng = np.random.default_rng(0)
    forces = (rng.uniform(1, 2, (30, 3000)) * rng.choice([-1, 1], (30, 3000))).astype("f4")
    forces[:, rng.random(3000) < 0.3] = 0
    assert "bins" in chosen(forces)
    assert "bins" in chosen(forces, level=6)


def test_values_of_a_dictionary_beside_a_mask_are_decimals():
    """Most of them: the others are exceptions."""
    rng = np.random.default_rng(0)
    values = rng.choice((rng.normal(0, 3, 300) * 1e6).round() / 1e6, 6000)
    values[rng.random(6000) < 0.01] = rng.normal()
    values[rng.random(6000) < 0.2] = np.nan
    assert "decimal[1000000.0](dict(" in chosen(values)


def test_columns_that_are_the_ones_before_of_another():
    """In a small table, numbers far back are looked for through each map that may be for all."""
    rng = np.random.default_rng(0)
    today = np.round(rng.normal(0, 1, 1205), 3)
    volume = np.round(rng.uniform(0.5, 2, 1200), 5)
    before = [today[lag : 1200 + lag] for lag in range(5, -1, -1)]
    assert "(lookback(" in chosen(np.stack([*before, volume], axis=1))


def test_short_rows_begin_with_numbers_that_nothing_predicts():
    """A step along a row of eight is not worth it if all begin anywhere."""
    rng = np.random.default_rng(0)
    begins = rng.integers(0, 1 << 30, (1500, 1))
    table = begins + rng.integers(0, 1 << 8, (1500, 8)).cumsum(axis=1)
    layout = Layout(8, table.shape)
    choice = choose(table.reshape(-1).view(np.uint8), layout, table.dtype, 3)
    coded = 8 * len(ansflow.compress(table, plan=ansflow.Plan(recipe=choice.recipe)))
    assert coded < 1.03 * choice.bits * table.size


def test_what_is_too_deep_to_be_a_field_or_a_column_is_plain(monkeypatch):
    deepest = Choice(Recipe.of("mask(" * 6 + "log" + ", stream)" * 6), 1.0)
    columns = each_by_itself([deepest, Choice(Recipe("log"), 1.0)], np.zeros((1, 100, 2), "u4"))
    assert str(columns.recipe) == "columns(planes, log)"
    found = iter([deepest, Choice(Recipe("log"), 1.0)])
    monkeypatch.setattr("ansflow.transforms.choosing.typed._numbers", lambda *told: next(found))
    assert chosen(np.zeros(9000, complex), level=1) == "fields[8, 8](planes, log)"
