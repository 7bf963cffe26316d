"""Networks from torch do what the modules do, and what breaks the contract is refused."""

import sys

import numpy as np
import pytest

from ansflow.bitsback.nets import Convolution, Dense, Graph, Network, from_torch
from ansflow.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")
nn, functional = torch.nn, torch.nn.functional

# A few roundings of activations, to units of 2^-12, and of weights, one after the other.
TOLERANCE = 3e-3


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def samples(*shape):
    return np.random.default_rng(0).random(shape)


def check(module, *inputs, **options):
    """The network, whose results are close to those of the module, as the report says."""
    exported = from_torch(module, *inputs, **options)
    network = exported.network
    moved = [np.moveaxis(x, 1, -1) for x in inputs]
    if isinstance(network, Graph):
        results = network(**dict(zip(network.inputs, moved, strict=True)))
    else:
        results = {"output": network(*moved)}
    with torch.no_grad():
        expected = module.eval().double()(*map(torch.tensor, inputs))
    if isinstance(expected, torch.Tensor):
        expected = {"output": expected}
    elif isinstance(expected, tuple):
        expected = {f"output_{i}": value for i, value in enumerate(expected)}
    largest = {}
    for name, value in expected.items():
        difference = results[name] / 4096 - np.moveaxis(value.numpy(), 1, -1)
        largest[name] = np.abs(difference).max()
    found = {d.result: d.largest for d in exported.report.deviations}
    assert found == pytest.approx(largest)
    assert exported.report.largest == max(found.values()) < TOLERANCE
    return exported


IMAGES = (2, 4, 6, 5)
VECTORS = (7, 12)

MODULES = {
    "linear": (nn.Linear(12, 5), VECTORS),
    "linear without bias": (nn.Linear(12, 5, bias=False), VECTORS),
    "convolution": (nn.Conv2d(4, 3, (3, 5), padding=(1, 2)), IMAGES),
    "same": (nn.Conv2d(4, 3, 3, padding="same", bias=False), IMAGES),
    "strided": (nn.Conv2d(4, 3, 5, stride=3, padding=2), IMAGES),
    "transposed, even": (nn.ConvTranspose2d(4, 3, 4, 2, 1), IMAGES),
    "transposed, odd": (nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1), IMAGES),
    "transposed, in squares": (nn.ConvTranspose2d(4, 3, 3, 3, bias=False), IMAGES),
    "transposed, wide": (nn.ConvTranspose2d(4, 3, 7, 2, 3, output_padding=1), IMAGES),
    "transposed, stride 1": (nn.ConvTranspose2d(4, 3, 5, 1, 2), IMAGES),
    "relu": (nn.ReLU(), VECTORS),
    "elu": (nn.ELU(), IMAGES),
    "gelu": (nn.GELU(), IMAGES),
    "silu": (nn.SiLU(), IMAGES),
    "softplus": (nn.Softplus(), IMAGES),
    "shuffle": (nn.PixelShuffle(2), IMAGES),
    "unshuffle": (nn.PixelUnshuffle(3), (2, 2, 6, 9)),
    "upsample": (nn.Upsample(scale_factor=3), IMAGES),
    "weight norm": (
        nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 3, 3, padding=1)),
        IMAGES,
    ),
    "weight norm, transposed": (
        nn.utils.parametrizations.weight_norm(nn.ConvTranspose2d(4, 3, 2, 2, bias=False)),
        IMAGES,
    ),
    "weight norm of a flattened image": (
        nn.Sequential(
            nn.Flatten(),
            nn.utils.parametrizations.weight_norm(nn.Linear(120, 4)),
            nn.Unflatten(1, (2, 1, 2)),
        ),
        IMAGES,
    ),
    "an image flattened": (
        nn.Sequential(nn.Conv2d(4, 3, 1), nn.Flatten(), nn.ELU(), nn.Linear(90, 7), nn.ReLU()),
        IMAGES,
    ),
    "vectors to images": (
        nn.Sequential(nn.Linear(12, 24), nn.SiLU(), nn.Unflatten(1, (4, 3, 2)), nn.Conv2d(4, 2, 1)),
        VECTORS,
    ),
    "vectors flattened": (nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), VECTORS),
    "dropout": (nn.Sequential(nn.Dropout(0.5), nn.Conv2d(4, 4, 1), nn.Identity()), IMAGES),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    module, shape = MODULES[name]
    check(module, samples(*shape) * 4 - 2)


def test_older_weight_norm():
    module = nn.Conv2d(4, 3, 3, padding=1)
    with pytest.warns(FutureWarning):
        nn.utils.weight_norm(module)
    module.weight_g.data *= 1.5
    check(module, samples(*IMAGES))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.inner = nn.Sequential(
            nn.ELU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ELU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )  # fmt: skip

    def forward(self, x):
        return x + self.inner(x)


class Level(nn.Module):
    """What a level of a hierarchy has: features of the image and of the level above."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(12, 8, 3, stride=2, padding=1)
        self.time = nn.Linear(5, 8)
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.up = nn.ConvTranspose2d(8, 8, 4, 2, 1)
        self.last = nn.Conv2d(20, 16, 1)

    def forward(self, image, time):
        cells = functional.pixel_unshuffle(image, 2)
        h = self.down(cells) + self.time(time)[:, :, None, None]
        h = torch.relu(self.blocks(h))
        both = torch.cat([cells, self.up(h)], dim=1)
        first, second = functional.gelu(self.last(both)).chunk(2, dim=1)
        means, rest = second.split([2, 6], 1)
        return {"means": means, "scales": functional.softplus(rest), "pixels": first.relu()}


def test_a_module_of_many_inputs_and_results():
    exported = check(Level(), samples(2, 3, 8, 12), samples(2, 5), any_size=True)
    graph = exported.network
    assert list(graph.outputs) == ["means", "scales", "pixels"]
    assert graph.inputs == {"image": (None, None, 3), "time": (5,)}
    text = str(exported.report)
    assert all(name in text for name in ("means", "scales", "pixels", "largest deviation"))
    shapes = [m.weights for m in exported.report.multiplications]
    assert shapes.count((3, 3, 8, 8)) == 4
    assert all(m.sums == 1 for m in exported.report.multiplications)
    larger = graph(image=np.ones((1, 16, 20, 3)), time=np.zeros((1, 5)))
    assert larger["means"].shape == (1, 8, 10, 2)


def test_results_in_a_tuple_and_names_that_meet():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.output_1 = nn.Conv2d(4, 4, 1)
            self.other = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            return self.output_1(x), self.other(x)

    exported = check(Two(), samples(*IMAGES))
    assert exported.network.outputs == ("output_0", "output_1")


def test_a_sequence_is_a_network_whose_layers_rectify():
    module = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 2, 1))
    exported = check(module, samples(*IMAGES))
    network = exported.network
    assert isinstance(network, Network)
    assert [type(layer) for layer in network.layers] == [Convolution, Convolution]
    assert [layer.relu for layer in network.layers] == [True, False]
    assert network.input_shape == (6, 5, 4)
    free = from_torch(module, samples(*IMAGES), any_size=True)
    assert free.network.input_shape == (None, None, 4)
    assert (
        len(
            {
                free.fingerprint,
                exported.fingerprint,
                from_torch(module, -samples(*IMAGES)).fingerprint,
            }
        )
        == 2
    )


def test_a_result_that_is_needed_twice_is_not_rectified():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(12, 12)

        def forward(self, x):
            h = self.layer(x)
            return h + functional.relu(h)

    check(Twice(), samples(*VECTORS) * 4 - 2)


def test_weights_are_as_fine_as_sums_of_32_bits_allow():
    module = nn.Conv2d(64, 64, 3, padding=1)
    for scale, sums in ((1.0, 1), (6.0, 1), (7.0, 2), (100.0, 2)):
        x = samples(1, 64, 4, 4)
        exported = from_torch(module, x / x.max() * scale)
        (multiplication,) = exported.report.multiplications
        assert multiplication.sums == sums
        assert multiplication.largest_input == pytest.approx(scale)
        (layer,) = exported.network.layers
        if sums == 1:
            assert layer.sums(1.25 * scale) == 1
        assert layer.sums(2 * scale) <= 2
        assert exported.report.largest < 5e-3 * scale
        finest = from_torch(module, x / x.max() * scale, fast=False)
        assert finest.report.largest < exported.report.largest
        assert 2 <= finest.report.multiplications[0].sums <= 4


def test_a_module_stays_as_it_is():
    module = nn.Sequential(nn.Linear(12, 3), nn.Dropout()).train()
    before = module[0].weight.clone()
    from_torch(module, samples(*VECTORS))
    assert module.training
    assert module[0].weight.dtype == torch.float32
    assert torch.equal(module[0].weight, before)


class Function(nn.Module):
    def __init__(self, function, *modules):
        super().__init__()
        self.modules_ = nn.ModuleList(modules)
        self.function = function
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.function(self, x)


UNSUPPORTED = {
    "another module": nn.MaxPool2d(2),
    "batch norm": nn.BatchNorm2d(4),
    "even kernel": nn.Conv2d(4, 3, 2, padding=1),
    "no padding": nn.Conv2d(4, 3, 3),
    "two strides": nn.Conv2d(4, 3, 3, stride=(1, 2), padding=1),
    "groups": nn.Conv2d(4, 4, 3, padding=1, groups=2),
    "dilation": nn.Conv2d(4, 4, 3, padding=2, dilation=2),
    "padding with other values": nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
    "transposed to another size": nn.ConvTranspose2d(4, 3, 3, 2, 1),
    "transposed with two strides": nn.ConvTranspose2d(4, 3, 3, (1, 2), 1, output_padding=(0, 1)),
    "another ELU": nn.ELU(2.0),
    "another GELU": nn.GELU("tanh"),
    "another softplus": nn.Softplus(2.0),
    "smooth upsampling": nn.Upsample(scale_factor=2, mode="bilinear"),
    "upsampling by a fraction": nn.Upsample(scale_factor=1.5),
    "flat results": nn.Sequential(nn.Conv2d(4, 3, 1), nn.Flatten()),
    "flat tensors that are joined": Function(lambda _, x: torch.cat([x.flatten(1)] * 2, 1)),
    "flattened with the batch": Function(lambda _, x: x.flatten()),
    "images of nothing": nn.Sequential(nn.Flatten(), nn.Unflatten(1, (4, 6, 5))),
    "sums of a number": Function(lambda _, x: x + 1),
    "products": Function(lambda _, x: x * x),
    "parameters": Function(lambda self, x: x + self.scale),
    "joined rows": Function(lambda _, x: torch.cat([x, x], 2)),
    "split rows": Function(lambda _, x: x.chunk(2, 3)[0]),
    "items": Function(lambda _, x: x[:, :2]),
    "scaled sums": Function(lambda _, x: torch.add(x, x, alpha=2)),
    "results twice": Function(lambda self, x: (self.modules_[0](x),) * 2, nn.ReLU()),
    "the input": Function(lambda _, x: x),
    "weights too large": Function(lambda self, x: self.modules_[0](x), nn.Conv2d(4, 1, 1)),
}
with torch.no_grad():
    UNSUPPORTED["weights too large"].modules_[0].weight.fill_(500.0)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_not_supported(name):
    with pytest.raises(ModelError):
        from_torch(UNSUPPORTED[name], samples(*IMAGES) + 1)


@pytest.mark.parametrize("shapes", [(), ((0, 12),)])
def test_no_samples(shapes):
    with pytest.raises(ValueError, match="samples"):
        from_torch(nn.Linear(12, 2), *(samples(*shape) for shape in shapes))


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        from_torch(None, np.zeros((1, 3)))


def test_activations_that_would_be_cut_off():
    with pytest.raises(ModelError, match=r"^activations must be .* of 'x' reach 3000$"):
        from_torch(Function(lambda _, x: functional.elu(x)), np.full((1, 4, 2, 2), 3000.0))


def test_images_of_any_size_cannot_be_flattened():
    module = nn.Sequential(nn.Flatten(), nn.Linear(120, 2))
    with pytest.raises(ModelError):
        from_torch(module, samples(*IMAGES), any_size=True)


def test_dense_layers_are_quantized_alike():
    module = nn.Linear(12, 5)
    (layer,) = from_torch(module, samples(*VECTORS)).network.layers
    weight, bias = (v.detach().double().numpy() for v in (module.weight, module.bias))
    expected = Dense.quantized(weight.T, bias, False, largest_input=2 * samples(*VECTORS).max())
    assert layer.shift == expected.shift
    assert np.array_equal(layer.weights, expected.weights)
