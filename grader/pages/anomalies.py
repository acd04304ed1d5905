"""What to look at before marks are published: odd endings, names nearly found or in a cell that raised, files that
nobody can read, hidden tests that an answer made fail. Pure."""

from __future__ import annotations

from grader.schema import FLAWED, NEAR_NAME, NOT_REACHED, Attempt, Outcome, Status

ODD_ENDINGS = (Outcome.TIMEOUT, Outcome.MEMORY, Outcome.CRASHED, Outcome.PROTOCOL, Outcome.FORBIDDEN)


def reasons_to_look(attempt: Attempt) -> list[tuple[str, str]]:
    """Why somebody should look at an attempt, as (kind, what); empty if nothing is odd: a wrong answer is not."""
    if attempt.status is not Status.GRADED:
        return [(attempt.status.value, attempt.notices[-1] if attempt.notices else "")]
    reasons = []
    for outcome in ODD_ENDINGS:
        ended = [result for result in attempt.results if result.outcome is outcome]
        if ended:
            more = f" (and {len(ended) - 1} more)" if len(ended) > 1 else ""
            reasons.append((outcome.value, f"{ended[0].question}: {ended[0].message}{more}"))
    reasons += [("hidden test", notice) for notice in attempt.notices if notice.startswith(FLAWED)]
    reasons += [("cell raised", told) for told in _not_reached(attempt)]
    reasons += [("name", told) for told in _not_found(attempt, NEAR_NAME)]
    if not attempt.points and not reasons and any(result.outcome is Outcome.FAILED for result in attempt.results):
        reasons.append(("0 points", "answers were given, and none of them was right"))
    return reasons


def _not_reached(attempt: Attempt) -> list[str]:
    """Names that a cell was to define and raised before; not over what is not written yet."""
    return [told for told in _not_found(attempt, NOT_REACHED) if f"{NOT_REACHED}NotImplementedError" not in told]


def _not_found(attempt: Attempt, because: str) -> list[str]:
    """What was said of names that were not found, with this reason; once each."""
    missing = (result for result in attempt.results if result.outcome is Outcome.MISSING)
    told = (f"{result.question}: {result.message}" for result in missing if because in result.message)
    return list(dict.fromkeys(told))
