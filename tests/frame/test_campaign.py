"""A long search for bytes that crash the decoder: in processes of their own, so a crash is seen.

Damage to a header nearly always ends at its check, so half of the frames get theirs put right.
What is read all the same must be what the oracle reads.
"""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BATCHES = 20
PER_BATCH = 5000

CAMPAIGN = """
import sys
import numpy as np
import xxhash
import ansflow
from ansflow.errors import AnsflowError
import naive_frame as naive

rng = np.random.default_rng(int(sys.argv[1]))
skewed = bytes(i * i % 7 * (i % 3) for i in range(900))
contents = [
    (skewed, {}),
    (skewed, {"precision": 16, "lanes": 1}),
    (skewed * 4, {"precision": 8, "lanes": 2, "block_size": 2500}),
    (bytes(700), {"block_size": 300}),
    (bytes(range(120)), {}),
    (bytes(i // 5 % 11 for i in range(900)), {"order": 1}),
    (bytes(i // 5 % 11 for i in range(900)), {"order": 1, "precision": 8, "block_size": 500}),
    # Large enough for vector kernels.
    (skewed * 45, {}),
    (skewed * 45, {"precision": 14}),
    (bytes(i // 5 % 11 for i in range(70_000)), {"order": 1}),
    (np.arange(100, dtype="<i4").reshape(4, 25).T, {}),
    (np.zeros(9, [("a", "<u2"), ("b", "S3", (2,))]), {"block_size": 4}),
]
frames = [ansflow.compress(content, **options) for content, options in contents]

def items(content):
    return content if isinstance(content, bytes) else content.tobytes(order="A")

def mutate(frame, first):
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(min(first, len(frame)), len(frame) + 1))
        end = min(at + int(rng.integers(24)), len(frame))
        other = frames[rng.integers(len(frames))]
        match rng.integers(6):
            case 0: frame[at:end] = rng.bytes(end - at)
            case 1: frame[at:at] = frame[at:end]
            case 2: frame[at:end] = b""
            case 3: frame[at:] = other[at:]
            case 4: frame[at:end] = bytes([255 * int(rng.integers(2))]) * (end - at)
            case 5 if at < len(frame): frame[at] ^= 1 << int(rng.integers(8))

def seal(frame):
    end = 24 + int.from_bytes(frame[20:24], "little")
    if end + 8 <= len(frame):
        frame[end:end + 8] = xxhash.xxh3_64_intdigest(bytes(frame[:end])).to_bytes(8, "little")

for _ in range(int(sys.argv[2])):
    chosen = rng.integers(len(frames))
    frame = bytearray(frames[chosen])
    sealed = rng.integers(2)
    mutate(frame, 5)
    if sealed:
        if rng.integers(2):
            frame[int(rng.integers(5, 20))] ^= 1 << int(rng.integers(8))
        seal(frame)
    try:
        result = ansflow.decompress(frame, limits=ansflow.Limits(max_output=1 << 20))
    except AnsflowError:
        continue
    content = items(result)
    if frame == frames[chosen]:  # unharmed after all, and the oracle takes its time
        assert content == items(contents[chosen][0])
    else:
        assert naive.read(bytes(frame)).content == content
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(BATCHES))
def test_mutations_in_processes_of_their_own(seed):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", CAMPAIGN, str(seed), str(PER_BATCH)],
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
