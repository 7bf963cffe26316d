"""What encoding took is free as soon as it has ended, and not when garbage is collected next.

Scratch of several megabytes would come from new memory each time, which takes longer than to fill
it.
"""

import gc
import weakref
from functools import partial

import numpy as np
import pytest

from ansflow.engine.content import array_content
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options


def at_once(encoder, content):
    return encoder.at_once(content)


def in_pieces(encoder, content):
    return b"".join([*encoder.write(content, lasting=True), *encoder.finish()])


@pytest.mark.parametrize("encode", [at_once, in_pieces])
def test_an_encoder_that_has_ended_keeps_nothing_alive(encode):
    content, array = array_content(np.arange(1 << 15))
    encoder = FrameEncoder(Options(), 1, content_size=content.size, array=array)
    gone = weakref.ref(encoder)
    take = partial(encode, encoder)
    del encoder
    gc.disable()
    try:
        assert take(content)
        del take
        assert gone() is None
    finally:
        gc.enable()
