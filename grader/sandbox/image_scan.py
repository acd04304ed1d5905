"""Looks inside an image: runs it once, reads every file of it. Returns findings; none means that all is well."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from grader.errors import MachineryError
from grader.sandbox.engine import first_line

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

PYTHON = "/opt/venv/bin/python"
HOME = "opt/grader/"  # where our code lies, as a tar names it
SECRET_NAMES = frozenset({"hidden", "solutions", "wrong", "right", ".grader"})
SMALLEST_SECRET = 32  # bytes; below that, equal content says nothing
PROBE_S = 180  # a cold import of torch on a busy machine

# Runs inside, isolated (-I): imports what the sandbox needs and tells what it found.
PROBE = """
import importlib, importlib.metadata, json, os, platform, sys, traceback
told = {"uid": os.getuid(), "python": platform.python_version(), "broken": []}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        told["broken"].append(f"{name}: {type(error).__name__}: {error}")
told["versions"] = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in importlib.metadata.distributions()}
print("\\n" + json.dumps(told))
"""


@dataclass(frozen=True)
class Probe:
    """What a container of the image said about itself."""

    uid: int
    python: str
    broken: tuple[str, ...]  # modules that cannot be imported, each with its error
    versions: Mapping[str, str]  # distribution -> version


def run_probe(client: DockerClient, image: Image, modules: Iterable[str]) -> Probe:
    """Import `modules` in a locked container of the image; MachineryError where it does not run or says nothing."""
    told = run_inside(client, image, PROBE, [*modules])
    try:
        return Probe(told["uid"], told["python"], tuple(told["broken"]), told["versions"])
    except (KeyError, TypeError):
        raise MachineryError("the image does not say what is in it") from None


def run_inside(client: DockerClient, image: Image, program: str, arguments: list[str]) -> Any:
    """Run a program of ours in a locked container of the image; return the JSON of its last line. MachineryError."""
    from docker.errors import APIError
    from requests.exceptions import RequestException

    container = client.containers.create(
        image.id, arguments, entrypoint=[PYTHON, "-I", "-c", program], network_mode="none", read_only=True,
        cap_drop=["ALL"], security_opt=["no-new-privileges"], pids_limit=128, tmpfs={"/tmp": "size=64m"},
    )  # fmt: skip
    try:
        container.start()
        container.wait(timeout=PROBE_S)
        said = container.logs(stdout=True, stderr=True).decode(errors="replace").strip().splitlines()
    except (APIError, RequestException) as error:
        raise MachineryError(f"the image does not run: {first_line(error)}") from None
    finally:
        container.remove(force=True)
    try:
        return json.loads(said[-1])
    except (IndexError, ValueError):
        raise MachineryError(f"the image does not run Python: {said[-1] if said else 'no output'}") from None


def probe_findings(probe: Probe, pins: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with what a container said; `pins` are the versions that should be inside."""
    if probe.uid == 0:
        yield "it runs as root"
    yield from (f"cannot import {what}" for what in probe.broken)
    for name, version in pins.items():
        got = probe.versions.get(name, "nothing")
        if got.partition("+")[0] != version:
            yield f"{name}: expected {version}, got {got}"


def read_pins(requirements: Path) -> dict[str, str]:
    """The lines `name==version` of a requirements file."""
    lines = (line.partition("#")[0].strip() for line in requirements.read_text().splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line)


def read_imports(requirements: Path) -> list[str]:
    """What the pins of a requirements file are imported as: `name==version  # imports a, b`, else their own name."""
    found: list[str] = []
    for line in requirements.read_text().splitlines():
        pin, _, comment = line.partition("#")
        name, pinned, _ = pin.strip().partition("==")
        said = re.fullmatch(r"imports (.+)", comment.strip())
        if pinned and said:
            found += [] if said[1] == "nothing" else re.split(r",\s*", said[1])
        elif pinned:
            found.append(name.lower().replace("-", "_"))
    return found


def history_findings(image: Image) -> Iterator[str]:
    """Steps of the build that name something that may not be inside."""
    for step in image.history():
        parts = {PurePosixPath(word) for word in step.get("CreatedBy", "").split()}
        named = {name for path in parts for name in SECRET_NAMES.intersection(path.parts)}
        yield from (f"a build step names {name}/" for name in sorted(named))


def file_findings(client: DockerClient, image: Image, ours: Mapping[str, bytes], secret: Iterable[Path]) -> list[str]:
    """Compare every file of the image with what may be in it; reads all of it, some seconds.

    ours: name below /opt/grader -> content; exactly these may lie there, with their byte code.
    secret: files whose content may lie nowhere.
    """
    container = client.containers.create(image.id)  # never started: nothing of the image runs
    try:
        stream = io.BufferedReader(_Chunks(client.api.export(container.id, chunk_size=1 << 20)), 1 << 20)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            return list(_tar_findings(tar, ours, _by_size(secret)))
    finally:
        container.remove(force=True)


def _tar_findings(
    tar: tarfile.TarFile, ours: Mapping[str, bytes], secret: Mapping[int, dict[str, Path]]
) -> Iterator[str]:
    missing = set(ours)
    for entry in tar:
        below = entry.name.removeprefix(HOME)
        is_ours = below != entry.name and not entry.isdir()
        if not is_ours and entry.size not in secret:
            continue
        content = _content(tar, entry)
        if entry.size in secret and (leaked := secret[entry.size].get(hashlib.sha256(content).hexdigest())):
            yield f"/{entry.name} is {leaked}"
        if is_ours:
            missing.discard(below)
            yield from _our_findings(below, content, ours)
    yield from (f"/{HOME}{name} is missing" for name in sorted(missing))


def _our_findings(name: str, content: bytes, ours: Mapping[str, bytes]) -> Iterator[str]:
    path = PurePosixPath(name)
    if path.parent.name == "__pycache__":
        source = path.parent.parent / (path.name.partition(".")[0] + ".py")
        if str(source) not in ours:
            yield f"/{HOME}{name} is the byte code of nothing that belongs there"
    elif name not in ours:
        yield f"/{HOME}{name} does not belong there"
    elif content != ours[name]:
        yield f"/{HOME}{name} is not the file of this checkout"


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    source: Any = tar.extractfile(entry) if entry.isreg() else None  # in a stream, links cannot be followed
    return source.read() if source else b""


def _by_size(files: Iterable[Path]) -> dict[int, dict[str, Path]]:
    """Size -> digest -> file, for the files that are long enough to be told apart."""
    found: dict[int, dict[str, Path]] = {}
    for file in files:
        content = file.read_bytes()
        if len(content) >= SMALLEST_SECRET:
            found.setdefault(len(content), {})[hashlib.sha256(content).hexdigest()] = file
    return found


class _Chunks(io.RawIOBase):
    """A readable file over the byte strings that the engine sends."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:  # noqa: ANN401  (any writable buffer, as the base class has it)
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
