"""The oracle's networks: graphs and layers as MODEL.md says, in Python's integers.

Images are nested lists (height, width, channels), vectors are lists, without the batch.
"""

import math
from functools import cache

import naive_stack

LIMIT = 2**23
ENTRIES = 2**16


@cache
def table(function):
    """Entries of an activation function's table."""
    formulas = {
        "elu": lambda u: math.expm1(-u),
        "gelu": lambda u: -u * math.erfc(u / math.sqrt(2)) / 2,
        "silu": lambda u: -u / (1 + math.exp(u)),
        "softplus": lambda u: math.log1p(math.exp(-u)),
    }
    return [round(4096 * formulas[function](i / 4096)) for i in range(ENTRIES)]


def activated(x, function):
    if function == "relu":
        return max(x, 0)
    index = max(-x, 0) if function == "elu" else abs(x)
    return max(x, 0) + table(function)[min(index, ENTRIES - 1)]


def each(x, function):
    """A function of each item of nested lists."""
    return [each(item, function) for item in x] if isinstance(x, list) else function(x)


def image(height, width, channels, pixel):
    """An image whose items are ``pixel(y, x, c)``."""
    return [
        [[pixel(y, x, c) for c in range(channels)] for x in range(width)] for y in range(height)
    ]


def sizes(x):
    return len(x), len(x[0]), len(x[0][0])


def depth_to_space(x, k):
    height, width, channels = sizes(x)
    return image(
        *(height * k, width * k, channels // k**2),
        lambda y, z, c: x[y // k][z // k][(c * k + y % k) * k + z % k],
    )


def space_to_depth(x, k):
    height, width, channels = sizes(x)

    def pixel(y, z, depth):
        rest, b = divmod(depth, k)
        c, a = divmod(rest, k)
        inside = y * k + a < height and z * k + b < width
        return x[y * k + a][z * k + b][c] if inside else 0

    return image(-(-height // k), -(-width // k), channels * k**2, pixel)


def channels(x, begin, end):
    return x[begin:end] if isinstance(x[0], int) else [channels(part, begin, end) for part in x]


def flat(x):
    return [item for part in x for item in flat(part)] if isinstance(x, list) else [x]


def shaped(items, shape):
    if len(shape) == 1:
        return list(items)
    step = math.prod(shape[1:])
    return [shaped(items[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def add(inputs, relu):
    like = next((x for x in inputs if isinstance(x[0], list)), inputs[0])

    def clip(total):
        return min(max(total, 0 if relu else -LIMIT), LIMIT)

    if isinstance(like[0], int):
        return [clip(sum(items)) for items in zip(*inputs, strict=True)]

    def pixel(y, z, c):
        return clip(sum(x[c] if isinstance(x[0], int) else x[y][z][c] for x in inputs))

    return image(*sizes(like), pixel)


def concatenate(inputs):
    if isinstance(inputs[0][0], int):
        return [item for x in inputs for item in x]
    return [concatenate(rows) for rows in zip(*inputs, strict=True)]


def apply(layer, arrays, own, *inputs):
    """What a layer, described as MODEL.md says, makes of inputs."""
    kind, (x, *more) = layer["kind"], inputs
    if kind in ("dense", "convolution"):
        affine = arrays[f"{own}.weights"], arrays[f"{own}.bias"], layer["shift"], layer["relu"]
        if kind == "dense":
            return naive_stack.dense([x], *affine)[0]
        return naive_stack.convolve([x], *affine, layer["stride"])[0]
    if kind == "activation":
        return each(x, lambda item: activated(item, layer["function"]))
    if kind == "upsample":
        height, width, depth = sizes(x)
        k = layer["factor"]
        return image(height * k, width * k, depth, lambda y, z, c: x[y // k][z // k][c])
    if kind == "depth_to_space":
        return depth_to_space(x, layer["factor"])
    if kind == "space_to_depth":
        return space_to_depth(x, layer["factor"])
    if kind == "channels":
        return channels(x, layer["begin"], layer["end"])
    if kind == "reshape":
        return shaped(flat(x), layer["shape"])
    if kind == "residual":
        y = x
        for i, inner in enumerate(layer["layers"]):
            y = apply(inner, arrays, f"{own}.{i}", y)
        return add([x, y], layer["relu"])
    if kind == "add":
        return add(inputs, layer["relu"])
    if kind == "concatenate":
        return concatenate(inputs)
    assert kind == "crop"
    (like,) = more
    return [row[: len(like[0])] for row in x[: len(like)]]


def run_graph(graph, arrays, name, inputs):
    """Results by name, for inputs by name."""
    values = dict(inputs)
    for node in graph["nodes"]:
        given = (values[own] for own in node["inputs"])
        values[node["name"]] = apply(node, arrays, f"{name}.{node['name']}", *given)
    return {own: values[own] for own in graph["outputs"]}
