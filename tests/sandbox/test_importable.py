"""What a release says of the image's modules is what its pins bring."""

from __future__ import annotations

import importlib.metadata
import importlib.util

import pytest

from grader.paths import PACKAGE, Paths
from grader.sandbox.image_scan import read_imports, read_pins
from grader.sandbox.importable import importable

PATHS = Paths(PACKAGE.parent)
PINS = read_pins(PATHS.image_pins)
SERVERS = {"grpcio", "tensorboard-data-server"}  # which the image leaves out


def modules_of(distribution: str) -> set[str]:
    """The public modules at the top of what is installed here."""
    files = [file.parts for file in importlib.metadata.files(distribution) or () if file.suffix in (".py", ".so")]
    tops = {parts[0] if len(parts) > 1 else parts[0].partition(".")[0] for parts in files if parts[0] != ".."}
    return {name for name in tops if name.isidentifier() and not name.startswith("_")} - {"isympy"}  # a program


@pytest.mark.parametrize("name", PINS)
def test_a_pin_says_what_it_is_imported_as(tmp_path, name):
    line = next(line for line in PATHS.image_pins.read_text().splitlines() if line.startswith(f"{name}=="))
    (tmp_path / "pins.txt").write_text(line)
    assert set(read_imports(tmp_path / "pins.txt")) == (set() if name in SERVERS else modules_of(name))
    assert read_pins(tmp_path / "pins.txt") == {name: PINS[name]}


def test_all_of_it_can_be_found_here_and_torchvision_cannot():
    named = [name for name in importable(PATHS) if "." not in name]
    inert = {"otter", "dotenv", "wandb", "mlflow", "comet_ml"}
    assert [name for name in named if name not in inert and importlib.util.find_spec(name) is None] == []
    assert {"pandas", "IPython", "tqdm", "google.colab", *inert} <= set(importable(PATHS))
    assert "torchvision" not in importable(PATHS)
