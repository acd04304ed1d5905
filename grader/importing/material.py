"""What was read of a source, whatever system it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Part:
    """One cell. role: "given" to students as it is; "solution", with marks inside; "prompt"; "answer", in words."""

    kind: str  # "code" or "markdown"
    source: str
    role: str = "given"
    include: bool = False  # a text that stands in a solution and is given


@dataclass(frozen=True)
class Case:
    """One test of a question.

    label: what the source calls it;  source: its statements, without prompts
    expects: what its last statement prints, where that is what is compared;  None: it raises unless all is well
    points: of the source, None where it has none of its own
    """

    label: str
    source: str
    expects: str | None = None
    prints: bool = False  # compared by what it prints, and the source does not say what that is
    measured: bool = False  # each of its expressions is compared with what the source's own solution gives
    hidden: bool = False
    points: Fraction | None = None
    excerpt: bool = False  # what students see of another test
    success: str = ""
    failure: str = ""


@dataclass
class Asked:
    """One question of the source. name: what the source calls it; id: what it is called here."""

    name: str
    points: Fraction = Fraction(0)
    manual: bool = False
    all_or_nothing: bool = False
    title: str = ""
    id: str = ""
    parts: list[Part] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    unasked: set[str] = field(default_factory=set)  # names of its tests that students do not define in it alone
    names: list[str] = field(default_factory=list)  # what students define in it and nothing gives

    @property
    def decimal(self) -> Decimal:
        """The points as a decimal number; thirds are cut at the fourth digit."""
        exact = Decimal(self.points.numerator) / Decimal(self.points.denominator)
        return exact if Fraction(exact) == self.points else round(exact, 4)


@dataclass(frozen=True)
class Note:
    """What became of one thing. kind: "moved", "claim", "left" or "changed"."""

    where: str
    kind: str
    says: str


@dataclass
class Material:
    """A whole assignment of the source, in the order of its notebook."""

    system: str
    title: str
    items: list[Part | Asked] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    seed: int | None = None  # that the source sets before every cell while it grades

    @property
    def questions(self) -> list[Asked]:
        return [item for item in self.items if isinstance(item, Asked)]

    def parts(self) -> Iterator[Part]:
        """Every cell, in order."""
        for item in self.items:
            yield from item.parts if isinstance(item, Asked) else [item]

    def drop_empty(self) -> None:
        """Leave out cells of which nothing is left."""
        self.items = [item for item in self.items if isinstance(item, Asked) or item.source.strip()]
        for asked in self.questions:
            asked.parts = [part for part in asked.parts if part.source.strip()]

    def note(self, where: str, kind: str, says: str) -> None:
        self.notes.append(Note(where, kind, says))
