"""The default sandbox: containers of the grading image, driven through the Docker SDK.

A container has no network, a read-only root, tmpfs only, no new privileges, and limits on memory, swap, processes and
processor. Its one tie to us is a Unix socket in a folder that it sees read-only; we listen, its zygote connects, then
the socket is gone. Levels:

    zygote   one container serves many submissions, one at a time, each jailed in namespaces of its own: without any
             privilege where the host lets an unprivileged container make them (userns), else with four capabilities
             (caps). The container is replaced after RECYCLE_AFTER submissions and after any anomaly.
    strict   a container serves one submission and is removed; it has no capability, and the next one is kept warm.

Covered: what `grader.zygote` says, and memory and processor for all processes together. Not covered: the kernel is the
host's, unless Docker runs the containers with another runtime; the GPU driver's interface where GPUs are given.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import select
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import MachineryError, NotShared
from grader.sandbox import container_gpu, podman
from grader.sandbox.engine import connect, first_line, is_podman
from grader.sandbox.image import find
from grader.sandbox.leftovers import LINKED, owner_label, remove_folder
from grader.sandbox.link import START_S, Link, LinkedCandidate
from grader.sandbox.video_memory import Share
from grader.schema import Assignment
from grader.zygote import procfs
from grader.zygote.jail import FIRST_TO_GO
from grader.zygote.seccomp import ALLOWED, LOOKED_INTO, OF_GPUS

RECYCLE_AFTER = 200  # submissions served by one container
ZYGOTE_MIB = 512  # what the container may use beside the submission: the zygote and its imports
ZYGOTE_PROCESSES = 32
KERNEL_THREADS = 512  # of a runtime that is a kernel, which are counted as the container's
ENGINE_S = 120  # how long the engine may take for one answer
LONGEST_WHY = 400  # of what an engine complains about
USER = "1000:1000"
PACKAGES = "/opt/packages"  # in the image: a link to where Python's packages lie
COVER = "ro,size=4k,mode=0555"  # over the folder of a hidden module where no jail does it
CAPABILITIES = ["SYS_ADMIN", "SETUID", "SETGID", "KILL"]  # `caps`: without KILL a deadline could not be kept
SETTING_UP = (
    "mount",
    "umount2",
    "pivot_root",
    "unshare",
    "sethostname",
    "open_tree",
    "chroot",
)  # by a jail's builder


NOT_SHARED = (
    "what containers are given lies there, and it is private to this service (PrivateTmp of systemd), or the engine "
    "runs elsewhere; let TMPDIR name a folder that both see"
)


@dataclass(frozen=True)
class Grant:
    """What every container of a sandbox gets: the image, processors, a GPU's id or nothing, the engine's runtime or
    "" for its default."""

    image: str
    cpus: float = 1.0
    gpu: str | None = None
    runtime: str = ""


@dataclass
class Container:
    """A running container and our end of its zygote."""

    id: str
    link: Link
    folder: Path
    served: int = 0


def outer_filter(level: str, gpu: bool = False) -> str:
    """The container's seccomp profile: what a candidate may call, and what its jail needs to be built."""
    names = {*ALLOWED, *LOOKED_INTO, *(OF_GPUS if gpu else ()), *(SETTING_UP if level != "strict" else ())}
    calls: list[dict[str, Any]] = [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}]
    calls.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS})  # libc falls back
    refused = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": errno.ENOSYS}
    return json.dumps({**refused, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": calls})


def _covered_in_sys() -> list[str]:
    """What the engine is to cover of /sys where there is no jail: all but the container's own groups."""
    places = [place for folder in ("/sys", "/sys/fs") if os.path.isdir(folder) for place in os.scandir(folder)]
    return [place.path for place in places if place.path not in ("/sys/fs", "/sys/fs/cgroup")]


class DockerSandbox:
    """One slot. `level`: "userns", "caps" or "strict"; `grader.sandbox.choose` finds out which zygote level works."""

    def __init__(self, assignment: Assignment, grant: Grant, level: str) -> None:
        self.assignment = assignment
        self.grant = grant
        self.level = level
        self.isolation = level if level == "strict" else f"zygote-{level}"
        self.isolation += f" in {grant.runtime}" if grant.runtime else ""
        self._engine = contextlib.ExitStack()
        self.client = self._engine.enter_context(connect(ENGINE_S))
        self.is_podman = is_podman(self.client)
        self.environment = str(find(self.client, grant.image).id).removeprefix("sha256:")
        self.share = Share(grant.gpu, assignment.limits.video_memory_mib) if grant.gpu is not None else None
        self.memory = ""  # what bounds the memory of all processes of a candidate together
        self.current: Container | None = None
        self.warm: Container | None = None

    # ------------------------------------------------------------------------------------------ candidates

    def open(self) -> LinkedCandidate:
        if self.current is None:
            self.current = self._warmed_up() or self._start()
        container = self.current
        try:
            container.served += 1
            # the kernel counts the processes of a user, and all `strict` containers run as the same one
            processes = 0 if self.level == "strict" and not self.grant.runtime else None
            limits, hidden = self.assignment.limits, self.assignment.hidden_modules
            candidate = container.link.open(limits, hidden, self.settle, processes=processes, share=self.share)
        except MachineryError:
            self._discard()
            raise
        self.memory = container.link.memory
        if self.level == "strict":
            container.link.shut_door()
        return candidate

    def _warmed_up(self) -> Container | None:
        """The container that was kept warm, if it came up and is still there."""
        container, self.warm = self.warm, None
        if container is None:
            return None
        with contextlib.suppress(MachineryError):
            container.link.about  # noqa: B018 - wait for it now
            if container.link.alive(0):
                return container
        self._remove(container)
        return None

    def settle(self, how: str) -> bool:
        """Keep the container only where nothing unusual happened, and `zygote` lets it serve again."""
        if self.current is None:
            return True
        own_doing = self.current.link.own_doing(how, jailed=self.level != "strict")
        tidy = how in ("closed", "exit", "signal")
        if not tidy or self.level == "strict" or self.current.served >= RECYCLE_AFTER:
            self._discard()
        return own_doing

    def prepare(self) -> None:
        """Warm up the container that `strict` needs next; a failure shows when it is needed."""
        if self.level == "strict" and self.warm is None:
            with contextlib.suppress(MachineryError):
                self.warm = self._start(wait=False)

    def _discard(self) -> None:
        container, self.current = self.current, None
        if container is not None:
            self._remove(container)

    # ------------------------------------------------------------------------------------------ containers

    def _start(self, wait: bool = True) -> Container:
        folder = Path(tempfile.mkdtemp(prefix=f"grader-{os.getpid()}-"))
        shared = Path(tempfile.mkdtemp(prefix="ctl-"))  # whose name the container sees: it says nothing of us
        (folder / LINKED).symlink_to(shared)
        os.chmod(shared, 0o755)
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(shared / "zygote.sock"))
            os.chmod(shared / "zygote.sock", 0o666)
            listener.listen(4)
            name = f"grader-{os.getpid()}-{secrets.token_hex(4)}"
            try:
                created = self.client.api.create_container(**self._settings(name, shared, folder))
                self.client.api.start(created["Id"])
                control = self._connected(listener, name)
            except (OSError, self._docker_error()) as error:
                self._force_remove(name)
                why = self._why_not(error, folder)
                remove_folder(folder)
                raise why from None
            if self.grant.runtime:
                door = listener
                stack.pop_all()  # it stays open: a candidate's streams come through it
            else:
                door = None
                (shared / "zygote.sock").unlink()
        try:
            return Container(created["Id"], Link(control, announced=wait, door=door), folder)
        except MachineryError:
            control.close()
            if door is not None:
                door.close()
            self._force_remove(name)
            remove_folder(folder)
            raise

    def _why_not(self, error: Exception, folder: Path) -> MachineryError:
        """Why no container could be started, from what the engine says of it."""
        if not self._is_seen(folder):
            return NotShared(f"the engine does not see {folder.parent}: {NOT_SHARED}")
        of_gpu = container_gpu.why_not(str(error), self.grant.gpu) if self.grant.gpu is not None else None
        why = first_line(error)[:LONGEST_WHY]
        return of_gpu or MachineryError(f"no container of {self.grant.image} could be started: {why}")

    def _is_seen(self, folder: Path) -> bool:
        """Whether the engine sees a folder of ours, which no container had yet; yes where it does not say."""
        from docker.types import Mount

        host_config = self.client.api.create_host_config(mounts=[Mount("/ctl", str(folder), type="bind")])
        try:
            made = self.client.api.create_container(self.grant.image, host_config=host_config)
        except (OSError, self._docker_error()) as error:
            return "does not exist" not in str(error) or str(folder) not in str(error)
        self._force_remove(made["Id"])
        return True

    def _connected(self, listener: socket.socket, name: str) -> socket.socket:
        """Wait until the zygote connects, or its container has ended. Raises OSError, or the engine's error."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if select.select([listener], [], [], 1.0)[0]:
                return listener.accept()[0]
            if not self.client.api.inspect_container(name)["State"]["Running"]:
                raise OSError("it ended before its zygote was there")
        raise OSError(f"its zygote was not there within {START_S:g} s")

    def _docker_error(self) -> type[Exception]:
        import docker.errors

        return docker.errors.APIError

    def _settings(self, name: str, shared: Path, folder: Path) -> dict[str, Any]:
        level = "bare" if self.level == "strict" else self.level
        host_config = self._host_config(shared)
        arguments = ["--connect", "/ctl/zygote.sock", "--level", level]
        if self.grant.runtime:  # a kernel of its own cannot hand descriptors over
            arguments += ["--streams", "connect"]
        return {
            "image": self.grant.image,
            "name": name,
            "command": [*arguments, "--preload", ",".join(self.assignment.preload)],
            "user": "0:0" if self.level == "caps" else USER,
            "labels": {"grader": "1", "grader.owner": owner_label()},
            "host_config": podman.as_it_takes_it(host_config, folder) if self.is_podman else host_config,
            "network_disabled": True,
        }

    def _host_config(self, shared: Path) -> dict[str, Any]:
        limits = self.assignment.limits
        owned = "uid=1000,gid=1000,mode=0700" if self.level == "strict" else "mode=0755"
        tmpfs = f"size={limits.disk_mib}m,nr_inodes=4096,{owned}"
        covers = {f"{PACKAGES}/{module}": COVER for module in self.assignment.hidden_modules if self.level == "strict"}
        memory = f"{limits.memory_mib + ZYGOTE_MIB}m"
        security = ["no-new-privileges", f"seccomp={outer_filter(self.level, self.grant.gpu is not None)}"]
        if self.level != "strict":
            security.append("apparmor=unconfined")
        config: dict[str, Any] = self.client.api.create_host_config(
            auto_remove=True,
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=CAPABILITIES if self.level == "caps" else [],
            security_opt=security,
            mem_limit=memory,
            memswap_limit=memory,
            pids_limit=limits.processes + ZYGOTE_PROCESSES + (KERNEL_THREADS if self.grant.runtime else 0),
            nano_cpus=int(self.grant.cpus * 1e9),
            tmpfs={"/tmp": tmpfs, "/job": tmpfs, "/dev/shm": tmpfs, **covers},
            ipc_mode="private",
            binds={str(shared): {"bind": "/ctl", "mode": "ro"}, **self._made_up(shared)},
            device_requests=self._gpu_request(),
            runtime=self.grant.runtime or None,
        )
        if (
            self.level == "userns"
        ):  # a masked /proc forbids a fresh one inside; the zygote has no privilege to misuse it
            config["MaskedPaths"] = config["ReadonlyPaths"] = []
        elif self.level == "strict":
            gpu = self.grant.gpu is not None
            config["MaskedPaths"] = procfs.covered(gpu) + ([] if gpu else _covered_in_sys())
            config["ReadonlyPaths"] = ["/proc"]
            config["OomScoreAdj"] = FIRST_TO_GO  # it serves one submission, which cannot take this back
        return config

    def _made_up(self, shared: Path) -> dict[str, Any]:
        """In `strict`, what is shown for a few files of /proc; elsewhere the jail does it."""
        if self.level != "strict":
            return {}
        files = procfs.write_texts(str(shared), self.assignment.limits.memory_mib)
        for file in files.values():
            os.chmod(file, 0o444)
        return {files[name]: {"bind": f"/proc/{name}", "mode": "ro"} for name in procfs.BINDABLE}

    def _gpu_request(self) -> list[Any]:
        import docker.types

        if self.grant.gpu is None:
            return []
        return [docker.types.DeviceRequest(device_ids=[self.grant.gpu], capabilities=[["compute", "utility"]])]

    def _remove(self, container: Container) -> None:
        container.link.close()
        self._force_remove(container.id)
        remove_folder(container.folder)

    def _force_remove(self, name: str) -> None:
        with contextlib.suppress(self._docker_error()):  # gone already, or on its way
            self.client.api.remove_container(name, force=True)

    def close(self) -> None:
        for container in (self.current, self.warm):
            if container is not None:
                self._remove(container)
        self.current = self.warm = None
        self._engine.close()
