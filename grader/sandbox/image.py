"""The grading image: built, loaded, saved and checked. It is never pulled while grading.

Inside are Python, torch and the program of the sandbox; no hidden test, no solution, no secret. The build context
is gathered file by file from an allow-list, and `check` looks at what really is inside.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from grader.errors import MachineryError, UsageError
from grader.paths import PACKAGE, Paths, cache_folder
from grader.sandbox import image_archive
from grader.sandbox.engine import connect, first_line
from grader.sandbox.image_base import Say, base_image, log_file, wheelhouse
from grader.sandbox.image_inventory import Package, packages
from grader.sandbox.image_scan import (
    file_findings,
    history_findings,
    probe_findings,
    read_imports,
    read_pins,
    run_probe,
)
from grader.schema import digest_of

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

TAG = "grader:latest"
RUNTIME = ("__init__.py", "wire", "candidate", "zygote")  # all of our code that a student may see
STRIP = PACKAGE / "sandbox" / "strip_symbols.py"  # runs while the image is built
RUNTIME_SUFFIXES = (".py", ".json")
BUILD_S = 1800  # without a line from the build
REPORTED = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")


@dataclass(frozen=True)
class Report:
    """What `check` found. `findings` is empty when the image may be used."""

    image: str  # its id
    size_mib: int
    user: str
    versions: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]


def digest(tag: str = TAG) -> str:
    """The id of the image, `sha256:...`; MachineryError when there is none."""
    with connect() as client:
        return str(find(client, tag).id)


def find(client: DockerClient, tag: str = TAG) -> Image:
    """The image with this tag; MachineryError says how to get it."""
    from docker.errors import ImageNotFound

    try:
        return client.images.get(tag)
    except ImageNotFound:
        raise MachineryError(
            f"no grading image {tag!r}; build it with: grader image build, or load one: grader image load FILE"
        ) from None


def runtime_files(package: Path = PACKAGE) -> dict[str, Path]:
    """Our files inside the image: name below /opt/grader -> file on the host."""
    found: dict[str, Path] = {}
    for name in RUNTIME:
        top = package / name
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if file.is_file() and file.suffix in RUNTIME_SUFFIXES:
                found[f"{package.name}/{file.relative_to(package).as_posix()}"] = file
    return found


def inputs_digest(paths: Paths) -> str:
    """Digest of everything that decides what is inside, but the base: Dockerfile, pinned versions, runtime."""
    files = {file.name: file for file in (paths.dockerfile, paths.image_pins, STRIP)} | runtime_files()
    parts: list[bytes] = []
    for name, file in sorted(files.items()):
        parts += [name.encode(), file.read_bytes()]
    return digest_of(parts)


def is_current(paths: Paths, tag: str = TAG) -> bool:
    """Whether there is an image and it was built from the files as they are now."""
    with connect() as client:
        return any(image.labels.get("grader.inputs") == inputs_digest(paths) for image in client.images.list(tag))


def build(
    paths: Paths, *, tag: str = TAG, force: bool = False, reproducible: bool = False, say: Say = lambda _line: None
) -> str:
    """Build the image unless a current one is there; return its id. The log goes to image.log in the cache.

    reproducible: with the id that follows from its files alone; takes a minute more, and the disk for both
    say: told about each step that takes long.
    """
    if not force and is_current(paths, tag):
        return digest(tag)
    inputs = inputs_digest(paths)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with connect(BUILD_S) as client, tempfile.TemporaryFile(dir=cache_folder()) as context:
        base = base_image(client, paths, say)
        wheels = wheelhouse(client, paths, base, say)
        say(f"building {tag} on {base}")
        _write_context(context, _context(paths, wheels))
        context.seek(0)
        _run_build(client, paths, context, tag, {"BASE_IMAGE": base, "INPUTS": inputs})
        built = str(find(client, tag).id)
    if not reproducible:
        return built
    say("dating every file alike")
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        save(Path(folder) / "image.tar", tag=tag)
        return load(Path(folder) / "image.tar", tag=tag)


def load(file: Path, *, tag: str = TAG) -> str:
    """Take the image from a file that `save` (or `docker save`) wrote, plain or compressed; return its id."""
    from docker.errors import APIError, ImageLoadError

    if not file.is_file():
        raise UsageError(f"no file {file}; write one where the image is, with: grader image save FILE")
    with connect(BUILD_S) as client:
        try:
            with file.open("rb") as stream:
                images = client.images.load(stream)
        except (APIError, ImageLoadError) as error:
            raise UsageError(f"{file} is not an image archive: {first_line(error)}") from None
        ours = [image for image in images if image.labels.get("grader.image") == "1"]
        if len(ours) != 1:
            raise UsageError(f"{file}: expected one grading image, got {len(ours)} among {len(images)} images")
        ours[0].tag(tag)
        return str(ours[0].id)


def save(file: Path, *, tag: str = TAG) -> None:
    """Write the image into a file, for `load` on a machine that cannot build it.

    Equal images are equal files, and one id, wherever they were built.
    """
    partial = file.with_name(file.name + ".partial")
    with connect(BUILD_S) as client, tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        saved = Path(folder) / "saved.tar"
        with saved.open("wb") as target:
            for chunk in find(client, tag).save(named=tag):
                target.write(chunk)
        with partial.open("wb") as target:
            image_archive.rewrite(saved, target, tag)
    partial.replace(file)


def inventory(tag: str = TAG) -> tuple[str, list[Package]]:
    """The id of the image, and every package of Python and Debian in it; takes some seconds."""
    with connect(BUILD_S) as client:
        image = find(client, tag)
        return str(image.id), packages(client, image)


def check(paths: Paths, tag: str = TAG) -> Report:
    """Look whether the image is the one of these files, runs, is not root's, and holds nothing that may not be seen.

    Takes about ten seconds: it imports torch in a container and reads every file of the image.
    """
    with connect(BUILD_S) as client:
        image = find(client, tag)
        probe = run_probe(client, image, [*read_imports(paths.image_pins), *_modules(runtime_files())])
        findings = [*_label_findings(paths, image), *history_findings(image)]
        findings += probe_findings(probe, read_pins(paths.image_pins))
        ours = {name: file.read_bytes() for name, file in runtime_files().items()}
        findings += file_findings(client, image, ours, _secret_files(paths))
    versions = [("python", probe.python), *((name, probe.versions.get(name, "-")) for name in REPORTED)]
    size_mib = round(image.attrs["Size"] / 2**20)
    return Report(str(image.id), size_mib, image.attrs["Config"]["User"], tuple(versions), tuple(findings))


def _label_findings(paths: Paths, image: Image) -> Iterator[str]:
    if image.labels.get("grader.image") != "1":
        yield "it is not a grading image: no label grader.image=1"
    elif image.labels.get("grader.inputs") != inputs_digest(paths):
        yield "it was built from other files than these; rebuild it with: grader image build"


def _modules(runtime: Mapping[str, Path]) -> list[str]:
    """The importable modules of the runtime; a program (__main__) is not imported but run."""
    sources = [name.removesuffix(".py") for name in runtime if name.endswith(".py")]
    modules = [name.removesuffix("/__init__").replace("/", ".") for name in sources]
    return [module for module in modules if not module.endswith("__main__")]


def _secret_files(paths: Paths) -> Iterator[Path]:
    """What no student may see: hidden tests, solutions, labels, the course's secret, people's names and marks."""
    folders = [*paths.assignments.glob("*/hidden"), paths.solutions, paths.marks_folder]
    files = [file for folder in folders for file in folder.rglob("*")] + [paths.secret, paths.roster_csv]
    there = paths.competitions
    files += [file for file in there.rglob("*") if "public" not in file.relative_to(there).parts]
    return (file for file in files if file.is_file() and "__pycache__" not in file.parts)


def _context(paths: Paths, wheels: Path) -> dict[str, Path]:
    """The allow-list of the build: name in the context -> file."""
    named = {f"wheelhouse/{wheel.name}": wheel for wheel in sorted(wheels.glob("*.whl"))}
    named |= {f"runtime/{name}": file for name, file in runtime_files().items()}
    return named | {paths.dockerfile.name: paths.dockerfile, STRIP.name: STRIP}


def _write_context(target: BinaryIO, files: Mapping[str, Path]) -> None:
    """Write a tar whose bytes depend on the files' names and contents alone, so that Docker's cache holds."""
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, file in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = file.stat().st_size
            entry.mode = 0o644
            with file.open("rb") as source:
                tar.addfile(entry, source)


def _run_build(client: DockerClient, paths: Paths, context: BinaryIO, tag: str, arguments: dict[str, str]) -> None:
    """Build with the classic builder, which every engine has, and without network."""
    from docker.errors import APIError

    log = log_file("image")
    try:
        events = client.api.build(
            fileobj=context, custom_context=True, dockerfile=paths.dockerfile.name, tag=tag, buildargs=arguments,
            network_mode="none", rm=True, forcerm=True, decode=True,
        )  # fmt: skip
        with log.open("w") as target:
            for event in events:
                target.write(event.get("stream", ""))
                if "error" in event:
                    raise MachineryError(f"building {tag} failed: {first_line(event['error'])[:200]} (log: {log})")
    except APIError as error:
        raise MachineryError(f"building {tag} failed: {first_line(error)}") from None
