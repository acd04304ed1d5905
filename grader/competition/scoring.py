"""One score: predictions against labels, by a metric of scikit-learn that is on the list."""

from __future__ import annotations

import math
import warnings
from typing import Any

from grader.competition.labels import Labels, Part
from grader.competition.predictions import Value, read_predictions
from grader.course.competition import METRICS, Competition, Kind
from grader.errors import AuthoringError, SubmissionError, UsageError

DIGITS = 9  # of a score that is kept; what differs only behind them is the same score


def score(content: bytes, competition: Competition, labels: Labels, part: Part) -> float:
    """The score of a file on one part. Raises SubmissionError for what is wrong with the file."""
    predicted = read_predictions(content, competition, labels.ids)
    found = compare(predicted, competition, labels, part)
    if not math.isfinite(found):
        raise SubmissionError(f"{competition.metric} of these predictions is no number")
    return round(found, DIGITS)


def check(competition: Competition, labels: Labels) -> None:
    """Raise AuthoringError where a part cannot be scored, such as one with a single class."""
    for part in Part:
        perfect = {name: _as_predicted(labels.right[name], competition) for name in labels.parts[part]}
        try:
            found = compare(perfect, competition, labels, part)
        except ValueError as problem:
            raise AuthoringError(f"{competition.id}: the {part.value} part cannot be scored: {problem}") from None
        if not math.isfinite(found):
            raise AuthoringError(f"{competition.id}: {competition.metric} of the {part.value} part is no number")


def _as_predicted(right: Value, competition: Competition) -> Value:
    """The perfect prediction of a row."""
    if competition.kind is not Kind.PROBABILITY:
        return right
    if len(competition.classes) == 2:
        return float(right == competition.classes[1])
    return tuple(float(right == name) for name in competition.classes)


def compare(predicted: dict[str, Value], competition: Competition, labels: Labels, part: Part) -> float:
    """The metric over the rows of a part; classes are numbered in the order of competition.toml."""
    import numpy as np

    metric, number = METRICS[competition.metric], {name: n for n, name in enumerate(competition.classes)}
    names = labels.parts[part]
    if competition.kind is Kind.NUMBER:
        true, given = (np.array([values[name] for name in names], float) for values in (labels.right, predicted))
    else:
        true = np.array([number[str(labels.right[name])] for name in names])
        values = [predicted[name] for name in names]
        given = np.array([number[str(value)] for value in values] if competition.kind is Kind.CLASS else values)
    options: dict[str, Any] = dict(metric.options or {})
    if metric.labels:
        options["labels"] = np.arange(len(number))
    if competition.metric.startswith("f1"):
        options["zero_division"] = 0.0
    if given.ndim == 2:  # scikit-learn wants exactly 1
        given = given / given.sum(axis=1, keepdims=True)  # (rows, classes)
    if competition.metric == "roc_auc" and given.ndim == 1:
        options = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(_function(metric.function)(true, given, **options))


def _function(name: str) -> Any:
    try:
        from sklearn import metrics
    except ImportError:
        raise UsageError("scoring needs scikit-learn: pip install 'coursegrader[competition]'") from None
    return getattr(metrics, name)
