"""Frames whose checks are right but whose fields say what no encoder would."""

import naive_writer as writer
import pytest

import ansflow
from ansflow.errors import LimitError


def test_many_tiles_of_many_axes_are_refused():
    """What is known of each tile grows with the number of axes, and counts."""
    shape = [2] + [1] * 47 + [2] * 16
    header = writer.write_header(2 << 16, {"dtype": "|u1", "shape": shape}, [2] + [1] * 63, flags=1)
    with pytest.raises(LimitError, match="max_memory"):
        ansflow.decompress(writer.assemble(header, []), limits=ansflow.Limits(max_memory=90 << 20))
