"""What the grading image is made of: its packages of Python and Debian, as a bill of materials, and what is known
against them.

The bill is CycloneDX 1.5 in JSON. Advisories come from pip-audit where that is installed, which asks the network, or
from a file in OSV's format, which anybody can download beforehand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import MachineryError, UsageError
from grader.sandbox.image_scan import run_inside

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

AUDIT_S = 600  # for all answers of the network
NOT_LOOKED_UP = "not looked up, the index does not know it"
NO_AUDIT = (
    "pip-audit is not installed here: pipx install pip-audit. Without a network give a file of advisories in OSV's "
    "format (one JSON, a list of them, or OSV's own PyPI/all.zip): grader image audit FILE"
)

# Runs inside, isolated (-I): names, versions and licences of everything that is installed.
LIST = """
import importlib.metadata, json, shutil, subprocess
told = []
for found in importlib.metadata.distributions():
    about = found.metadata
    said = about.get("License-Expression") or about.get("License") or ""
    said = said.strip().splitlines()[0][:100] if said.strip() else "; ".join(
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License ::"))
    told.append(["pypi", about["Name"], found.version, "", said, bool(about.get("License-Expression"))])
if shutil.which("dpkg-query"):
    form = "${Package} ${Version} ${Architecture}\\n"
    listed = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    told += [["deb", *line.split(), "", False] for line in listed.splitlines()]
print("\\n" + json.dumps(told))
"""


@dataclass(frozen=True, order=True)
class Package:
    """One thing that is installed. `kind`: "pypi" or "deb"."""

    kind: str
    name: str
    version: str
    architecture: str = ""
    licence: str = ""
    is_expression: bool = False  # of SPDX, and not somebody's words

    @property
    def purl(self) -> str:
        """Its package URL."""
        if self.kind == "pypi":
            return f"pkg:pypi/{normal(self.name)}@{self.version}"
        return f"pkg:deb/debian/{self.name}@{self.version.replace(':', '%3A')}?arch={self.architecture}"


@dataclass(frozen=True, order=True)
class Advisory:
    """Something known against a package that is installed."""

    name: str
    version: str
    id: str
    fixed_in: tuple[str, ...] = ()


def normal(name: str) -> str:
    """A package's name as indexes write it."""
    return name.lower().replace("_", "-").replace(".", "-")


def packages(client: DockerClient, image: Image) -> list[Package]:
    """Ask a container of the image; MachineryError where it does not run."""
    try:
        return sorted(Package(*entry) for entry in run_inside(client, image, LIST, []))
    except TypeError:
        raise MachineryError("the image does not say what is installed in it") from None


# ------------------------------------------------------------------------------------------------ bill of materials


def bill(image_id: str, tag: str, found: Iterable[Package]) -> dict[str, Any]:
    """CycloneDX 1.5. The same image gives the same bytes: nothing says when it was made."""
    about = {"type": "container", "bom-ref": image_id, "name": tag.partition(":")[0], "version": image_id}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image_id)}",
        "version": 1,
        "metadata": {"component": about},
        "components": [_component(package) for package in found],
    }


def _component(package: Package) -> dict[str, Any]:
    about: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.licence:
        said = {"expression": package.licence} if package.is_expression else {"license": {"name": package.licence}}
        about["licenses"] = [said]
    return about


# ------------------------------------------------------------------------------------------------ advisories


def known_against(found: Iterable[Package], file: Path | None) -> list[Advisory]:
    """What is known against Python's packages, from a file, else from pip-audit. Raises UsageError, MachineryError.

    A package that pip-audit's index does not know is an advisory of itself, NOT_LOOKED_UP: nothing is known of it.
    """
    of_python = {normal(package.name): package.version.partition("+")[0] for package in found if package.kind == "pypi"}
    return sorted(set(_from_file(of_python, file) if file else _from_pip_audit(of_python)))


def _from_pip_audit(installed: Mapping[str, str]) -> Iterator[Advisory]:
    program = shutil.which("pip-audit")
    if program is None:
        raise UsageError(NO_AUDIT)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.writelines(f"{name}=={version}\n" for name, version in sorted(installed.items()))
        pins.flush()
        command = [program, "--disable-pip", "--no-deps", "-r", pins.name, "-f", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise MachineryError(f"pip-audit was not done within {AUDIT_S} s; it needs a network") from None
    try:
        said = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise MachineryError(f"pip-audit could not ask; it needs a network: {last[:300]}") from None
    if said and all("skip_reason" in entry for entry in said):
        raise MachineryError(f"pip-audit's index knows none of the packages; {str(said[0]['skip_reason'])[:200]}")
    for entry in said:
        if "skip_reason" in entry:
            yield Advisory(entry["name"], installed.get(normal(entry["name"]), "?"), NOT_LOOKED_UP)
        for known in entry.get("vulns", ()):
            yield Advisory(entry["name"], entry["version"], known["id"], tuple(known["fix_versions"]))


def _from_file(installed: Mapping[str, str], file: Path) -> Iterator[Advisory]:
    for entry in _read(file):
        for affected in entry.get("affected", ()):
            about = affected.get("package", {})
            name = normal(str(about.get("name", "")))
            if about.get("ecosystem") == "PyPI" and name in installed and is_affected(affected, installed[name]):
                yield Advisory(name, installed[name], str(entry["id"]), tuple(_fixes(affected)))


def _read(file: Path) -> Iterator[dict[str, Any]]:
    """The advisories of one JSON, of a list, or of a zip of JSONs. Raises UsageError."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as packed:
                texts = [packed.read(name) for name in sorted(packed.namelist()) if name.endswith(".json")]
        else:
            texts = [file.read_bytes()]
        for text in texts:
            told = json.loads(text)
            yield from told if isinstance(told, list) else [told]
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} holds no advisories in OSV's format: {error}") from None


def is_affected(affected: Mapping[str, Any], version: str) -> bool:
    """Whether OSV's `affected` names a version, or has a range that it lies in."""
    if version in affected.get("versions", ()):
        return True
    return any(
        _lies_in(each.get("events", ()), version)
        for each in affected.get("ranges", ())
        if each.get("type") == "ECOSYSTEM"
    )


def _lies_in(events: Iterable[Mapping[str, str]], version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        ours, inside = Version(version), False
        at = [(Version(text) if text != "0" else Version("0.dev0"), kind, text) for each in events
              for kind, text in each.items()]  # fmt: skip
    except InvalidVersion:
        return False
    for when, kind, _ in sorted(at):
        if kind == "introduced" and when <= ours:
            inside = True
        elif (kind == "fixed" and when <= ours) or (kind == "last_affected" and when < ours):
            inside = False
    return inside


def _fixes(affected: Mapping[str, Any]) -> Iterator[str]:
    for each in affected.get("ranges", ()):
        if each.get("type") == "ECOSYSTEM":
            yield from (event["fixed"] for event in each.get("events", ()) if "fixed" in event)
