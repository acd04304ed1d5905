"""Set-up from a fresh clone: everything is pinned, done once, and says plainly what could not be had."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement

from grader.paths import PACKAGE, Paths
from grader.sandbox.image_scan import read_pins

ROOT = PACKAGE.parent
IMAGE_PINS = read_pins(Paths(ROOT).image_pins)
PINS = IMAGE_PINS | read_pins(ROOT / "constraints.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [Requirement(line) for line in sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])]
ASKED = [asked for asked in ASKED if asked.name != PROJECT["name"]]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_what_the_package_asks_for_is_pinned_to_a_version_it_allows(asked: Requirement) -> None:
    assert asked.specifier.contains(PINS[asked.name])


def test_the_image_and_the_environment_share_one_set_of_pins() -> None:
    constraints = ROOT / "constraints.txt"
    assert not set(read_pins(constraints)) & set(IMAGE_PINS)
    assert "-c autograder.requirements.txt" in constraints.read_text().splitlines()


def test_this_environment_is_the_pinned_one() -> None:
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in PINS}
    assert installed == PINS


@pytest.mark.parametrize("name", ["scripts/setup", "scripts/debian-base", ".ci/run"])
def test_a_script_can_be_run(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / name], check=True)


def run_setup(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run set-up where no Docker engine answers; all else is there, as these tests run."""
    clean = {name: value for name, value in os.environ.items() if name != "GRADER_REQUIRE_DOCKER"}
    nowhere = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    return subprocess.run(
        [ROOT / "scripts" / "setup"], env=clean | nowhere | environment, capture_output=True, text=True, timeout=60
    )


def test_without_docker_set_up_carries_on_and_says_so() -> None:
    done = run_setup()
    assert (done.returncode, done.stdout) == (0, "")
    assert "Docker is not running; start it with" in done.stderr
    assert "WITHOUT DOCKER" in done.stderr


def test_where_docker_is_required_its_absence_is_a_failure() -> None:
    done = run_setup(GRADER_REQUIRE_DOCKER="1")
    assert done.returncode == 4
    assert "Docker is not running; start it with" in done.stderr


@pytest.mark.parametrize(("ci", "required"), [pytest.param({"CI": "true"}, "1"), pytest.param({}, "")])
def test_continuous_integration_requires_docker(ci: dict[str, str], required: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ("CI", "GRADER_REQUIRE_DOCKER")}
    show = ["make", "-s", "--eval=show:;@echo $$GRADER_REQUIRE_DOCKER", "show"]
    done = subprocess.run(show, cwd=ROOT, env=clean | ci, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == required


def test_nothing_of_a_checkout_reaches_a_build_by_accident() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["*"]
