"""What commands about this machine take."""

from __future__ import annotations

from pathlib import Path

from grader.cli.shared import RUNTIME, Command, as_json, cluster_name
from grader.submission.arguments import Parser


def _doctor(made: Parser) -> None:
    made.add_argument("--image", default="grader:latest")
    cluster = "start a node of a cluster of course.toml, or go to this address, and probe it (default: local)"
    made.add_argument("--cluster", nargs="?", const="local", type=cluster_name, metavar="NAME|ADDRESS", help=cluster)
    made.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    made.add_argument("--runtime", default="", metavar="NAME", help=RUNTIME)
    as_json(made)


def _image(made: Parser) -> None:
    made.add_argument("action", choices=["build", "load", "save", "check", "sbom", "audit"])
    file = "load, save: as `docker save` makes it; sbom: where to (default: stdout); audit: advisories in OSV's format"
    made.add_argument("file", nargs="?", type=Path, help=file)
    made.add_argument("--tag", default="grader:latest")
    made.add_argument("--force", action="store_true", help="build although a current image is there")
    made.add_argument("--reproducible", action="store_true", help="build: the same inputs give the same digest")


def _record(made: Parser) -> None:
    made.add_argument("action", choices=["check", "backup", "prune"])
    made.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="backup: where to, a folder that is new")
    made.add_argument("--yes", action="store_true", help="prune: remove it (else it is only said what would go)")


def _completion(made: Parser) -> None:
    made.add_argument("shell", choices=["bash", "zsh", "fish"])


COMMANDS = {
    "record": Command("upkeep:record", _record, "The record: whether it is whole, a backup, what can go of it."),
    "doctor": Command("machine:doctor", _doctor, "Probe this machine: Docker, image, isolation, GPUs."),
    "image": Command("machine:image", _image, "Build, load, save or check the grading image; what is in it."),
    "completion": Command(
        "completion:completion",
        _completion,
        "Print what makes a shell complete commands, options and ids.",
    ),
}
