"""Where a library is missing, an import says what to install."""

from children import python

# Whether it is installed or not: None in its place counts as missing.
MISSING = """
import importlib, sys

libraries = ["numcodecs", "zarr", "dask", "joblib", "fsspec", "xarray", "torch", "networkx"]
sys.modules |= dict.fromkeys(libraries)
from ansflow import bitsback

for name in libraries:
    try:
        if name == "torch":
            bitsback.nets.from_torch(None, [1])
        elif name == "networkx":
            bitsback.Graph(2, [[0, 1]]).to_networkx()
        else:
            importlib.import_module(f"ansflow.integrations.{name}")
    except ModuleNotFoundError as error:
        print(str(error).split(": ")[-1])
"""


def test_what_is_missing_is_said():
    extras = ["numcodecs", "zarr", "dask", "joblib", "fsspec", "xarray", "torch", "graphs"]
    result = python(MISSING)
    assert (result.stderr, result.returncode) == ("", 0)
    assert result.stdout.splitlines() == [f'pip install "ansflow[{name}]"' for name in extras]
