"""What encoding took is free as soon as it has ended, and not when garbage is collected next.

Scratch of several megabytes would come from new memory each time, which takes longer than to fill
it.
"""

import gc
import weakref

import numpy as np
import pytest

import ansflow
from ansflow.engine import at_once
from ansflow.engine.content import array_content
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options


@pytest.fixture
def no_collection():
    gc.disable()
    yield
    gc.enable()


def test_an_encoder_that_has_ended_keeps_nothing_alive(no_collection):
    content, array = array_content(np.arange(1 << 15))
    encoder = FrameEncoder(Options(), 1, content_size=content.size, array=array)
    gone = weakref.ref(encoder)
    assert b"".join([*encoder.write(content, lasting=True), *encoder.finish()])
    del encoder
    assert gone() is None


def test_what_has_encoded_all_at_once_keeps_nothing_alive(no_collection, monkeypatch):
    made, make = [], at_once.chunk_encoder

    def noted(*arguments):
        encoder = make(*arguments)
        made.append(weakref.ref(encoder))
        return encoder

    monkeypatch.setattr(at_once, "chunk_encoder", noted)
    assert ansflow.compress(np.arange(1 << 15), threads=1)
    [gone] = made
    assert gone() is None
