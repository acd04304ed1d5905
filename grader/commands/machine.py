"""`doctor` and `image`: what this machine can do, and the environment that submissions are graded in."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.course.cluster import Cluster
from grader.course.config import read_course
from grader.errors import UsageError
from grader.exit_codes import DONE, MACHINERY, NEEDS_A_PERSON
from grader.paths import SHIPPED, Paths, find_course
from grader.terminal import colour, screen

if TYPE_CHECKING:
    from grader.sandbox.finding import Finding

PROCESS = "isolation process"


def doctor(chosen: argparse.Namespace) -> int:
    """Probe and explain this machine, or a node of a cluster.

    1 when grading needs `--sandbox process`, 4 when there is no sandbox at all.
    """
    from grader.sandbox import doctor as examination

    findings = _of_a_node(chosen) if chosen.cluster else examination.examine(chosen.image, chosen.runtime)
    if chosen.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=1))
    else:
        colour.show(screen.findings_table(findings))
    usable = {finding.about for finding in findings if finding.ok and finding.about.startswith("isolation")}
    if usable == {PROCESS}:
        screen.say("no container can be started: grade with --sandbox process, or see what is wrong above")
        return NEEDS_A_PERSON
    return DONE if usable else MACHINERY


def _of_a_node(chosen: argparse.Namespace) -> list[Finding]:
    """What a cluster's node is, started for that."""
    from grader.cluster.doctor import findings
    from grader.cluster.engines import connected

    paths = find_course()
    clusters = read_course(paths).clusters if paths else {}
    one = {name: replace(cluster, nodes=1) for name, cluster in clusters.items()}
    known = {"local": Cluster("local", 1)} | one
    with closing(connected(chosen.cluster, known, paths or Paths(SHIPPED), None)) as there:
        return findings(there, chosen.sandbox, chosen.image, chosen.runtime)


def image(chosen: argparse.Namespace) -> int:
    """Build, load, save or check the grading image, write what is in it, or what is known against that."""
    from grader.sandbox import image as grading_image

    home = find_course() or Paths(SHIPPED)  # outside of a course the program's own image is meant
    if chosen.action in ("load", "save") and chosen.file is None:
        raise UsageError(f"grader image {chosen.action}: which file? as in: grader image {chosen.action} grader.tar")
    if chosen.action == "build":
        options = {"force": chosen.force, "reproducible": chosen.reproducible}
        print(grading_image.build(home, tag=chosen.tag, say=screen.say, **options))
    elif chosen.action == "load":
        print(grading_image.load(chosen.file, tag=chosen.tag))
    elif chosen.action == "save":
        grading_image.save(chosen.file, tag=chosen.tag)
    elif chosen.action == "sbom":
        _bill(chosen)
    elif chosen.action == "audit":
        return _audit(chosen)
    else:
        report = grading_image.check(home, chosen.tag)
        print(f"{chosen.tag} is {report.image}, {report.size_mib} MiB; runs as user {report.user}")
        print("inside:", ", ".join(f"{name} {version}" for name, version in report.versions))
        print("\n".join(f"no: {finding}" for finding in report.findings) or "nothing in it that may not be seen")
        return NEEDS_A_PERSON if report.findings else DONE
    return DONE


def _bill(chosen: argparse.Namespace) -> None:
    """Write the image's bill of materials."""
    from grader.sandbox import image as grading_image
    from grader.sandbox.image_inventory import bill

    image_id, found = grading_image.inventory(chosen.tag)
    text = json.dumps(bill(image_id, chosen.tag, found), indent=1)
    if chosen.file is None:
        print(text)
        return
    try:
        chosen.file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{chosen.file} cannot be written: {error.strerror}") from None
    screen.say(f"{chosen.file}: {len(found)} packages")


def _audit(chosen: argparse.Namespace) -> int:
    """Print what is known against the image's packages of Python; 1 where there is something."""
    from grader.sandbox import image as grading_image
    from grader.sandbox.image_inventory import known_against

    if chosen.file is not None and not chosen.file.is_file():
        raise UsageError(f"no file {chosen.file}")
    _, found = grading_image.inventory(chosen.tag)
    known = known_against(found, chosen.file)
    for each in known:
        print(f"{each.name} {each.version}: {each.id}; mended in {', '.join(each.fixed_in) or 'no version yet'}")
    count = sum(package.kind == "pypi" for package in found)
    others = len(found) - count
    screen.say(f"{len(known)} advisories against {count} packages of Python")
    if others:
        screen.say(f"the {others} packages of Debian were not looked up: rebuild the base from its current ones")
    return NEEDS_A_PERSON if known else DONE
