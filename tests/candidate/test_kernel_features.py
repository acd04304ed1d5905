"""Cells run as in Jupyter: small notebooks against what its kernel made of them (tests/kernel_features)."""

import json
from pathlib import Path

import pytest

from benchmarks import jupyter_differences as both
from grader.paths import PACKAGE

RECORDED = json.loads(both.RECORDED.read_text())
INTENDED = json.loads(both.INTENDED.read_text())
FEATURES = both.features()


@pytest.fixture(scope="module")
def here():
    return dict(both.in_sandbox(FEATURES, both.process_sandbox))


def test_every_feature_has_a_record_and_every_intended_difference_is_one():
    assert list(RECORDED) == list(FEATURES)
    assert INTENDED.keys() <= FEATURES.keys()


@pytest.mark.parametrize("name", FEATURES)
def test_a_notebook_ends_as_in_jupyter(here, name):
    differs = both.differences(RECORDED[name], here[name])
    assert bool(differs) == (name in INTENDED), differs


def test_every_intended_difference_is_told_to_students():
    page = (Path(PACKAGE).parent / "docs" / "notebooks.md").read_text()
    assert [why for why in INTENDED.values() if why not in page] == []
