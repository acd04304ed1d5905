"""What several test files need: a course folder to play in, and Docker or a reason why not."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.cli import main
from grader.errors import MachineryError
from grader.paths import PACKAGE

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests fork; a pool of OpenMP threads would hang what is forked
os.environ.pop("COLUMNS", None)  # what is tested has no terminal; the workers of xdist say that they have one
ROOT = PACKAGE.parent
collect_ignore = ["small_course"]  # a course for tests to grade, with hidden tests of its own
IMAGE = "grader:latest"


@functools.cache
def why_no_docker() -> str:
    """Why tests with containers cannot run here; "" when they can."""
    from grader.sandbox.image import digest

    try:
        digest(IMAGE)
    except MachineryError as error:
        return str(error)
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") is not None and why_no_docker():
        if os.environ.get("GRADER_REQUIRE_DOCKER"):
            pytest.fail(f"this test needs Docker, and it is required here: {why_no_docker()}", pytrace=False)
        pytest.skip(why_no_docker())
    if item.get_closest_marker("gpu") is not None and shutil.which("nvidia-smi") is None:
        pytest.skip("no NVIDIA GPU on this machine; run scripts/gpu-checks on one")
    if item.get_closest_marker("browser") is not None and shutil.which("chromium") is None:
        if os.environ.get("GRADER_REQUIRE_DOCKER"):
            pytest.fail("this test needs Chromium, and all tests are required here", pytrace=False)
        pytest.skip("no chromium on this machine: apt-get install chromium")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of this course without any record: assignments, solutions and course.toml."""
    for name in ("assignments", "solutions"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "course.toml", tmp_path)
    return tmp_path


@pytest.fixture
def grader(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command; returns its exit code and what it said on stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """A browser; a test that takes it carries the mark `browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()
