"""What Podman's Docker-compatible socket takes otherwise than Docker. Tried with Podman 4.3, as root, with runc.

podman system service --time=0 unix:///run/podman/podman.sock &
DOCKER_HOST=unix:///run/podman/podman.sock grader doctor
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

MOST = {
    "nofile": 1024,
    "nproc": 4096,
}  # its own limits may be above what its service can give; a candidate sets its own
UNKNOWN = ("nr_inodes=", "uid=", "gid=")  # options of tmpfs
SECCOMP = "seccomp="


def as_it_takes_it(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A HostConfig of Docker's as Podman understands it.

    folder: of ours, on the machine of the engine, for the seccomp profile, which it reads from a file
    """
    security = []
    for option in config["SecurityOpt"]:
        if option.startswith(SECCOMP):
            profile = folder / "seccomp.json"
            profile.write_text(option.removeprefix(SECCOMP))
            option = f"{SECCOMP}{profile}"
        security.append(option)
    covered = config.get("MaskedPaths")
    if covered is not None:
        security.append(f"mask={':'.join(covered)}" if covered else "unmask=ALL")
    return {
        **config,
        "SecurityOpt": security,
        "Tmpfs": {place: _tmpfs(options) for place, options in config["Tmpfs"].items()},
        "Ulimits": [{"Name": name, "Soft": most, "Hard": most} for name, most in MOST.items()],
    }


def _tmpfs(options: str) -> str:
    """Empty, without owners and a number of files; where there was an owner, everybody may write."""
    kept = [option for option in options.split(",") if not option.startswith(UNKNOWN)]
    owned = "uid=" in options
    kept = ["mode=1777" if owned and option.startswith("mode=") else option for option in kept]
    return ",".join([*kept, "notmpcopyup"])  # else what lies below is copied into it
