"""Diffusion: inverses, both orders, and rates against the variational bound in closed form.

Data are Gaussian, and so the best denoiser is linear: ``E[x | z]`` is a multiple of z.
"""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_stack import contents
from random_stacks import stacks
from scipy import stats

from ansflow.bitsback import Diffusion, Schedule, Stack, decode, encode
from ansflow.bitsback.combinators.noise_grid import Grid
from ansflow.errors import AnsflowError, CorruptDataError, ModelError

LEVELS, DEVIATION = 64, 0.3  # of the data, which are from -1 to 1
ORDERS = {"BB-ANS": Diffusion.bb_ans, "Bit-Swap": Diffusion.bit_swap}
both_orders = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


def schedule_of(steps):
    return Schedule.log_linear(steps, (0.6 / LEVELS) ** 2, 0.999)


def gains_of(schedule):
    """E[x | z_t] over z_t."""
    variances = schedule.variances
    spread = (1 - variances) * DEVIATION**2 + variances
    return np.sqrt(1 - variances) * DEVIATION**2 / spread


def diffusion(steps, shape, off=0.0):
    """The model; its guesses are too large by `off` deviations of the noise."""
    schedule = schedule_of(steps)
    gains, offsets = gains_of(schedule), off * np.sqrt(schedule.variances)
    return Diffusion(schedule, lambda z, t: gains[t - 1] * z + offsets[t - 1], shape, LEVELS)


def data_of(rng, *shape):
    x = np.rint((rng.normal(0, DEVIATION, shape) + 1) * (LEVELS - 1) / 2)
    return np.clip(x, 0, LEVELS - 1).astype(np.int64)


# Inverses


SHAPES = st.sampled_from([(), (3,), (2, 5), (0,)])


@given(
    stacks(),
    st.sampled_from([1, 4, 7]),
    SHAPES,
    st.sampled_from([*ORDERS.values()]),
    st.integers(0, 99),
)
@settings(max_examples=30)
def test_pushes_and_pops_undo_each_other(stack, steps, shape, order, seed):
    stack = stack if stack.seed is not None else Stack(stack.lanes, seed=seed)
    codec = order(diffusion(steps, shape))
    x = np.random.default_rng(seed).integers(0, LEVELS, shape)
    before = contents(stack)
    codec.push(stack, x)
    assert np.array_equal(codec.pop(stack), x)
    assert contents(stack) == before


@both_orders
@pytest.mark.parametrize("lanes", [1, 3])
def test_samples_are_pushed_back(order, lanes):
    codec, stack = order(diffusion(30, (5, 8))), Stack(lanes, seed=6)
    sample = codec.pop(stack)
    assert sample.shape == (5, 8)
    assert 0.15 < (2 * sample / (LEVELS - 1) - 1).std() < 0.45
    codec.push(stack, sample)
    assert stack == Stack(lanes, seed=6)


@both_orders
@pytest.mark.parametrize("byte", [b"\0", b"\xff", b"\x55"])
def test_initial_bits_that_are_not_random_are_no_trouble(order, byte):
    """Each latent may be as far from its mean as it can be."""
    codec, x = order(diffusion(40, 5)), np.array([0, 63, 30, 31, 2])
    stack = Stack.from_initial_bits(byte * 2000)
    before = contents(stack)
    codec.push(stack, x)
    assert np.array_equal(codec.pop(stack), x)
    assert contents(stack) == before


@both_orders
def test_denoisers_may_be_as_wrong_as_they_like(order):
    codec, x = order(diffusion(5, 3, off=1e6)), np.array([0, 63, 30])
    stack = Stack(seed=0)
    codec.push(stack, x)
    assert np.array_equal(codec.pop(stack), x)
    assert stack == Stack(seed=0)


def test_many_steps():
    codec, x = diffusion(2000, 2).bit_swap(), np.array([20, 50])
    stack = Stack(seed=0)
    codec.push(stack, x)
    assert np.array_equal(codec.pop(stack), x)


GOLDEN = {
    "BB-ANS": (
        "01010200000003000000000000000300000000000000b7245b89200000006296036aa40100a02afe"
        "ff42c40100347eae0a7234e7b07b0b3944634c575e7876df3a06"
    ),
    "Bit-Swap": (
        "010102000000030000000000000002000000000000001009687a690000006dd229dec29362e2eb06"
        "ced9be376c043c020045b4e0d5e8bb20b17fa3af1f1f8fdac23c"
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_messages_never_change(name):
    stack = Stack(2, seed=3)
    codec = ORDERS[name](diffusion(4, 4))
    codec.push(stack, np.array([5, 30, 0, 41]))
    assert stack.to_bytes().hex() == GOLDEN[name]
    assert codec.pop(Stack.from_bytes(bytes.fromhex(GOLDEN[name]))).tolist() == [5, 30, 0, 41]


@both_orders
def test_damaged_messages_are_decoded_or_refused(order):
    codec, rng = order(diffusion(4, 6)), np.random.default_rng(5)
    message = bytearray(encode(data_of(rng, 6), codec))
    damaged = [bytes(message[:end]) for end in range(len(message))]
    for _ in range(100):
        flipped = message.copy()
        flipped[rng.integers(len(message))] ^= 1 << rng.integers(8)
        damaged.append(bytes(flipped))
    for text in damaged:
        try:
            x = decode(text, codec)
        except AnsflowError:
            continue
        assert x.shape == (6,)
        assert 0 <= x.min() <= x.max() < LEVELS


# Gaussians


def test_the_grid_has_the_gaussians_of_the_process():
    """The conditional distribution of z_t given z_t+1 and x, from their joint covariance."""
    schedule = schedule_of(7)
    grid, v = Grid.of(schedule), schedule.variances
    signals = np.sqrt(1 - v)
    for i, step in enumerate(grid.steps):
        below, above = grid.cells[i], grid.cells[i + 1]
        factor = signals[i + 1] / signals[i]
        added = v[i + 1] - factor**2 * v[i]
        assert step.above == i + 2
        assert step.cell_above == above
        assert step.factor * above / below == pytest.approx(factor)
        # Rounding to whole cells adds the rest.
        assert np.hypot(step.deviation_up, 12**-0.5) * above == pytest.approx(np.sqrt(added))
        covariance = factor * v[i]  # of z_t and z_t+1, given x
        gain = covariance / v[i + 1]
        assert step.keep * below / above == pytest.approx(gain)
        assert step.move * below == pytest.approx(signals[i] - gain * signals[i + 1])
        down = np.hypot(step.deviation_down, 12**-0.5) * below
        assert down == pytest.approx(np.sqrt(v[i] - gain * covariance))
    assert grid.signal == signals[0]
    assert np.hypot(grid.deviation, 12**-0.5) * grid.cells[0] == pytest.approx(np.sqrt(v[0]))
    assert np.hypot(grid.spread, 12**-0.5) * grid.cells[-1] == pytest.approx(1)


def test_windows_contain_all_that_can_be_popped():
    """A latent from the edge of one window has the latent that it came from in its own."""
    grid = Grid.of(schedule_of(7))
    for step in grid.steps:
        for z in (-1000, -1, 0, 7, 1000):
            for end in (-step.radius_up + 1, step.radius_up - 1):
                above = np.floor(step.factor * z) + end
                reached = abs(above - step.factor * z) - 0.5 < 8 * step.deviation_up
                assert not reached or abs(z - np.floor(step.back * above)) <= step.radius_down


# Rates


def bound(steps, x, off=0.0):
    """The variational bound in bits, in closed form but for x given z_1, which is by quadrature."""
    schedule = schedule_of(steps)
    v, gains = schedule.variances, gains_of(schedule)
    signals, ratios = np.sqrt(1 - v), (1 - v) / v
    values = (2.0 * x - (LEVELS - 1)) / (LEVELS - 1)
    nats = (signals[-1] ** 2 * values**2 + v[-1] - 1 - np.log(v[-1])) / 2
    for i in range(1, steps):
        error = (values * (1 - gains[i] * signals[i]) - off * np.sqrt(v[i])) ** 2 + gains[
            i
        ] ** 2 * v[i]
        nats = nats + (ratios[i - 1] - ratios[i]) * error / 2
    noise = np.sqrt(1 / ratios[0]) * (LEVELS - 1) / 2
    nodes = np.linspace(-8, 8, 2001)
    logistic = stats.logistic(noise * nodes, noise**2)
    likelihood = np.log(logistic.cdf(0.5) - logistic.cdf(-0.5))
    weights = stats.norm.pdf(nodes)
    return (nats - (weights * likelihood).sum() / weights.sum()).sum() / np.log(2)


def test_the_bound_is_that_of_the_closed_form():
    x = np.clip(data_of(np.random.default_rng(1), 40_000), 1, LEVELS - 2)
    for off in (0.0, 0.3):
        found = diffusion(25, 40_000, off).vlb(x, rng=0)
        assert found == pytest.approx(bound(25, x, off), rel=5e-3)


def net(codec, data, lanes, initial=80_000):
    stack = Stack.from_initial_bits(np.random.default_rng(1).bytes(initial), lanes)
    start = stack.mark()
    for x in data:
        codec.push(stack, x)
    return stack.rates(start).net


@both_orders
@pytest.mark.parametrize("lanes", [1, 64])
def test_data_cost_the_bound(order, lanes):
    """Also if the denoiser is wrong."""
    data = data_of(np.random.default_rng(2), 8, 2000)
    for off in (0.0, 0.3):
        found = net(order(diffusion(25, 2000, off)), data, lanes)
        assert found == pytest.approx(bound(25, data, off), rel=1e-2)  # of so few numbers


@pytest.mark.slow
@both_orders
@pytest.mark.parametrize("steps", [50, 200, 2000])
def test_rates_of_many_steps(order, steps):
    data = data_of(np.random.default_rng(3), max(2, 4000 // steps), 5000)
    for lanes in (1, 64, 1000):
        # BB-ANS pops all latents before it pushes any: each takes less than a byte.
        found = net(order(diffusion(steps, 5000)), data, lanes, steps * 5000)
        assert found == pytest.approx(bound(steps, data), rel=4e-3)


def test_initial_bits_of_bit_swap_do_not_depend_on_the_steps():
    x = data_of(np.random.default_rng(4), 64)

    def initial_bits(codec):
        stack = Stack(seed=0)
        codec.push(stack, x)
        return stack.drawn * 32

    swap = [initial_bits(diffusion(steps, 64).bit_swap()) for steps in (5, 20, 80)]
    assert max(swap) < 10 * 64
    first = [initial_bits(diffusion(steps, 64).bb_ans()) for steps in (5, 20, 80)]
    assert first[2] - first[1] == pytest.approx(64 * 60 * np.log2(4 * 4.13), rel=0.05)  # of entropy
    assert first[0] < first[1]


# What is refused


def test_schedules_that_are_refused():
    for variances in ([], [[0.1]], [0.2, 0.1], [0.1, 0.1], [0.0, 0.1], [0.1, 1.0], [np.nan]):
        with pytest.raises(ModelError, match="schedule"):
            Schedule(variances)
    for first, last in ((0.5, 0.1), (0, 0.5), (0.1, 1.0)):
        with pytest.raises(ModelError, match="must ascend"):
            Schedule.log_linear(3, first, last)
    with pytest.raises(ModelError, match="steps must be"):
        Schedule.log_linear(65537, 0.1, 0.5)
    for variances in ([0.5, np.nextafter(0.5, 1)], [1e-10, 0.5]):
        with pytest.raises(ModelError, match="fewer steps, or steps of more even sizes"):
            Diffusion(Schedule(variances), lambda z, t: z, 3)


def test_data_and_denoisers_that_are_refused():
    codec = diffusion(3, 2).bit_swap()
    for x in ([0, LEVELS], [-1, 0]):
        with pytest.raises(ModelError, match="data must be from 0 to 63"):
            codec.push(Stack(seed=0), x)
    with pytest.raises(ValueError, match="data of shape"):
        codec.push(Stack(seed=0), [1, 2, 3])
    with pytest.raises(TypeError, match="data must be integers"):
        codec.push(Stack(seed=0), [1.0, 2.0])
    for result, error in ((np.zeros(3), ValueError), ([np.nan, 0.0], ModelError)):
        codec = Diffusion(schedule_of(3), lambda z, t, r=result: r, 2, LEVELS).bit_swap()
        with pytest.raises(error):
            codec.push(Stack(seed=0), [1, 2])


def test_latents_that_no_posterior_gives_are_refused():
    """A denoiser so wrong that what it gives was never popped."""
    wrong = Diffusion(schedule_of(3), lambda z, t: z + 1e3, 4, LEVELS)
    with pytest.raises(CorruptDataError, match="posterior"):
        wrong.bit_swap().pop(Stack(seed=0))
