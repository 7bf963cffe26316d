"""The oracle's diffusions: messages of images decoded in plain Python numbers, as MODEL.md says.

Images are lists of pixels.
"""

import math

from naive_model import (
    FIRST_HEAD,
    Line,
    Model,
    Stack,
    clip,
    cut,
    find_fingerprint,
    parts_of,
    r,
    read_parts,
    standard_table as table,
)
from naive_nets import flat, run_graph, shaped


class Steps:
    """The numbers of a schedule, in lists from index 1 on."""

    def __init__(self, variances):
        self.last = last = len(variances)
        self.v = v = [None, *variances]
        self.s = s = [None, *(math.sqrt(1 - variance) for variance in variances)]
        self.f, self.a = f, a = [None], [None]
        self.u, self.d = u, d = [None, math.sqrt(v[1])], [None]
        for t in range(1, last):
            f.append(s[t + 1] / s[t])
            a.append(v[t + 1] - f[t] * f[t] * v[t])
            u.append(math.sqrt(a[t]))
            d.append(math.sqrt(a[t] * v[t] / v[t + 1]))
        d.append(1.0)
        self.c = c = [None, *(min(u[i], d[i]) / 4 for i in range(1, last + 1))]
        self.h, self.m = h, m = [None, s[1] + 8 * u[1] + c[1]], [None]
        for t in range(1, last):
            m.append(8 * u[t + 1] + c[t + 1])
            h.append(f[t] * h[t] + m[t])


def rounded(y):
    return math.sqrt(y * y - 1 / 12)


def radius(y):
    return math.ceil(y) + 1


class Window:
    """Integers around a centre."""

    def __init__(self, mean, centre, deviation, r, least, p):
        self.low, self.p = math.floor(centre) - r, p
        component = mean - self.low, 256 * 2**16 / deviation, 2**16
        self.line = Line([component], table("gaussian"), border, 2 * r + 1, p, least)

    def interval(self, z):
        return self.line.interval(z - self.low)

    def find(self, slot):
        return self.line.find(slot) + self.low


def border(s):
    return s - 0.5


def read_model(file):
    """The `Model` in a file, which is given as bytes."""
    description, arrays = read_parts(file)
    tables = {name: table(name) for name in ("gaussian", "logistic")}
    return Model(description, arrays, tables, find_fingerprint(description, arrays, tables))


def decode(model, message, count):
    """The bytes of images."""
    height, width, _ = model.description["network"]["inputs"]["pixels"]
    stack, images = Stack(*parts_of(message), None), []
    sizes, k = [], 0
    while k < count:
        sizes.append(min(max(1, k // 6), min(16, max(1, 2**14 // (height * width))), count - k))
        k += sizes[-1]
    for size in reversed(sizes):
        images += pop_group(model, stack, size, (height, width))
    assert stack.x == FIRST_HEAD
    assert stack.tail == [r(i) for i in reversed(range(len(stack.tail)))]
    return bytes(images)


def pop_group(model, stack, size, shape):
    said = model.description
    levels, p, own = said["levels"], said["precision"], said["step_precision"]
    q = Steps(said["variances"])
    s, c, v, f, a, m, last = q.s, q.c, q.v, q.f, q.a, q.m, q.last
    pixels = size * shape[0] * shape[1]
    top = Window(0.0, 0.0, rounded(1 / c[last]), radius(q.h[last] / c[last]), 1, p)
    z = stack.pop_all([top] * pixels)
    for t in reversed(range(1, last)):
        above = z
        guesses = denoise(model, q, [y * c[t + 1] for y in above], t + 1, size, shape)
        keep = f[t] * v[t] / v[t + 1] * c[t + 1] / c[t]
        move, back = s[t] * a[t] / v[t + 1] / c[t], c[t + 1] / (f[t] * c[t])
        y, reach = rounded(q.d[t] / c[t]), radius(m[t] / (f[t] * c[t]))
        z = stack.pop_all(
            [
                Window(keep * o + move * g, back * o, y, reach, 1, own)
                for o, g in zip(above, guesses, strict=True)
            ]
        )
        up, y = f[t] * c[t] / c[t + 1], rounded(q.u[t + 1] / c[t + 1])
        windows = [Window(up * o, up * o, y, radius(m[t] / c[t + 1]), 0, own) for o in z]
        stack.push_latents(above, windows)
    half = (levels - 1) / 2
    rate = 64 * 2**16 / (v[1] / (1 - v[1]) * (half * half))
    x = stack.pop_all(
        [
            Line([(mean, rate, 2**16)], table("logistic"), border, levels, p, 1)
            for mean in [(o * (c[1] / s[1]) + 1) * half for o in z]
        ]
    )
    means = [(2 * o - (levels - 1)) / (levels - 1) * (s[1] / c[1]) for o in x]
    y, reach = rounded(q.u[1] / c[1]), radius(8 * q.u[1] / c[1])
    stack.push_latents(z, [Window(mean, mean, y, reach, 0, own) for mean in means])
    return x


def denoise(model, q, z, i, size, shape):
    said, guesses = model.description, []
    (n,) = said["network"]["inputs"]["time"]
    time = [max(0, 1 - abs(i / q.last * (n - 1) - j)) for j in range(n)]
    for own in cut(z, size):
        pixels = []
        for number in own:
            place = (number / q.s[i] + 1) * ((said["levels"] - 1) / 2)
            pixels += [number, (place - round(place)) * q.s[i]]
        inputs = {"pixels": shaped(activations(pixels), (*shape, 2)), "time": activations(time)}
        (found,) = run_graph(said["network"], model.arrays, "network", inputs).values()
        for number, y in zip(own, flat(found), strict=True):
            guess = q.s[i] * number - math.sqrt(q.v[i]) * (y / 2**12)
            guesses.append(clip(guess, -1.0, 1.0))
    return guesses


def activations(values):
    return [round(value * 2**12) for value in values]
