"""One transform there and back, by all of its interface."""

import numpy as np

from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)


def odd(buffer):
    """A copy that begins at an odd address."""
    copy = np.empty(buffer.size + 1, np.uint8)[1:]
    copy[:] = buffer
    return copy


def through(transform, array, shape=None, settings=()):
    """The parameters and outputs for an array, which has to come back as it is."""
    array = np.asarray(array)
    layout = Layout(array.dtype.itemsize, array.shape if shape is None else shape)
    items = odd(np.frombuffer(array.tobytes(), np.uint8))
    before = items.copy()
    items.setflags(write=False)
    assert transform.accepts(layout)
    transform.check(*settings)
    parameters, outputs = transform.forward(items, layout, *settings)
    assert np.array_equal(items, before)
    layouts = transform.outputs(parameters, layout)
    assert [output.nbytes for output in layouts] == [output.size for output in outputs]
    reader = ByteReader(transform.pack(parameters))
    assert transform.parse(reader, layout) == parameters
    assert not reader.rest()
    transform.check(*transform.describe(parameters))
    assert np.array_equal(undo(transform, parameters, outputs, layout), before)
    return parameters, outputs


def undo(transform, parameters, outputs, layout):
    """What the inverse makes of outputs in its own buffers."""
    out = odd(RNG.integers(0, 256, layout.nbytes, np.uint8))
    buffers = transform.buffers(parameters, layout, out)
    filled = list(outputs)
    for number, buffer in enumerate(buffers):
        if buffer is not None:
            buffer[:] = outputs[number]
            filled[number] = buffer
    transform.inverse(parameters, filled, layout, out)
    return out
