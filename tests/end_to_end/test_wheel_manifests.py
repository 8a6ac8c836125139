"""An installed wheel knows every data set, and tells editors its types, without the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_carries_every_manifest_and_no_datasets_package(tmp_path):
    sources = tmp_path / "source"
    sources.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "snn", "circuits", "datasets"):
        if (REPOSITORY / name).exists():  # a copy, so that no build folder appears in the repository
            subprocess.run(["cp", "-r", str(REPOSITORY / name), str(sources)], check=True)
    for name in ("README.md", "LICENSE"):
        (sources / name).touch()
    pip = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps"]
    subprocess.run([*pip, "-w", str(tmp_path), str(sources)], check=True, capture_output=True)
    [wheel] = tmp_path.glob("tunnelspike-*.whl")
    with zipfile.ZipFile(wheel) as zipped:
        names = set(zipped.namelist())
        zipped.extractall(tmp_path / "installed")
    known = {p.parent.name for p in (REPOSITORY / "datasets").glob("*/manifest.toml")}
    assert {f"snn/data/manifests/{name}.toml" for name in known} <= names
    assert not any(name.startswith("datasets/") for name in names)
    points = {p.name for p in (REPOSITORY / "circuits" / "device" / "measured").glob("*.csv")}
    assert len(points) == 5
    assert {f"circuits/device/measured/{name}" for name in points} <= names
    assert {f"{package}/{name}" for package in ("circuits", "snn") for name in ("py.typed", "__init__.pyi")} <= names
    listing = "import snn.data.sets.manifest as m; print(m.__file__); print(*m.load_manifests())"
    out = subprocess.run(
        [sys.executable, "-c", listing], cwd=tmp_path / "installed", check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert str(tmp_path) in out[0]
    assert set(out[1].split()) == known
