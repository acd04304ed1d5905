"""An image as a file whose bytes follow from what is in the image alone: not from when and where it was built.

What `docker save` writes is read, and written anew: every time is the same, nothing tells of the container that a step
of the build ran in. The layers' digests, and with them the image's own, are those of the new bytes. What is inside is
left as it is, so two builds are equal where the steps of the Dockerfile make the same files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Any

EPOCH = 1577836800  # 2020-01-01: what every file is dated; before 1980 a zip cannot say
WHEN = "2020-01-01T00:00:00Z"
OF_A_CONFIG = ("architecture", "os", "variant")  # what is kept of an image's description, beside the next
OF_A_RUN = (
    "Hostname",
    "Domainname",
    "Image",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
)  # of the build's container
TIMES = ("mtime", "atime", "ctime")
GZIP = b"\x1f\x8b"


def rewrite(saved: Path, target: IO[bytes], tag: str) -> str:
    """Write the one image of the archive `saved` into `target`; return its id, `sha256:...`.

    `target` is an archive that `docker load` takes, and tags with `tag`. Raises KeyError, ValueError or TarError for
    what is no archive of one image.
    """
    with tarfile.open(saved) as archive, tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as out:
        [described] = json.loads(_member(archive, "manifest.json").read())
        config = json.loads(_member(archive, described["Config"]).read())
        layers = [_add_layer(out, _member(archive, name), saved.parent) for name in described["Layers"]]
        text = _text(_description(config, layers))
        name = hashlib.sha256(text).hexdigest()
        _add(out, f"{name}.json", io.BytesIO(text), len(text))
        listed = {"Config": f"{name}.json", "RepoTags": [tag], "Layers": [f"{layer}.tar" for layer in layers]}
        text = _text([listed])
        _add(out, "manifest.json", io.BytesIO(text), len(text))
        return f"sha256:{name}"


def _description(config: dict[str, Any], layers: list[str]) -> dict[str, Any]:
    """What an image says of itself, without times and names of containers."""
    run = {name: value for name, value in config["config"].items() if name not in OF_A_RUN}
    steps = [{name: value for name, value in step.items() if name != "created"} for step in config.get("history", [])]
    return {
        **{name: config[name] for name in OF_A_CONFIG if name in config},
        "config": run,
        "created": WHEN,
        "history": [{**step, "created": WHEN} for step in steps],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
    }


def _add_layer(out: tarfile.TarFile, layer: IO[bytes], folder: Path) -> str:
    """Write one layer with every file dated alike; return its digest."""
    packed = layer.read(2) == GZIP  # as some engines keep them
    layer.seek(0)
    with tempfile.TemporaryFile(dir=folder) as written:
        source = gzip.GzipFile(fileobj=layer) if packed else layer
        with (
            tarfile.open(fileobj=source, mode="r|") as old,
            tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as new,
        ):
            for entry in old:
                new.addfile(_dated(entry), old.extractfile(entry) if entry.isreg() else None)
        size = written.tell()
        written.seek(0)
        digest = hashlib.file_digest(written, "sha256").hexdigest()  # type: ignore[arg-type]
        written.seek(0)
        _add(out, f"{digest}.tar", written, size)
    return digest


def _dated(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = EPOCH
    entry.uname = entry.gname = ""  # what a number is called depends on who looks
    entry.pax_headers = {name: text for name, text in entry.pax_headers.items() if name not in TIMES}
    return entry


def _add(out: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, EPOCH, 0o644
    out.addfile(entry, content)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)  # follows links, by which some engines say that a layer is there already
    if found is None:
        raise ValueError(f"{name} is no file in the archive")
    return found


def _text(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
