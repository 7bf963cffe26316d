"""What the README says to write for each library does something."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from stored_arrays import array_of

import ansflow

README = Path(__file__).parents[2] / "README.md"
SECTION = re.search(r"## In other libraries\n(.*?)\n## ", README.read_text(), re.DOTALL)[1]
ROWS = [line.strip("| ").split(" | ")[:3] for line in SECTION.splitlines() if "<br>" in line]
NEEDS = {
    "Zarr 3": ["zarr"],
    "numcodecs, Zarr 2": ["numcodecs"],
    "xarray, Zarr 3": ["zarr", "xarray"],
    "xarray, a file": ["zarr", "xarray"],
    "Dask": ["dask.array", "zarr"],
    "joblib": ["joblib"],
    "fsspec": ["fsspec"],
    "pandas": ["fsspec", "pandas"],
}


def test_each_library_has_a_row():
    assert [row[0] for row in ROWS] == list(NEEDS)


@pytest.mark.filterwarnings("ignore:Consolidated metadata")  # which xarray asks Zarr for
@pytest.mark.parametrize(("library", "extra", "code"), ROWS, ids=NEEDS)
def test_row(library, extra, code, tmp_path, monkeypatch):
    modules = {name: pytest.importorskip(name) for name in NEEDS[library]}
    pyproject = (README.parent / "pyproject.toml").read_text()
    assert re.search(rf"^{extra.strip('`')} = \[", pyproject, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    sst = array_of("f4", (12, 18, 40))
    Path("sst.ans").write_bytes(ansflow.compress(sst, chunks=(6, 18, 40)))
    names = {"ansflow": ansflow, "sst": sst, **modules}
    if library.startswith("xarray"):
        from ansflow.integrations.zarr import AnsflowCodec

        names["AnsflowCodec"] = AnsflowCodec
        names["dataset"] = modules["xarray"].Dataset({"sst": (("time", "y", "x"), sst)})
    if library == "pandas":
        importlib.import_module("ansflow.integrations.fsspec")
        names["table"] = modules["pandas"].DataFrame({"kelvin": sst.reshape(-1)})
    lines = re.findall("`([^`]*)`", code)
    assert len(lines) == 2
    for line in lines[:-1]:
        exec(line, names)
    found = eval(lines[-1], names)
    if library.startswith(("Zarr", "numcodecs")):
        assert np.array_equal(found[...], sst)
    elif library == "xarray, a file":
        with ansflow.load("months.ans") as file:
            assert np.array_equal(file["sst"][...], sst)
    elif library in ("xarray, Zarr 3", "Dask"):
        (path,) = tmp_path.glob("*.zarr")
        array = modules["zarr"].open(path, mode="r")
        assert np.array_equal((array if library == "Dask" else array["sst"])[...], sst)
    elif library == "joblib":
        assert np.array_equal(modules["joblib"].load("sst.joblib"), sst)
    elif library == "pandas":
        with ansflow.open("table.csv.ans", "rt") as file:
            assert len(list(file)) == sst.size + 1
    else:
        assert found.compression == "ansflow"
