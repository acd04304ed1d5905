"""A competition as competitions/<id>/competition.toml describes it. Its labels are never read here."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from grader.course import toml_values as toml
from grader.course.close_words import did_you_mean
from grader.course.config import in_zone
from grader.course.scheme import ITEM_ID
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths

LEAST_SEED = 8  # letters
MOST_CLASSES = 1000
MOST_ROWS = 2_000_000
MOST_MIB = 200
_COLUMN = re.compile(r"\S(?:.{0,58}\S)?")
PART = "part"  # a column of the labels


class Kind(enum.Enum):
    """What is predicted of a row."""

    CLASS = "one of the classes"
    PROBABILITY = "probabilities of the classes"
    NUMBER = "a number"


@dataclass(frozen=True)
class Metric:
    """One measure of scikit-learn. higher: is better;  function, options: in `sklearn.metrics`

    labels: whether it is told all classes;  two_classes: whether it is of two classes alone
    """

    function: str
    kind: Kind
    higher: bool = True
    options: Mapping[str, str] | None = None
    labels: bool = False
    two_classes: bool = False
    lowest: float | None = None  # that may be predicted


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy_score", Kind.CLASS),
    "balanced_accuracy": Metric("balanced_accuracy_score", Kind.CLASS),
    "f1": Metric("f1_score", Kind.CLASS, two_classes=True),
    "f1_macro": Metric("f1_score", Kind.CLASS, options={"average": "macro"}, labels=True),
    "f1_micro": Metric("f1_score", Kind.CLASS, options={"average": "micro"}, labels=True),
    "f1_weighted": Metric("f1_score", Kind.CLASS, options={"average": "weighted"}, labels=True),
    "matthews_corrcoef": Metric("matthews_corrcoef", Kind.CLASS),
    "cohen_kappa": Metric("cohen_kappa_score", Kind.CLASS, labels=True),
    "quadratic_kappa": Metric("cohen_kappa_score", Kind.CLASS, options={"weights": "quadratic"}, labels=True),
    "log_loss": Metric("log_loss", Kind.PROBABILITY, higher=False, labels=True),
    "brier": Metric("brier_score_loss", Kind.PROBABILITY, higher=False, two_classes=True),
    "roc_auc": Metric("roc_auc_score", Kind.PROBABILITY, options={"multi_class": "ovr"}, labels=True),
    "average_precision": Metric("average_precision_score", Kind.PROBABILITY, two_classes=True),
    "r2": Metric("r2_score", Kind.NUMBER),
    "mean_absolute_error": Metric("mean_absolute_error", Kind.NUMBER, higher=False),
    "median_absolute_error": Metric("median_absolute_error", Kind.NUMBER, higher=False),
    "mean_absolute_percentage_error": Metric("mean_absolute_percentage_error", Kind.NUMBER, higher=False),
    "mean_squared_error": Metric("mean_squared_error", Kind.NUMBER, higher=False),
    "root_mean_squared_error": Metric("root_mean_squared_error", Kind.NUMBER, higher=False),
    "root_mean_squared_log_error": Metric("root_mean_squared_log_error", Kind.NUMBER, higher=False, lowest=0.0),
}


@dataclass(frozen=True)
class Baseline:
    """Predictions of the staff, which stand on the leaderboard."""

    name: str
    file: str


@dataclass(frozen=True)
class Anchor:
    """What a final score is worth: of this score, or of what this baseline reaches."""

    points: Decimal
    score: Decimal | None = None
    baseline: str = ""

    @property
    def words(self) -> str:
        return f"what {self.baseline!r} reaches" if self.score is None else f"{self.score:f}"


@dataclass(frozen=True)
class Competition:
    """One competition. labels: the file that nobody but scoring opens;  id_column, prediction: columns of files

    public_share: of the rows, on which entries are scored at once;  seed: which rows these are follows from it
    column: the item of the course whose marks this makes;  files: what students may download, below public/
    choose: how many entries of one's own are final;  marks: points by final score, linear between two
    """

    id: str
    title: str
    metric: str
    deadline: datetime
    column: str
    out_of: Decimal
    marks: tuple[Anchor, ...]
    about: str = ""
    labels: str = "labels.csv"
    id_column: str = "id"
    prediction: str = "prediction"
    classes: tuple[str, ...] = ()
    public_share: Decimal = Decimal("0.5")
    seed: str = ""
    entries_a_day: int = 5
    choose: int = 2
    most_mib: int = 20
    files: tuple[str, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_metric()
        self._check_marks()
        if self.deadline.utcoffset() is None:
            raise AuthoringError(
                f"deadline: whose clock? Write {self.deadline.isoformat()}+05:30 or set timezone in course.toml"
            )
        if self.seed and len(self.seed) < LEAST_SEED:
            raise AuthoringError(f"seed: at least {LEAST_SEED} letters, which nobody guesses")
        if self.labels in self.files or self.labels.startswith("public/"):
            raise AuthoringError("labels: the labels cannot be among the files that students download")
        names = [each.name for each in self.baselines]
        for name in names:
            if names.count(name) > 1:
                raise AuthoringError(f"baseline {name!r} is there twice")

    def _check_numbers(self) -> None:
        if not ITEM_ID.fullmatch(self.column):
            raise AuthoringError(f"column: an item of course.toml is meant, got {self.column!r}")
        if not 0 < self.public_share < 1:
            raise AuthoringError(f"public_share must be above 0 and below 1, got {self.public_share}")
        for name, most in (("entries_a_day", 1000), ("choose", 20), ("most_mib", MOST_MIB)):
            if not 1 <= getattr(self, name) <= most:
                raise AuthoringError(f"{name} must be from 1 to {most}, got {getattr(self, name)}")
        if self.out_of <= 0:
            raise AuthoringError(f"out_of must be above 0, got {self.out_of}")

    def _check_metric(self) -> None:
        if self.metric not in METRICS:
            close = did_you_mean(self.metric, METRICS)
            raise AuthoringError(f"no metric {self.metric!r}{close}; there is: {', '.join(METRICS)}")
        number, classes = self.kind is Kind.NUMBER, self.classes
        if number and classes:
            raise AuthoringError(f"classes: {self.metric} compares numbers; leave them out")
        if not number and not 2 <= len(classes) <= MOST_CLASSES:
            raise AuthoringError(f"classes: {self.metric} needs all classes by name, from 2 to {MOST_CLASSES}")
        if METRICS[self.metric].two_classes and len(classes) != 2:
            raise AuthoringError(f"classes: {self.metric} is of two classes, of which the second is the positive one")
        columns = [self.id_column, self.prediction, *classes]
        for name in columns:
            if not _COLUMN.fullmatch(name) or columns.count(name) > 1 or name == PART:
                raise AuthoringError(f"columns and classes are different words, none of them {PART!r}; got {name!r}")

    def _check_marks(self) -> None:
        if len(self.marks) < 2:
            raise AuthoringError("mark: say at least two times which score is worth how many points")
        known = [each.name for each in self.baselines]
        for anchor in self.marks:
            if (anchor.score is None) is not bool(anchor.baseline):
                raise AuthoringError("mark: each has a score or a baseline, and not both")
            if anchor.baseline and anchor.baseline not in known:
                raise AuthoringError(f"mark: no baseline {anchor.baseline!r}{did_you_mean(anchor.baseline, known)}")
            if not 0 <= anchor.points <= self.out_of:
                raise AuthoringError(f"mark: points must be from 0 to out_of = {self.out_of}, got {anchor.points}")

    @property
    def kind(self) -> Kind:
        return METRICS[self.metric].kind

    @property
    def higher(self) -> bool:
        """Whether a higher score is the better one."""
        return METRICS[self.metric].higher

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a file of predictions: the id, and what is predicted."""
        many = self.kind is Kind.PROBABILITY and len(self.classes) > 2
        return (self.id_column, *(self.classes if many else (self.prediction,)))

    @property
    def expected(self) -> str:
        """What a file of predictions holds, in words."""
        if self.kind is Kind.NUMBER:
            what = f"{self.prediction}: a number"
        elif self.kind is Kind.CLASS:
            few = ", ".join(self.classes[:10]) + (", ..." if len(self.classes) > 10 else "")
            what = f"{self.prediction}: one of {few}"
        elif len(self.classes) == 2:
            what = f"{self.prediction}: the probability of {self.classes[1]}, from 0 to 1"
        else:
            what = "a column for each class, with its probability; those of a row add up to 1"
        return f"A CSV file with the columns {self.id_column} and {what}."


def competition_ids(paths: Paths) -> tuple[str, ...]:
    """The folders of competitions/ that hold a competition.toml."""
    found = (path.parent.name for path in paths.competitions.glob("*/competition.toml"))
    return tuple(sorted(name for name in found if ITEM_ID.fullmatch(name)))


def read_competition(paths: Paths, competition_id: str, timezone: str = "") -> Competition:
    """One competition; UsageError where there is none of this id, AuthoringError where its file is wrong.

    timezone: of a deadline that names none
    """
    there_is = competition_ids(paths)
    if competition_id not in there_is:
        close = did_you_mean(competition_id, there_is)
        raise UsageError(
            f"no competition {competition_id!r} in competitions/{close}; there is: {', '.join(there_is) or 'none'}"
        )
    where = f"competitions/{competition_id}/competition.toml"
    return _competition(_load(paths.competition(competition_id) / "competition.toml", where), where, timezone)


def _load(path: Path, where: str) -> object:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError as problem:
        raise AuthoringError(f"{where}: not UTF-8 text at byte {problem.start}") from None
    except tomllib.TOMLDecodeError as problem:
        raise AuthoringError(f"{where}: not valid TOML: {problem}") from None


def _competition(value: object, where: str, timezone: str) -> Competition:
    competition_id = where.split("/")[1]
    renamed = {"baselines": "baseline", "marks": "mark"}
    table = toml.Table(
        value, where, [renamed.get(each.name, each.name) for each in fields(Competition) if each.name != "id"]
    )
    readers: dict[str, Callable[[object, str], object]] = {
        "about": toml.text_or_nothing,
        "labels": toml.file,
        "id_column": toml.text,
        "prediction": toml.text,
        "classes": toml.texts,
        "public_share": toml.number,
        "seed": toml.text,
        "entries_a_day": toml.whole,
        "choose": toml.whole,
        "most_mib": toml.whole,
        "files": toml.list_of(toml.file),
    }
    given = {name: table.take(name, read) for name, read in readers.items() if name in table.values}
    lists = {name: tuple(item) for name, item in given.items() if isinstance(item, Sequence) and type(item) is list}
    with toml.located(where):
        return Competition(
            id=competition_id,
            title=table.take("title", toml.text),
            metric=table.take("metric", toml.text),
            deadline=in_zone(table.take("deadline", toml.time), timezone),
            column=table.get("column", toml.text, competition_id),
            out_of=table.get("out_of", toml.number, Decimal(100)),
            marks=tuple(table.take("mark", toml.list_of(_anchor))),
            baselines=tuple(table.get("baseline", toml.list_of(_baseline), [])),
            **{**given, **lists},  # type: ignore[arg-type]
        )


def _baseline(value: object, where: str) -> Baseline:
    table = toml.Table(value, where, ("name", "file"))
    return Baseline(table.take("name", toml.text), table.take("file", toml.file))


def _anchor(value: object, where: str) -> Anchor:
    table = toml.Table(value, where, ("score", "baseline", "points"))
    return Anchor(
        points=table.take("points", toml.number),
        score=table.get("score", toml.number, None),
        baseline=table.get("baseline", toml.text, ""),
    )
