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
def evaluated(octave: Octave, image: np.ndarray) -> tuple[float, float, list[float]]:
    """Bits a subpixel of an image, what latents take of them, and what the levels take."""
    octave.eval()
    total, latent, parts, first = 0.0, 0.0, [], True
    size = image.size
    while min(image.shape[:2]) > 16:
        image = image[: image.shape[0] // 4 * 4, : image.shape[1] // 4 * 4]
        x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
        if first:
            size = image.size
        kl, bits = octave(x, torch.tensor([1.0 if first else 0.5]))
        parts.append(float(kl.sum() + bits) / size)
        total, latent = total + float(kl.sum() + bits), latent + float(kl.sum())
        image, first = image[::2, ::2], False
    octave.train()
    return (total + 8 * image.size) / size, latent / size, parts


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--out", type=Path, help="where to write the model when time is up")
    parser.add_argument("--checkpoint", type=Path, default=Path("hilloc.pt"))
    parser.add_argument("--photographs", type=Path, help="a folder with packages in it")
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--deep", type=int, default=64)
    parser.add_argument("--latents", type=int, default=2)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--head", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warm", type=int, default=600)
    parser.add_argument("--free", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    found = photographs(arguments.photographs)
    print("photographs:", ", ".join(found), flush=True)
    checks = [(name, scaled(image, s[1])) for name, (image, s) in found.items() if name in HELD_OUT]
    patches = Patches([v for k, v in found.items() if k not in HELD_OUT], np.random.default_rng(0))

    sizes = {
        k: getattr(arguments, k) for k in ("width", "deep", "latents", "layers", "blocks", "head")
    }
    octave = Octave(**sizes).to(memory_format=torch.channels_last)
    average = {k: v.clone() for k, v in octave.state_dict().items()}
    optimizer = torch.optim.Adam(octave.parameters(), arguments.rate, (0.9, 0.99))
    step, spent = 0, 0.0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint)
        octave.load_state_dict(saved["octave"])
        optimizer.load_state_dict(saved["optimizer"])
        average, step, spent = saved["average"], saved["step"], saved["spent"]
        patches.rng = np.random.default_rng(step)
    print("parameters:", sum(p.numel() for p in octave.parameters()), flush=True)

    begin = reported = time.time()
    end = begin + 60 * arguments.minutes
    losses = []
    while time.time() < end:
        if step % 25 == 0:
            patches.refill()
        done = (time.time() - begin) / (end - begin)
        rate = arguments.rate * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * (1 - done**2))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch, levels = patches.batch(arguments.batch, arguments.size)
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            kl, bits = octave(batch, levels)
        subpixels = 9 / 4 * arguments.size**2
        # At first latents are cheap, and later free up to some bits, so that they are used.
        warm = min(1.0, 0.02 + step / arguments.warm) if arguments.warm else 1.0
        free = arguments.free * subpixels * max(0.0, 1 - step / max(1, 4 * arguments.warm))
        cost = torch.clamp(kl.mean(1), min=free).sum()
        loss = (warm * cost + bits.mean()) / subpixels
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(octave.parameters(), 1.0)
        if torch.isfinite(norm):
            optimizer.step()
        step += 1
        spent_bits = float(kl.detach().sum(0).mean())
        losses.append((spent_bits + float(bits.detach().mean()), spent_bits))
        decay = min(0.998, 1 - 10 / (step + 10))
        for name, values in octave.state_dict().items():
            average[name].lerp_(values, 1 - decay)
        if time.time() - reported > 60 or time.time() >= end:
            spent += time.time() - reported
            reported = time.time()
            state = {"octave": octave.state_dict(), "average": average, "sizes": sizes}
            state |= {"optimizer": optimizer.state_dict(), "step": step, "spent": spent}
            torch.save(state, arguments.checkpoint.with_suffix(".new"))
            arguments.checkpoint.with_suffix(".new").rename(arguments.checkpoint)
            other = Octave(**sizes)
            other.load_state_dict(average)
            mean = np.mean(losses, 0) / (9 / 4 * arguments.size**2)
            losses = []
            report = f"{time.strftime('%H:%M:%S')} {step} cpu {time.process_time():.0f} "
            report += f"loss {mean[0]:.4f} kl {mean[1]:.4f}"
            for name, image in checks:
                total, latent, parts = evaluated(other, image)
                report += f" | {name} {total:.4f} kl {latent:.4f} " + " ".join(
                    f"{p:.3f}" for p in parts[:2]
                )
            print(report, flush=True)
    if arguments.out:
        octave.load_state_dict(average)
        batches = [patches.batch(arguments.batch, arguments.size) for _ in range(2)]
        exported(octave, "photographs", batches).save(arguments.out)


if __name__ == "__main__":
    main()
