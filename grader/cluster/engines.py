"""From a table of course.toml, or an address, to machines that run Dask workers.

Who listens on a Dask port can have a worker do anything, so every connection of a cluster that is begun here is
encrypted and needs a certificate, made for this run (`distributed.Security.temporary`).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shlex
import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.course.cluster import KINDS, Cluster
from grader.errors import AuthoringError, MachineryError, UsageError
from grader.paths import Paths
from grader.sandbox.engine import first_line
from grader.sandbox.leftovers import owner_label

if TYPE_CHECKING:
    from distributed import Client, Security

HOW = "pip install 'coursegrader[cluster]'"
JOBS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "htcondor": "HTCondorCluster",
}
UNKNOWN_OPTION = re.compile(r"unexpected keyword argument '(\w+)'")
PAGE_OF_TABLES = "/info/main/workers.html"
OWN_PAGE = "127.0.0.1:0"  # Dask's page asks nobody who he is
ROLES = ("scheduler", "worker", "client")
KNOCK_S, CONNECT_S = 5.0, 20.0  # until a scheduler must have answered
PAGE_S = 3.0  # until its page must have
SOON_S, IN_A_WHILE_S, WHENEVER_S = 60.0, 600.0, float("inf")  # until the first node must be there
SETTINGS: dict[str, Any] = {  # in place of Dask's own defaults; what its files or the environment say comes first
    "distributed": {
        "comm": {"timeouts": {"tcp": "120s"}},  # a network that stalls for a minute loses no node
        "scheduler": {"work-stealing": False},  # a task is for the node that it is given to
    },
    # a person hears it from us
    "logging": {
        "distributed": "critical",
        "bokeh": "critical",
        "tornado": "critical",
        "tornado.application": "critical",
    },
}


@dataclass
class Machines:
    """Where Dask workers are, or will be. Closes what was begun for it."""

    client: Client
    patience_s: float  # until the first of them must be there
    scheduler_is_here: bool = False  # in this process
    ending: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def dashboard(self) -> str:
        """The address of Dask's page about them; "" where it has none. Its page with plots needs Bokeh where the
        scheduler is; without, or where it was begun with --no-dashboard, there is one with tables.
        """
        link = self.client.dashboard_link or ""
        if importlib.util.find_spec("bokeh") is None if self.scheduler_is_here else _is_none(link):
            return link.replace("/status", PAGE_OF_TABLES)
        return link

    @property
    def readable(self) -> bool:
        """Whether what is carried leaves this machine as anybody on its way can read it."""
        scheme, _, place = str(self.client.scheduler.address).partition("://")  # type: ignore[union-attr]
        return scheme != "tls" and not place.startswith(("127.", "localhost", "[::1]"))

    def close(self) -> None:
        self.ending.close()


def connected(name: str, clusters: Mapping[str, Cluster], paths: Paths, each: int | None) -> Machines:
    """The machines of this name or address. Raises UsageError, AuthoringError, MachineryError.

    each: slots of every node, where the engine asks
    """
    if "://" not in name and name not in clusters and name != "local":
        raise _none_such(name, clusters)
    configure_dask()
    if "://" in name:
        return _at(name)
    cluster = clusters.get(name) or Cluster("local")
    begin, patience_s = ENGINES.get(cluster.kind, (_jobs, WHENEVER_S))
    with ExitStack() as ending, _complaints(f"course.toml: cluster {name}"), _folder_of_dask(ending):
        begun = begin(cluster, paths, each, ending)
        client = ending.enter_context(_client(begun))
        here = hasattr(begun.scheduler, "workers")  # else it is a handle of one elsewhere
        return Machines(client, patience_s, here, ending.pop_all())


def _none_such(name: str, clusters: Mapping[str, Cluster]) -> UsageError:
    """What is missing in course.toml, or in an address, for a name that there is not."""
    if name in KINDS and name not in {cluster.kind for cluster in clusters.values()}:
        return UsageError(f'--cluster {name}: course.toml says which machines: a table [cluster] with kind = "{name}"')
    if re.fullmatch(r"[\w.-]+:\d+", name):
        return UsageError(f"--cluster {name}: an address begins with tcp:// or tls://, as in tls://{name}")
    known = ", ".join(sorted({*clusters, "local"}))
    return UsageError(f"--cluster {name}: there is {known}, or the address of a scheduler, like tcp://host:8786")


def _is_none(link: str) -> bool:
    """Whether who is asked for a page has none at this address; False as well where nobody can be asked."""
    try:
        urllib.request.urlopen(link, timeout=PAGE_S).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return False


def environment_of(image: str) -> str:
    """The digest of the grading image on this machine; "" where it has none."""
    from grader.sandbox.image import digest

    try:
        return digest(image).removeprefix("sha256:")
    except MachineryError:
        return ""


def configure_dask() -> None:
    """Import it, with settings that fit. Raises UsageError where there is none."""
    with _needs("Dask", HOW):
        import dask

        dask.config.update_defaults(SETTINGS)  # before the next, which begins its log
        import distributed  # noqa: F401

        dask.config.update_defaults(SETTINGS)  # after it, for it brings defaults of its own


@contextmanager
def _folder_of_dask(ending: ExitStack) -> Iterator[None]:
    """Have what Dask begins here write into a folder that is swept away like all others."""
    import dask

    folder = tempfile.mkdtemp(prefix=f"grader-{os.getpid()}-")
    ending.callback(shutil.rmtree, folder, ignore_errors=True)
    with dask.config.set({"temporary-directory": folder}):
        yield


@contextmanager
def _needs(what: str, how: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise UsageError(f"--cluster needs {what} ({error.name} is missing): {how}") from None


@contextmanager
def _complaints(where: str) -> Iterator[None]:
    """Say in one line what an engine does not like."""
    try:
        yield
    except (TypeError, ValueError) as error:  # of options
        raise AuthoringError(f"{where}: {_of_an_option(error)}") from None
    except (OSError, RuntimeError, TimeoutError) as error:  # of machines
        if (option := _unknown_option(_root(error))) is not None:
            raise AuthoringError(f"{where}: {option}") from None
        raise MachineryError(f"{where}: {first_line(error) or type(error).__name__}") from None


def _root(error: BaseException) -> BaseException:
    """The first of the errors that led to this one."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _of_an_option(error: BaseException) -> str:
    """What an engine does not like about its options, without the example that it gives on more lines."""
    return _unknown_option(error) or first_line(error).removesuffix(", for example:")


def _unknown_option(error: BaseException) -> str | None:
    """Which option an engine does not know; None where the error is another one."""
    found = UNKNOWN_OPTION.search(str(error)) if isinstance(error, (TypeError, ValueError)) else None
    return None if found is None else f"{found[1]} is no option of this engine"


def _client(begun: Any) -> Client:
    """A client of what was begun here, or of an address."""
    from distributed import Client

    return Client(begun, set_as_default=False, timeout=CONNECT_S)


def _at(address: str) -> Machines:
    """A scheduler that runs already; what TLS needs is in Dask's own configuration then."""
    from distributed import Security
    from distributed.comm import get_address_host_port

    if address.startswith("tls://") and Security().get_connection_args("client").get("ssl_context") is None:
        raise UsageError(f"--cluster {address}: Dask's settings name no certificates (distributed.comm.tls)")
    with _complaints(f"--cluster {address}"):
        place = get_address_host_port(address)
    try:
        socket.create_connection(place, KNOCK_S).close()  # Dask itself would ask again and again
    except OSError as error:
        raise MachineryError(f"--cluster {address}: no scheduler answers there: {error}") from None
    with ExitStack() as ending, _complaints(f"--cluster {address}"):
        client = ending.enter_context(_client(address))
        return Machines(client, SOON_S, ending=ending.pop_all())


# ------------------------------------------------------------------------------------------------ engines


def _local(cluster: Cluster, paths: Paths, each: int | None, ending: ExitStack) -> Any:
    """Nodes on this machine, which share its processors."""
    from distributed import LocalCluster, Security

    processors = len(os.sched_getaffinity(0))
    options: dict[str, Any] = {
        "n_workers": cluster.nodes,
        "threads_per_worker": each or max(1, processors // cluster.nodes),
        "processes": True,
        "host": "127.0.0.1",
        "protocol": "tls://",
        "security": Security.temporary(),
        "dashboard_address": OWN_PAGE,
        "preload": ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"],  # Ctrl-C is for the coordinator
        "memory_limit": 0,  # a candidate has limits of its own
        "silence_logs": logging.CRITICAL,
    }
    return ending.enter_context(LocalCluster(**{**options, **cluster.options}))


def _jobs(cluster: Cluster, paths: Paths, each: int | None, ending: ExitStack) -> Any:
    """Jobs of a batch system, one a node. What encrypts lies in a folder of the course while they run."""
    import dask

    with _needs("dask-jobqueue", HOW):
        import dask_jobqueue
    from distributed import Security

    paths.clusters.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{owner_label()}.", dir=paths.clusters))
    ending.callback(shutil.rmtree, folder, ignore_errors=True)
    if not dask.config.get(f"jobqueue.{cluster.kind}.log-directory", None):  # else who wrote that file has a place
        paths.jobs.mkdir(mode=0o700, exist_ok=True)
        jobs: dict[str, Any] = {"log_directory": str(paths.jobs)}
    else:
        jobs = {}
    options: dict[str, Any] = {
        **jobs,
        "processes": 1,
        "security": Security(require_encryption=True, **_as_files(folder)),
        "scheduler_options": {"dashboard_address": OWN_PAGE},
        "worker_extra_args": ["--no-dashboard"],
    }
    engine = getattr(dask_jobqueue, JOBS[cluster.kind])
    command = shlex.split(engine.job_cls.submit_command)[0]
    if shutil.which(command) is None:
        raise OSError(f"there is no {command} on this machine; begin where jobs are submitted")
    begun = ending.enter_context(engine(**{**options, **cluster.options}))
    _submit(begun, cluster.nodes)
    return begun


def _submit(begun: Any, count: int) -> None:
    """Submit jobs, as its `scale` does, but hear what the batch system says of them. Raises RuntimeError."""
    from distributed import Status

    for _ in range(count):
        begun.worker_spec.update(begun.new_worker_spec())
    try:
        begun.sync(begun._correct_state)
    except RuntimeError as error:
        for name, job in list(begun.workers.items()):
            if job.job_id is None:  # else closing would cancel it
                job.status = Status.failed
                del begun.workers[name]
        said = str(error).partition("stderr:\n")[2].strip() or str(error)
        raise RuntimeError(f"the job was refused: {'; '.join(said.splitlines())}") from None


def _ssh(cluster: Cluster, paths: Paths, each: int | None, ending: ExitStack) -> Any:
    """Machines that are reached by ssh; the first of `hosts` runs the scheduler, as Dask has it."""
    import dask

    hosts = cluster.options.get("hosts")
    if not isinstance(hosts, list) or len(hosts) < 2:
        raise ValueError('hosts is a list of two at least, as in ["lab1", "lab1"]: the first one is no node')
    with _needs("asyncssh", "pip install asyncssh"):
        import asyncssh  # noqa: F401
    from distributed import Security, SSHCluster

    security = Security.temporary()
    options: dict[str, Any] = dict(cluster.options)
    slots: dict[str, Any] = {"nthreads": each} if each else {}
    options["worker_options"] = {"dashboard": False} | slots | options.get("worker_options", {})
    options["scheduler_options"] = {"dashboard_address": OWN_PAGE} | options.get("scheduler_options", {})
    with dask.config.set(_as_settings(security)):  # what Dask hands to the other side
        return ending.enter_context(SSHCluster(security=security, **options))


def _pem_texts(security: Security) -> dict[str, str]:
    """The certificates and keys of a temporary Security, by its names for them."""
    names = ["tls_ca_file", *(f"tls_{role}_{part}" for role in ROLES for part in ("key", "cert"))]
    return {name: getattr(security, name) for name in names}


def _as_files(folder: Path) -> dict[str, str]:
    """New certificates and keys as files of this user alone; where each is."""
    from distributed import Security

    for name, text in _pem_texts(Security.temporary()).items():
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    return {file.name: str(file) for file in folder.iterdir()}


def _as_settings(security: Security) -> dict[str, object]:
    """Certificates and keys as Dask's settings."""
    texts = _pem_texts(security)
    tls = {f"{role}.{part}": texts[f"tls_{role}_{part}"] for role in ROLES for part in ("key", "cert")}
    return {f"distributed.comm.tls.{name}": text for name, text in tls.items()} | {
        "distributed.comm.tls.ca-file": texts["tls_ca_file"],
        "distributed.comm.require-encryption": True,
        "distributed.comm.default-scheme": "tls",
        "logging": {"distributed": "info"},  # by which Dask notices that a scheduler or a worker is there
        "temporary-directory": None,  # there is not here
    }


def _kubernetes(cluster: Cluster, paths: Paths, each: int | None, ending: ExitStack) -> Any:
    """Pods, by the operator of dask-kubernetes, which encrypts what its cluster is configured to encrypt."""
    with _needs("dask-kubernetes", "pip install dask-kubernetes"):
        from dask_kubernetes.operator import KubeCluster
    return ending.enter_context(KubeCluster(**({"n_workers": cluster.nodes} | dict(cluster.options))))


ENGINES: dict[str, tuple[Callable[[Cluster, Paths, int | None, ExitStack], Any], float]] = {
    "local": (_local, SOON_S),
    "ssh": (_ssh, SOON_S),
    "kubernetes": (_kubernetes, IN_A_WHILE_S),
}
