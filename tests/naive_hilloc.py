"""The oracle's photographs: messages decoded in plain Python numbers, as HILLOC.md says.

Images are nested lists (rows, pixels, channels). Files and fingerprints are those of `naive_model`.
"""

import numpy as np
from naive_model import Line, Stack, Uniform, clip, cut, parts_of, power, shares_of
from naive_nets import flat, run_graph, shaped

PHASES = (1, 1), (0, 1), (1, 0)


def decode(model, message, shape):
    """The bytes of images."""
    without, stack = message[0], Stack(*parts_of(message[1:]), None)
    if len(shape) == 2 or shape[-1] not in (1, 3):
        shape = (*shape, 1)
    *several, height, width, channels = shape
    count, images = int(np.prod(several)), []
    for i in range(count):
        last = i == count - 1
        images += flat(
            pop_image(model, stack, (height, width, channels), 0, without if last else 0)
        )
    assert stack.x == 2**32
    assert stack.tail == []
    return bytes(images)


def pop_image(model, stack, shape, octave, without):
    """An image that so many octaves are larger than."""
    height, width, channels = shape
    if max(height, width) <= 4:
        return shaped(stack.pop_all([Uniform(8)] * (height * width * channels)), shape)
    half = (height + 1) // 2, (width + 1) // 2, channels
    coarse = pop_image(model, stack, half, octave + 1, without)
    phases = pop_phases(model, stack, coarse, shape, octave == 0, octave >= without)
    image = [[None] * width for _ in range(height)]
    for (i, j), phase in zip([(0, 0), *PHASES], [coarse, *phases], strict=True):
        for y, row in enumerate(phase):
            for x, pixel in enumerate(row):
                image[2 * y + i][2 * x + j] = pixel
    return image


def pop_phases(model, stack, coarse, size, is_finest, with_latents):
    """The phases of an octave, given the coarse image."""
    said, run = model.description, runner(model)
    level = 2**12 if is_finest else 2**11
    known = [[[*pixel, level] for pixel in row] for row in inputs(coarse, [])]
    k = [known]
    trunk = run("trunk", coarse=known)

    # Latents, from the top down
    layers, rows, columns = said["layers"], len(known) // 2, len(known[0]) // 2
    each = latents_of(model)
    numbers = [0] * (layers * rows * columns * each)
    if with_latents:
        numbers = stack.pop_all([Uniform(said["bucket_bits"])] * len(numbers))
    by_layer = cut(numbers, layers)
    features, given = [], {"trunk": trunk}
    for i in range(layers):
        found = run_graph(said["networks"][f"prior-{i}"], model.arrays, f"prior-{i}", given)
        features.append(found["features"])
        buckets = iter(by_layer[i])
        latents = []
        for pixel in pixels_of(found["prior"]):
            for mean, log in zip(*cut(pixel, 2), strict=True):
                z, bucket = mean / 2**12, next(buckets)
                if with_latents:
                    z += power(-clip(log, *said["log2_stds"])) * model.tables["centres"][bucket]
                latents.append(clip(round(z * 2**12), -(2**23), 2**23))
        given = {"above": features[i], "latents": shaped(latents, (rows, columns, each))}
    summed = run("last", trunk=trunk, **given)

    # Pixels
    phases = []
    for i, (odd_row, odd_column) in enumerate(PHASES):
        if i == 2 and with_latents:
            push_latents(model, stack, k[2], features, by_layer)
        parameters = run(f"head-{i}", features=trunk if i == 2 else summed, known=k[i])
        shape = (size[0] + 1 - odd_row) // 2, (size[1] + 1 - odd_column) // 2
        rows_of = [row[: shape[1]] for row in parameters[: shape[0]]]
        phases.append(pop_pixels(model, stack, rows_of, size[2]))
        new = inputs(coarse, phases[i])
        k.append(
            [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(k[i], new, strict=True)]
        )
    return phases


def inputs(coarse, phase):
    """Three channels for each pixel of a phase, with the coarse image where it has none."""
    values = [[list(pixel) for pixel in row] for row in coarse]
    for y, row in enumerate(phase):
        values[y][: len(row)] = row
    if len(values[0]) % 2:
        values = [[*row, row[-1]] for row in values]
    if len(values) % 2:
        values.append(values[-1])
    return [[[(v - 128) * 2**6 for v in three(pixel)] for pixel in row] for row in values]


def three(pixel):
    return pixel * 3 if len(pixel) == 1 else pixel


def push_latents(model, stack, fine, features, by_layer):
    said, run = model.description, runner(model)
    inferred = run("inference", fine=fine)
    edges = model.tables["edges"]
    lines = []
    for i, own in enumerate(features):
        for pixel in pixels_of(run(f"posterior-{i}", features=own, inferred=inferred)):
            for mean, log in zip(*cut(pixel, 2), strict=True):
                rate = 256 * 2**16 * power(clip(log, *said["log2_stds"]))
                lines.append(
                    Line(
                        [(mean / 2**12, rate, 2**16)],
                        *(model.tables["gaussian"], edges.__getitem__, len(edges) - 1),
                        *(said["posterior_precision"], 0),
                    )
                )
    stack.push_latents(flat(by_layer), lines)


def pop_pixels(model, stack, parameters, channels):
    """A phase: all its green values, then the red and the blue ones; or all its grey ones."""
    said, table = model.description["pixels"], model.tables["logistic"]
    n = said["components"]
    pixels = pixels_of(parameters)
    values = [[0] * channels for _ in pixels]
    differences = [[] for _ in pixels]
    for i, channel in enumerate((1, 0, 2) if channels == 3 else (0,)):
        for parameter, value, before in zip(pixels, values, differences, strict=True):
            own = parameter[3 * n * i : 3 * n * (i + 1)]
            coefficients = parameter[9 * n :][:1] if i == 1 else parameter[9 * n + 1 :]
            for c, difference in zip(coefficients, before, strict=False):
                own[n : 2 * n] = [m + (c * difference >> 12) for m in own[n : 2 * n]]
            own = [clip(v, -(2**30), 2**30) for v in own]
            means = [m / 2**8 for m in own[n : 2 * n]]
            rates = [64 * 2**16 * power(clip(log, -12288, 32768)) for log in own[2 * n :]]
            components = list(zip(means, rates, shares_of(own[:n]), strict=True))
            line = Line(components, table, lambda s: s - 0.5, 256, said["precision"], 1)
            value[channel] = stack.pop(line)
            before.append(2**8 * value[channel] - own[n])
    return shaped(values, (len(parameters), len(parameters[0]) if parameters else 0))


def latents_of(model):
    """How many there are in a layer, for each place."""
    return next(
        model.arrays[f"prior-0.{node['name']}.bias"].size // 2
        for node in model.description["networks"]["prior-0"]["nodes"]
        if node["name"] == "prior"
    )


def runner(model):
    def run(name, **given):
        found = run_graph(model.description["networks"][name], model.arrays, name, given)
        (result,) = found.values()
        return result

    return run


def pixels_of(image):
    return [pixel for row in image for pixel in row]
