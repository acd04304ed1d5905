"""What the grading image is made of: a base image with Python, and wheels downloaded on the host."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import MachineryError
from grader.paths import SHIPPED, Paths, cache_folder
from grader.sandbox.engine import connect, first_line
from grader.schema import digest_of

if TYPE_CHECKING:
    from docker import DockerClient

DEBIAN_BASE = "grader-base:bookworm"  # made from Debian's packages where no registry can be reached
PULL_S = 20  # without a sign of life from the registry

Say = Callable[[str], None]


def base_image(client: DockerClient, paths: Paths, say: Say) -> str:
    """The name of a base image that is on this machine when this returns.

    GRADER_BASE_IMAGE; else the Dockerfile's default, if it is here; else the Debian base, if it is here; else the
    default pulled; else the Debian base, made now.
    """
    chosen = os.environ.get("GRADER_BASE_IMAGE")
    default = chosen or _default_of(paths.dockerfile)
    for name in [default] if chosen else [default, DEBIAN_BASE]:
        if client.images.list(name):
            return name
    say(f"pulling {default}")
    why = _pull(default)
    if not why:
        return default
    if chosen:
        raise MachineryError(f"GRADER_BASE_IMAGE={chosen} is not here and cannot be pulled: {why}")
    say(f"cannot pull it ({why}); making {DEBIAN_BASE} from Debian's packages, about 40 s")
    _make_debian_base(client)
    return DEBIAN_BASE


def wheelhouse(client: DockerClient, paths: Paths, base: str, say: Say) -> Path:
    """A folder with the image's wheels for the Python of `base`; downloaded once per set of pins and Python."""
    pins = paths.image_pins
    python, machine = _python_of(client, base)
    key = digest_of([pins.read_bytes(), python.encode(), machine.encode()])[:12]
    folder = cache_folder() / "wheelhouse" / key
    if folder.is_dir():
        return folder
    say(f"downloading the image's packages for Python {python} on {machine}")
    partial = folder.with_name(key + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--only-binary=:all:", "--progress-bar=off"]
    command += ["-r", str(pins), "-d", str(partial), *_other_platform(python, machine)]
    _call(command, "wheelhouse", "cannot download the image's packages")
    partial.rename(folder)
    return folder


def log_file(name: str) -> Path:
    """Where the long output of a step goes; its folder is there afterwards."""
    folder = cache_folder() / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _default_of(dockerfile: Path) -> str:
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    if not found:
        raise MachineryError(f"{dockerfile}: no line 'ARG BASE_IMAGE=...'")
    return found.group(1)


def _pull(name: str) -> str:
    """Pull an image; return why it did not work, "" when it did."""
    from docker.errors import APIError
    from requests.exceptions import RequestException

    with connect(PULL_S) as client:
        try:
            client.images.pull(name)
        except APIError as error:
            return first_line(error.explanation or error)
        except RequestException:
            return f"no answer within {PULL_S} s"
    return ""


def _make_debian_base(client: DockerClient) -> None:
    script = SHIPPED / "scripts" / "debian-base"
    tar = cache_folder() / "base.tar"
    repository, _, suite = DEBIAN_BASE.partition(":")
    _call(["bash", str(script), str(tar), suite], "base", "no base image (name one that is here in GRADER_BASE_IMAGE)")
    client.api.import_image_from_file(str(tar), repository=repository, tag=suite)
    tar.unlink()


def _call(command: list[str], log_name: str, failure: str) -> None:
    """Run a program, its output in a log; MachineryError quotes the last line."""
    log = log_file(log_name)
    try:
        with log.open("w") as target:
            subprocess.run(command, check=True, stdout=target, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        last = (log.read_text(errors="replace").strip() or str(error)).splitlines()[-1]
        raise MachineryError(f"{failure}: {last} (log: {log})") from None


def _python_of(client: DockerClient, base: str) -> tuple[str, str]:
    """Ask a base image for its Python ("3.11") and its processor ("x86_64")."""
    from docker.errors import APIError, ContainerError

    ask = "import platform; print(*platform.python_version_tuple()[:2], sep='.', end=' '); print(platform.machine())"
    try:
        told = client.containers.run(base, ["python3", "-c", ask], entrypoint="", network_mode="none", remove=True)
    except (APIError, ContainerError) as error:
        raise MachineryError(f"base image {base} has no python3: {first_line(error)}") from None
    version, machine = told.decode().split()
    return version, machine


def _other_platform(python: str, machine: str) -> list[str]:
    """Options for pip where the image's Python is not like ours; glibc up to 2.36, Debian 12's, will do."""
    ours = ".".join(platform.python_version_tuple()[:2])
    if (python, machine, "linux") == (ours, platform.machine(), sys.platform):
        return []
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(17, 37)] + [f"manylinux2014_{machine}"]
    return [f"--python-version={python}", "--implementation=cp", *(f"--platform={tag}" for tag in tags)]
