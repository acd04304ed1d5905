"""One thing that `grader doctor` found out about a machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was probed."""

    about: str
    ok: bool
    says: str
    advice: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)
