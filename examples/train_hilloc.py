"""Train the model of photographs that `ansflow.bitsback.models.hilloc` codes with.

It takes torch, scikit-image, scikit-learn and Pillow, and the photographs that these and some other
packages contain: whichever of them are installed. `chelsea` and `coffee` of scikit-image, which
`hilloc_photos.py` compresses, are never trained on.

    python train_hilloc.py --minutes 120 --checkpoint hilloc.pt --out photographs.npz

A run goes on from its checkpoint if there is one, with the learning rate of a new one; seeds are
fixed, but how many steps there are depends on the time.
"""

from __future__ import annotations

import argparse
import math
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from ansflow.bitsback import Buckets
from ansflow.bitsback.models.colours import ColourPixels
from ansflow.bitsback.models.hilloc import HiLLoC
from ansflow.bitsback.models.octave import Octave as HiLLoCOctave
from ansflow.bitsback.models.pixels import GreyPixels
from ansflow.bitsback.nets import Graph, from_torch

# Photographs in packages, and how far they are scaled down: JPEG leaves traces.
PHOTOGRAPHS = {
    "skimage/data/astronaut.png": (0.4, 1.0),
    "skimage/data/color.png": (0.6, 1.0),
    "skimage/data/hubble_deep_field.jpg": (0.3, 0.6),
    "skimage/data/ihc.png": (0.5, 1.0),
    "skimage/data/motorcycle_left.png": (0.4, 1.0),
    "skimage/data/motorcycle_right.png": (0.4, 1.0),
    "skimage/data/retina.jpg": (0.25, 0.5),
    "skimage/data/rocket.jpg": (0.4, 0.75),
    "sklearn/datasets/images/china.jpg": (0.4, 0.8),
    "sklearn/datasets/images/flower.jpg": (0.4, 0.8),
    "scipy/misc/face.dat": (0.3, 1.0),
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg": (0.4, 0.75),
    "gradio/media_assets/images/cheetah.jpg": (0.4, 0.75),
    "gradio/media_assets/images/groot.jpeg": (0.4, 0.75),
    "gradio/media_assets/images/tower.jpg": (0.4, 0.75),
    "gradio/media_assets/images/lion.jpg": (0.5, 0.75),
    "gradio/test_data/cheetah2.jpg": (0.3, 0.6),
    "ultralytics/assets/bus.jpg": (0.3, 0.6),
    "ultralytics/assets/zidane.jpg": (0.25, 0.5),
    "imgaug/quokka.jpg": (0.3, 0.6),
}
HELD_OUT = "quokka.jpg", "lion.jpg"

# Channels of features, of deep ones and of latents, layers of latents, residual blocks.
SIZES = {"width": 64, "deep": 64, "latents": 2, "layers": 2, "blocks": 2, "head": 1}

COMPONENTS = 3
BUCKET_BITS = 6
PARAMETERS = 9 * COMPONENTS + 3
LOG2_SCALES = -3.0, 8.0
LOG2_STDS = -6.0, 1.0


# The model


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.elu(self.first(functional.elu(x))))


class Trunk(nn.Module):
    """Features of the coarse image."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))

    def forward(self, coarse: Tensor) -> Tensor:
        return self.blocks(self.stem(coarse))


class Inference(nn.Module):
    """From the bottom up: features of the coarse image and the two phases that have latents."""

    def __init__(self, deep: int) -> None:
        super().__init__()
        self.unshuffle = nn.PixelUnshuffle(2)
        self.stem = nn.Conv2d(4 * 10, deep, 3, padding=1)
        self.block = Block(deep)

    def forward(self, fine: Tensor) -> Tensor:
        return self.block(self.stem(self.unshuffle(fine)))


class First(nn.Module):
    """The prior of the top layer of latents, and features."""

    def __init__(self, width: int, deep: int, latents: int) -> None:
        super().__init__()
        self.unshuffle = nn.PixelUnshuffle(2)
        self.down = nn.Conv2d(4 * width, deep, 1)
        self.block = Block(deep)
        self.prior = nn.Conv2d(deep, 2 * latents, 1)

    def forward(self, trunk: Tensor) -> dict[str, Tensor]:
        features = self.block(self.down(self.unshuffle(trunk)))
        return {"features": features, "prior": self.prior(functional.elu(features))}


class Next(nn.Module):
    """The prior of the next layer of latents, given those of the layer above, and features."""

    def __init__(self, deep: int, latents: int) -> None:
        super().__init__()
        self.given = nn.Conv2d(latents, deep, 1)
        self.block = Block(deep)
        self.prior = nn.Conv2d(deep, 2 * latents, 1)

    def forward(self, above: Tensor, latents: Tensor) -> dict[str, Tensor]:
        features = self.block(above + self.given(latents))
        return {"features": features, "prior": self.prior(functional.elu(features))}


class Posterior(nn.Module):
    """Of a layer of latents, relative to the prior."""

    def __init__(self, deep: int, latents: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2 * deep, deep, 1)
        self.second = nn.Conv2d(deep, 2 * latents, 3, padding=1)
        # Narrow at first, so that the latents tell something from the beginning.
        nn.init.constant_(self.second.bias[latents:], -3.0)

    def forward(self, features: Tensor, inferred: Tensor) -> Tensor:
        return self.second(
            functional.elu(self.first(functional.elu(torch.cat([features, inferred], 1))))
        )


class Last(nn.Module):
    """Features of the coarse image and of all latents."""

    def __init__(self, width: int, deep: int, latents: int) -> None:
        super().__init__()
        self.given = nn.Conv2d(latents, deep, 1)
        self.up = nn.Conv2d(deep, 4 * width, 1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, trunk: Tensor, above: Tensor, latents: Tensor) -> Tensor:
        return trunk + self.shuffle(self.up(functional.elu(above + self.given(latents))))


class Head(nn.Module):
    """Parameters of a phase's pixels, from features and the pixels known."""

    def __init__(self, width: int, phase: int, blocks: int) -> None:
        super().__init__()
        self.pixels = nn.Conv2d(4 + 3 * phase, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.out = nn.Conv2d(width, PARAMETERS, 1)
        self.linear = nn.Conv2d(4 + 3 * phase, PARAMETERS, 3, padding=1)
        start(self.out, self.linear, phase)

    def forward(self, features: Tensor, known: Tensor) -> Tensor:
        return self.out(functional.elu(self.blocks(features + self.pixels(known)))) + self.linear(
            known
        )


# Neighbours of a pixel: the phase that they belong to (coarse 0, then as coded), row and column.
NEIGHBOURS = [
    [(0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 2, 2)],
    [(0, 1, 1), (0, 1, 2), (1, 0, 1), (1, 1, 1)],
    [(0, 1, 1), (0, 2, 1), (1, 1, 0), (1, 1, 1)],
]


@torch.no_grad()
def start(out: nn.Conv2d, linear: nn.Conv2d, phase: int) -> None:
    """Start with the mean of four neighbours, and differences of colours."""
    for layer in (out, linear):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    for colour in range(3):
        k = 3 * COMPONENTS * colour
        means = slice(k + COMPONENTS, k + 2 * COMPONENTS)
        channel = (1, 0, 2)[colour]
        for part, row, column in NEIGHBOURS[phase]:
            at = channel if part == 0 else 4 + 3 * (part - 1) + channel
            linear.weight[means, at, row, column] = 1.0
        linear.bias[means] = 8.0
        spread = torch.linspace(-0.02, 0.02, COMPONENTS)
        linear.bias[means] += spread
        linear.bias[k + 2 * COMPONENTS : k + 3 * COMPONENTS] = torch.linspace(0.5, 3.5, COMPONENTS)
    linear.bias[-3:] = torch.tensor([1.0, 0.5, 0.5])


class Octave(nn.Module):
    """An image given the one of every second row and column."""

    def __init__(self, width: int, deep: int, latents: int, layers: int, blocks: int, head: int):
        super().__init__()
        self.trunk = Trunk(width, blocks)
        self.inference = Inference(deep)
        above = [Next(deep, latents) for _ in range(layers - 1)]
        self.priors = nn.ModuleList([First(width, deep, latents), *above])
        self.posteriors = nn.ModuleList([Posterior(deep, latents) for _ in range(layers)])
        self.last = Last(width, deep, latents)
        self.heads = nn.ModuleList([Head(width, phase, head) for phase in range(3)])

    def forward(self, fine: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Bits of each layer's latents, and of pixels, of images uint8 of (n, 3, height, width)."""
        values = fine.float()
        phases = [values[:, :, i::2, j::2] for i, j in ((0, 0), (1, 1), (0, 1), (1, 0))]
        plane = level.view(-1, 1, 1, 1).expand(-1, 1, *phases[0].shape[2:])
        known = torch.cat([(phases[0] - 128) / 64, plane], 1)
        inputs = [known]
        for values in phases[1:3]:
            inputs.append(torch.cat([inputs[-1], (values - 128) / 64], 1))
        trunk = self.trunk(known)
        inferred = self.inference(inputs[2])
        divergences = []
        above: tuple[Tensor, ...] = (trunk,)
        for i, prior in enumerate(self.priors):
            found = prior(*above)
            features = found["features"]
            mean, log2_std = found["prior"].float().chunk(2, 1)
            shift, log2_ratio = self.posteriors[i](features, inferred).float().chunk(2, 1)
            std, ratio = (torch.exp2(x.clamp(*LOG2_STDS)) for x in (log2_std, log2_ratio))
            own = (shift**2 + ratio**2 - 1) / 2 - torch.log(ratio)
            divergences.append(own.sum((1, 2, 3)) / math.log(2))
            above = features, mean + std * (shift + ratio * torch.randn_like(shift))
        given = self.last(trunk, *above)
        bits = torch.zeros(len(fine))
        for i, head in enumerate(self.heads):
            params = head(trunk if i == 2 else given, inputs[i])
            bits = bits + phase_bits(params.float(), phases[i + 1])
        return torch.stack(divergences), bits


def phase_bits(params: Tensor, pixels: Tensor) -> Tensor:
    """Bits of pixels, (n, 3, h, w), under mixtures of discretised logistics, green first."""
    *colours, coefficients = params.split([3 * COMPONENTS] * 3 + [3], 1)
    left = []  # what the first component's mean leaves of the colours before
    bits = torch.zeros(len(pixels))
    for colour, channel in enumerate((1, 0, 2)):
        logits, means, log2_scales = colours[colour].chunk(3, 1)
        x = pixels[:, channel : channel + 1]
        means = 16 * means
        if colour == 1:
            means = means + coefficients[:, :1] * left[0]
        elif colour == 2:
            means = means + coefficients[:, 1:2] * left[0] + coefficients[:, 2:] * left[1]
        left.append(x - means[:, :1])
        scales = torch.exp2(-log2_scales.clamp(*LOG2_SCALES))
        upper, lower = (x + 0.5 - means) * scales, (x - 0.5 - means) * scales
        upper = torch.where(x == 255, torch.full_like(upper, 1e4), upper)
        lower = torch.where(x == 0, torch.full_like(lower, -1e4), lower)
        # log(sigmoid(b) - sigmoid(a)), without differences of numbers near 1
        gap = upper - lower
        log_p = (
            functional.logsigmoid(upper)
            + functional.logsigmoid(-lower)
            + torch.log(-torch.expm1(-gap))
        )
        mixed = torch.logsumexp(log_p + functional.log_softmax(logits * math.log(2), 1), 1)
        # Each pixel has a slot of 2^24 at least.
        mixed = torch.logaddexp(mixed, torch.full_like(mixed, -24 * math.log(2)))
        bits = bits - mixed.sum((1, 2)) / math.log(2)
    return bits


# The photographs


def photographs(folder: Path | None) -> dict[str, tuple[Image.Image, tuple[float, float]]]:
    found = {}
    for path, scales in PHOTOGRAPHS.items():
        package, _, inside = path.partition("/")
        spec = find_spec(package)
        places = [Path(p) / inside for p in (spec.submodule_search_locations or [])] if spec else []
        if folder is not None:
            places.append(folder / path)
        for place in places:
            if place.exists():
                found[place.name] = opened(place), scales
                break
    return found


def opened(path: Path) -> Image.Image:
    if path.suffix == ".dat":  # as SciPy 1.9 had it
        import bz2

        pixels = np.frombuffer(bz2.decompress(path.read_bytes()), np.uint8)
        return Image.fromarray(pixels.reshape(768, 1024, 3))
    return Image.open(path).convert("RGB")


def scaled(image: Image.Image, scale: float, filter: int = Image.Resampling.BICUBIC) -> np.ndarray:
    if scale < 1:
        size = tuple(max(64, round(side * scale)) for side in image.size)
        image = image.resize(size, filter)
    return np.asarray(image)


class Patches:
    """Batches of random pieces of photographs, in all sizes."""

    def __init__(self, images: list, rng: np.random.Generator) -> None:
        self.images, self.rng = images, rng
        self.weights = np.array([(i.size[0] * i.size[1] * s[1] ** 2) ** 0.5 for i, s in images])
        self.weights /= self.weights.sum()
        self.pool: list[np.ndarray] = []

    def refill(self) -> None:
        rng = self.rng
        filters = Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX
        for i in rng.choice(len(self.images), 4, p=self.weights):
            image, (least, most) = self.images[i]
            scale = most if rng.random() < 0.3 else rng.uniform(least, most)
            self.pool.append(scaled(image, scale, filters[rng.integers(3)]))
        self.pool = self.pool[-24:]

    def batch(self, count: int, size: int) -> tuple[Tensor, Tensor]:
        rng = self.rng
        pieces, levels = [], []
        while len(pieces) < count:
            image = self.pool[rng.integers(len(self.pool))]
            level = int(rng.choice(3, p=(0.76, 0.17, 0.07)))
            step = 1 << level
            if min(image.shape[:2]) < size * step:
                continue
            y, x = (rng.integers(n - size * step + 1) for n in image.shape[:2])
            piece = image[y : y + size * step : step, x : x + size * step : step]
            if rng.random() < 0.5:
                piece = piece[:, ::-1]
            if rng.random() < 0.25:
                piece = piece[::-1]
            if rng.random() < 0.25:
                piece = piece.swapaxes(0, 1)
            if rng.random() < 0.25:
                piece = piece[..., rng.permutation(3)]
            pieces.append(piece)
            levels.append(1.0 if level == 0 else 0.5)
        batch = np.ascontiguousarray(np.stack(pieces).transpose(0, 3, 1, 2))
        return torch.from_numpy(batch), torch.tensor(levels)


@torch.no_grad()
def rate_of(octave: Octave, image: np.ndarray) -> tuple[float, float]:
    """Bits a subpixel of an image, and what latents take of them; borders are cut off."""
    total, latent, size, level = 0.0, 0.0, 0, 1.0
    while min(image.shape[:2]) > 16:
        image = image[: image.shape[0] // 4 * 4, : image.shape[1] // 4 * 4]
        size = size or image.size
        batch = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
        kl, bits = octave(batch, torch.tensor([level]))
        total, latent = total + float(kl.sum() + bits), latent + float(kl.sum())
        image, level = image[::2, ::2], 0.5
    return (total + 8 * image.size) / size, latent / size


# The model in fixed point


@torch.no_grad()
def exported(octave: Octave, name: str, batches: list[tuple[Tensor, Tensor]]) -> HiLLoC:
    """The same networks in integers. The batches show how large activations become."""
    octave.eval()
    seen: dict[nn.Module, list[tuple[Tensor, ...]]] = {}
    parts = {"trunk": octave.trunk, "inference": octave.inference, "last": octave.last}
    for kind in ("prior", "posterior", "head"):
        parts |= {f"{kind}-{i}": part for i, part in enumerate(getattr(octave, f"{kind}s"))}
    hooks = [
        part.register_forward_pre_hook(lambda part, args: seen.setdefault(part, []).append(args))
        for part in parts.values()
    ]
    for batch, levels in batches:
        octave(batch, levels)
    for hook in hooks:
        hook.remove()
    graphs = {}
    for key, part in parts.items():
        samples = [torch.cat(column) for column in zip(*seen[part], strict=True)]
        made = from_torch(part, *samples, any_size=True)
        assert isinstance(made.network, Graph)
        graphs[key] = made.network
        sums = sum(m.sums for m in made.report.multiplications) / len(made.report.multiplications)
        print(f"{key}: largest deviation {made.report.largest:.4f}, sums {sums:.1f}")
    layers = range(len(octave.priors))
    return HiLLoC(
        name,
        HiLLoCOctave(
            trunk=graphs["trunk"],
            inference=graphs["inference"],
            priors=tuple(graphs[f"prior-{i}"] for i in layers),
            posteriors=tuple(graphs[f"posterior-{i}"] for i in layers),
            last=graphs["last"],
            heads=tuple(graphs[f"head-{i}"] for i in range(3)),
            buckets=Buckets(BUCKET_BITS),
            pixels=ColourPixels(GreyPixels(COMPONENTS, 24)),
        ),
    )


# Training


class Training:
    """Networks, the mean of their weights over the last steps, and how far training has come.

    In the first 300 steps latents are cheap; up to the 2,000th, `FREE` bits a subpixel of each
    layer are free. Otherwise the pixels learn to do without latents before these say anything.
    """

    CHEAP, HELPED, FREE = 300, 2000, 0.01

    def __init__(self, checkpoint: Path, sizes: dict[str, int], rate: float, bf16: bool) -> None:
        self.checkpoint, self.sizes, self.rate, self.bf16 = checkpoint, sizes, rate, bf16
        self.octave = Octave(**sizes).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.octave.parameters(), rate, (0.9, 0.99))
        self.average = {k: v.clone() for k, v in self.octave.state_dict().items()}
        self.steps = 0
        if checkpoint.exists():
            saved = torch.load(checkpoint)
            self.octave.load_state_dict(saved["octave"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average, self.steps = saved["average"], saved["step"]

    def save(self) -> None:
        saved = {"octave": self.octave.state_dict(), "average": self.average, "step": self.steps}
        saved |= {"optimizer": self.optimizer.state_dict(), "sizes": self.sizes}
        new = self.checkpoint.with_suffix(".new")
        torch.save(saved, new)
        new.rename(self.checkpoint)

    def averaged(self) -> Octave:
        octave = Octave(**self.sizes)
        octave.load_state_dict(self.average)
        return octave

    def step(self, batch: Tensor, levels: Tensor, done: float) -> float:
        """Learn from a batch, when so much of the time is over; its bits a subpixel."""
        rate = self.rate * min(1.0, (self.steps + 1) / 100) * (0.02 + 0.98 * (1 - done**2))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            kl, bits = self.octave(batch, levels)
        subpixels = batch.numel() / len(batch) * 3 / 4
        price = min(1.0, 0.02 + self.steps / self.CHEAP)
        free = self.FREE * subpixels * max(0.0, 1 - self.steps / self.HELPED)
        loss = price * torch.clamp(kl.mean(1), min=free).sum() + bits.mean()
        self.optimizer.zero_grad()
        (loss / subpixels).backward()
        norm = nn.utils.clip_grad_norm_(self.octave.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.steps += 1
        decay = min(0.998, 1 - 10 / (self.steps + 10))
        for name, values in self.octave.state_dict().items():
            self.average[name].lerp_(values, 1 - decay)
        return float((kl.detach().sum(0) + bits.detach()).mean()) / subpixels


def train(training: Training, options: argparse.Namespace) -> None:
    """Until time is up. Every minute the checkpoint is written, and rates are printed."""
    found = photographs(options.photographs)
    print("photographs:", ", ".join(found), flush=True)
    held_out = {n: scaled(image, s[1]) for n, (image, s) in found.items() if n in HELD_OUT}
    others = [photo for name, photo in found.items() if name not in HELD_OUT]
    patches = Patches(others, np.random.default_rng(training.steps))
    begin = reported = time.time()
    end = begin + 60 * options.minutes
    losses: list[float] = []
    while (now := time.time()) < end:
        if training.steps % 25 == 0 or not patches.pool:
            patches.refill()
        batch, levels = patches.batch(options.batch, options.size)
        losses.append(training.step(batch, levels, (now - begin) / (end - begin)))
        if now - reported > 60:
            reported, octave = now, training.averaged()
            training.save()
            report = [f"{time.strftime('%H:%M:%S')}, {training.steps} steps: {np.mean(losses):.3f}"]
            for name, image in held_out.items():
                total, latent = rate_of(octave, image)
                report.append(f"{name} {total:.4f}, latents {latent:.4f}")
            print("; ".join(report), flush=True)
            losses = []
    training.save()
    if options.out:
        batches = [patches.batch(options.batch, options.size) for _ in range(2)]
        exported(training.averaged(), "photographs", batches).save(options.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--out", type=Path, help="where to write the model when time is up")
    parser.add_argument("--checkpoint", type=Path, default=Path("hilloc.pt"))
    parser.add_argument("--photographs", type=Path, help="a folder with packages in it")
    for name, size in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=64, help="of patches, a multiple of 4")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true", help="multiply in half precision")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    sizes = {name: getattr(options, name) for name in SIZES}
    train(Training(options.checkpoint, sizes, options.rate, options.bf16), options)


if __name__ == "__main__":
    main()
