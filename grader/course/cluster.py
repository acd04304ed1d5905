"""`[cluster]` of course.toml: which machines a batch may run on. What else an engine is told, it judges itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from grader.course import toml_values as toml
from grader.errors import AuthoringError

KINDS = ("local", "ssh", "slurm", "pbs", "sge", "lsf", "htcondor", "kubernetes")


@dataclass(frozen=True)
class Cluster:
    """One cluster: its engine, how many nodes to ask it for, and what else the engine is told."""

    kind: str
    nodes: int = 2
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AuthoringError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.nodes < 1:
            raise AuthoringError(f"nodes must be 1 at least, got {self.nodes}")


def clusters(value: object, where: str) -> dict[str, Cluster]:
    """One cluster, called by its kind; or a table of such tables, each called by its own name."""
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        return {name: _cluster(each, f"{where}.{name}") for name, each in value.items()}
    named = [name for name, each in value.items() if _is_one(each)] if isinstance(value, dict) else []
    if named:
        beside = ", ".join(f"[{where.rpartition(' ')[2]}.{name}]" for name in named)
        raise AuthoringError(f"{where}: beside {beside} every cluster needs a name of its own, as in [cluster.big]")
    cluster = _cluster(value, where)
    return {cluster.kind: cluster}


def _is_one(value: object) -> bool:
    """Whether a table within [cluster] is a cluster by itself, and no option of the engine."""
    return isinstance(value, dict) and value.get("kind") in KINDS


def _cluster(value: object, where: str) -> Cluster:
    if not isinstance(value, dict):
        raise toml.wrong(where, "a table", value)
    table = toml.Table(value, where, value)  # what else is in it is for the engine
    options = {key: _plain(item) for key, item in value.items() if key not in ("kind", "nodes")}
    with toml.located(where):
        return Cluster(table.take("kind", toml.text), table.get("nodes", toml.whole, 2), options)


def _plain(value: object) -> object:
    """A value without our own reading of its numbers."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return float(value) if isinstance(value, Decimal) else value
