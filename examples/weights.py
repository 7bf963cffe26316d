"""Weights of a network: compressed tensor by tensor, read in parts, and restored byte for byte.

``python examples/weights.py model.safetensors`` does this with a file of yours, beside which it
writes nothing. Without one, the weights of a small network are made up.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

import ansflow
from ansflow.integrations.safetensors import load_file, save_file


def made_up():
    """Weights as layers have them after training: normal, each layer with a scale of its own."""
    rng = np.random.default_rng(0)
    weights = {"embedding": rng.normal(0, 0.05, (2000, 64)).astype("f4")}
    for layer in range(4):
        scale = 0.1 / (1 + layer)
        weights[f"layer.{layer}.weight"] = rng.normal(0, scale, (256, 64)).astype("f4")
        weights[f"layer.{layer}.half"] = rng.normal(0, scale, (64, 256)).astype("f2")
        weights[f"layer.{layer}.bias"] = np.zeros(256, "f4")
    weights["position_ids"] = np.arange(512)
    return weights


def command(*arguments):
    """What a shell does: ansflow with these arguments."""
    subprocess.run([sys.executable, "-m", "ansflow", *map(str, arguments), "-q"], check=True)


def print_sizes(path):
    """By dtypes: how many tensors there are, and their bytes before and after."""
    totals = defaultdict(lambda: np.zeros(3, int))
    for frame in ansflow.describe(path, ideal=False)["frames"]:
        if "name" in frame:
            totals[frame["dtype"]] += 1, frame["content_size"], frame["size"]
    print(f"{'dtype':12}{'tensors':>8}{'bytes':>13}{'compressed':>12}{'bits/item':>10}")
    for dtype, (tensors, before, after) in sorted(totals.items()):
        width = {"bfloat16": 16}.get(dtype, 8 * int(dtype[2:]) if dtype[0] in "<|" else 8)
        print(f"{dtype:12}{tensors:8}{before:13,}{after:12,}{width * after / before:10.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="a .safetensors file")
    given = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        packed, restored = Path(folder, "model.ans"), Path(folder, "model.safetensors")
        if given is None:
            # What safetensors.numpy.save_file would be given, with the same result in the end.
            save_file(made_up(), packed, {"format": "np"})
            command("decompress", packed, "-o", restored)
            given = restored.rename(Path(folder, "given.safetensors"))
        command("compress", "-f", given, "-o", packed)
        print_sizes(packed)

        weights = load_file(packed)
        largest = max(weights, key=lambda name: weights[name].nbytes)
        with ansflow.load(packed) as file:  # only the chunks with these rows are decoded
            rows = file[largest][:3]
        assert rows.tobytes() == weights[largest][:3].tobytes()
        print(f"\n{largest}, of shape {weights[largest].shape}, begins with {rows.ravel()[:3]}")

        command("decompress", packed, "-o", restored)
        assert restored.read_bytes() == given.read_bytes()
        share = packed.stat().st_size / given.stat().st_size
        print(f"{given.stat().st_size:,} bytes became {share:.1%}, and the same again.")


if __name__ == "__main__":
    main()
