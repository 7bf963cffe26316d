"""Compressed files whose writer is killed are the old ones or complete new ones."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

# Imports and compiles once, then has children write, each killed at a random moment.
CAMPAIGN = """
import itertools, os, random, signal, sys, time
from pathlib import Path
import numpy as np
import ansflow

path, mode, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
base = np.random.default_rng(0).geometric(0.1, 5 << 20).astype(np.uint8)
base[0] = 0

def write(number, mode, threads):
    # Which of the contents it is can be read from its first byte.
    content = (base ^ number).data
    with ansflow.open(path, mode, threads=threads) as file:
        for begin in range(0, len(content), 700_000):
            file.write(content[begin : begin + 700_000])

def check():
    with ansflow.open(path, threads=1) as file:
        whole = np.frombuffer(file.read(), np.uint8)
    assert whole.size and whole.size % base.size == 0, whole.size
    for content in whole.reshape(-1, base.size):
        assert np.array_equal(content, base ^ content[0])
    return whole[-base.size]

write(0, "wb", 1)
assert check() == 0
begun = time.monotonic()
write(0, "wb", 1)
seconds = time.monotonic() - begun
rng = random.Random(kills)
amid, found = 0, set()
trials = 0
# Until some came while a file was written and some after one was, however slow the machine is.
while trials < kills or (trials < 20 * kills and not (amid and len(found) > 1)):
    trials += 1
    if path.stat().st_size > 6 * base.size:
        write(0, "wb", 1)
    child = os.fork()
    if not child:
        for number in itertools.cycle(range(1, 256)):
            write(number, mode, 2)
    time.sleep(rng.random() * 4 * seconds)
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    found.add(check())
    for left in path.parent.glob(".*.part"):
        left.unlink()
        amid += 1
assert list(path.parent.iterdir()) == [path]
print(amid, len(found))
"""


@pytest.mark.parametrize("mode", ["wb", "ab"])
@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_writer(tmp_path, mode, kills):
    path = tmp_path / "file"
    result = subprocess.run(
        [sys.executable, "-c", CAMPAIGN, path, mode, str(kills)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (result.stderr, result.returncode) == ("", 0)
    amid, found = map(int, result.stdout.split())
    assert amid > 0
    assert found > 1
