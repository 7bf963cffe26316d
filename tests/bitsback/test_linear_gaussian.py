"""Linear-Gaussian models: inverses, and rates against their closed form."""

import numpy as np
import pytest
from scipy import stats

from ansflow.bitsback import LinearGaussian, Stack, StateSpace
from ansflow.errors import ModelError


def turning(cell=0.25):
    """Two latents that go round, seen from three sides."""
    c, s = 0.97 * np.cos(0.3), 0.97 * np.sin(0.3)
    return {
        "transition_matrix": [[c, -s], [s, c]],
        "transition_scale": [1.0, 0.5],
        "emission_matrix": [[8.0, 3.0], [0.0, 6.0], [5.0, -5.0]],
        "emission_scale": [10.0, 12.0, 9.0],
        "prior_scale": [4.0, 3.0],
        "low": -1000,
        "high": 1000,
        "cell": cell,
    }


def drawn(parameters, length, rng):
    matrices = (np.array(parameters[f"{name}_matrix"]) for name in ("transition", "emission"))
    transition, emission = matrices
    z = rng.normal(0, parameters["prior_scale"])
    items = []
    for _ in range(length):
        items.append(np.rint(rng.normal(emission @ z, parameters["emission_scale"])).astype(int))
        z = rng.normal(transition @ z, parameters["transition_scale"])
    return items


def test_linear_gaussian_models_cost_their_closed_form():
    parameters = turning()
    model = LinearGaussian(**parameters)
    items = drawn(parameters, 150, np.random.default_rng(10))
    codec, stack = StateSpace(model, 150), Stack(seed=0)
    start = stack.mark()
    codec.push(stack, items)
    assert stack.rates(start).net == pytest.approx(model.bits(items), rel=1e-3)
    assert stack.drawn <= 2  # a word for each latent of the last step
    assert all(np.array_equal(x, y) for x, y in zip(codec.pop(stack), items, strict=True))
    assert stack == Stack(seed=0)


def test_the_closed_form_is_the_density_of_all_items_together():
    parameters = turning()
    length = 6
    transition, emission = (np.array(parameters[f"{n}_matrix"]) for n in ("transition", "emission"))
    noise = {
        name: np.diag(np.square(parameters[f"{name}_scale"]))
        for name in ("prior", "transition", "emission")
    }
    variances = [noise["prior"]]
    for _ in range(length - 1):
        variances.append(transition @ variances[-1] @ transition.T + noise["transition"])
    covariance = np.empty((length, 3, length, 3))
    for s in range(length):
        for t in range(s, length):
            between = variances[s] @ np.linalg.matrix_power(transition, t - s).T
            covariance[s, :, t] = emission @ between @ emission.T
            covariance[t, :, s] = covariance[s, :, t].T
        covariance[s, :, s] += noise["emission"]
    items = drawn(parameters, length, np.random.default_rng(11))
    density = stats.multivariate_normal(cov=covariance.reshape(3 * length, -1))
    bits = -density.logpdf(np.concatenate(items)) / np.log(2)
    assert LinearGaussian(**parameters).bits(items) == pytest.approx(bits, rel=1e-10)


@pytest.mark.parametrize("lanes", [1, 3])
def test_samples_of_linear_gaussian_models_are_pushed_back(lanes):
    codec = StateSpace(LinearGaussian(**turning()), 12)
    stack = Stack.from_initial_bits(np.random.default_rng(13).bytes(4000), lanes)
    before = stack.copy()
    codec.push(stack, codec.pop(stack))
    assert stack == before


class Wrong(LinearGaussian):
    """Latents are popped 0.15 deviations beside where they should be, and 1.25 times as wide."""

    def _latents(self, means, scales, full_support=True):
        if not full_support:  # one, under its posterior
            means, scales = means + 0.15 * scales, 1.25 * scales
        return super()._latents(means, scales, full_support)


def test_a_wrong_posterior_costs_its_divergence_and_no_more():
    parameters = {
        "transition_matrix": [[0.95]],
        "transition_scale": [1.0],
        "emission_matrix": [[1.0]],
        "emission_scale": [2.0],
        "prior_scale": [3.0],
    }
    length, model = 1000, Wrong(**parameters, low=-60, high=60, cell=0.2)
    items = drawn(parameters, length, np.random.default_rng(0))
    codec, stack = StateSpace(model, length), Stack(seed=0)
    start = stack.mark()
    codec.push(stack, items)
    divergence = ((1.25**2 + 0.15**2 - 1) / 2 - np.log(1.25)) / np.log(2)  # of each latent
    excess = (stack.rates(start).net - model.bits(items)) / length
    assert excess == pytest.approx(divergence, abs=0.05)
    assert np.array_equal(codec.pop(stack), items)
    assert stack == Stack(seed=0)


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("cell", [0.3, [4.0, 0.02]])
def test_linear_gaussian_models_code_anything(lanes, cell):
    """Also what they do not expect, and latents in cells that are much too large or small."""
    codec = StateSpace(LinearGaussian(**turning(cell), reach=60), 12)
    rng = np.random.default_rng(12)
    for items in (rng.integers(-1000, 1001, (12, 3)), np.full((12, 3), 1000)):
        stack = Stack(lanes, seed=0)
        codec.push(stack, items)
        assert np.array_equal(codec.pop(stack), items)
        assert stack == Stack(lanes, seed=0)


def test_linear_gaussian_models_are_checked():
    for name, value in (
        ("transition_matrix", np.eye(3)),
        ("transition_matrix", [[np.nan, 0], [0, 1]]),
        ("emission_matrix", [1.0, 2.0]),
        ("emission_matrix", np.ones((3, 3))),
        ("emission_scale", [1.0, 2.0]),
        ("transition_scale", [0.0, 1.0]),
        ("prior_scale", [1.0, np.inf]),
        ("cell", [1.0, -1.0]),
        ("reach", 0),
    ):
        with pytest.raises(ModelError, match=name):
            LinearGaussian(**turning() | {name: value})
    codec = StateSpace(LinearGaussian(**turning()), 1)
    with pytest.raises(ValueError, match="an item has shape"):
        codec.push(Stack(seed=0), [[1, 2]])
    with pytest.raises(TypeError, match="items must be integers"):
        codec.push(Stack(seed=0), [[1.0, 2.0, 3.0]])
