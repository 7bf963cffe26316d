"""The command called in this process, and a file to try it on."""

import numpy as np
import pytest
from click.testing import CliRunner

from ansflow.cli import main

CONTENT = np.random.default_rng(0).geometric(0.2, 100_000).astype(np.uint8).tobytes()


@pytest.fixture
def content():
    return CONTENT


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def run():
    def call(*arguments, code=0, input=None):
        """The result of a call that ends with this exit code."""
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=input)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return call


@pytest.fixture
def files(tmp_path):
    """A function that lists what is in the temporary directory."""
    return lambda: sorted(entry.name for entry in tmp_path.iterdir())
