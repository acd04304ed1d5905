"""The reference said otherwise: what a contract leaves open is changed everywhere at once, and no point may be lost.

An honest student prints, answers [a, b] for (a, b), returns a transposed view, np.int64 for int. Whatever a hidden test
makes of that is a mistake of the test, so an audit grades the reference once in each of these ways.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from grader.authoring.variants import Variant
from grader.course import isolation
from grader.course.master import read_master
from grader.paths import Paths
from grader.schema import Assignment, Submission


def talking(answer: Any) -> Any:
    """Prints what it returns."""
    print(f"answer: {type(answer)}")
    return answer


def containers(answer: Any) -> Any:
    """A list for a tuple, a tuple for a list."""
    if type(answer) is tuple:
        return list(answer)
    return tuple(answer) if type(answer) is list else answer


def strides(answer: Any) -> Any:
    """Arrays and tensors whose entries do not lie side by side in memory."""
    import numpy as np

    if type(answer) in (tuple, list):
        return type(answer)(strides(part) for part in answer)
    if type(answer) is np.ndarray and answer.ndim:
        return np.stack([answer, answer], axis=-1)[..., 0]
    if type(answer).__name__ == "Tensor" and answer.dim():
        return answer.unsqueeze(-1).repeat_interleave(2, dim=-1)[..., 0]
    return answer


def numpy_numbers(answer: Any) -> Any:
    """NumPy's scalars for Python's."""
    import numpy as np

    if type(answer) in (tuple, list):
        return type(answer)(numpy_numbers(part) for part in answer)
    kind = {float: np.float64, int: np.int64, bool: np.bool_}.get(type(answer))
    return answer if kind is None else kind(answer)


def python_numbers(answer: Any) -> Any:
    """Python's numbers for NumPy's, and for arrays without axes."""
    import numpy as np

    if type(answer) in (tuple, list):
        return type(answer)(python_numbers(part) for part in answer)
    is_one = isinstance(answer, np.generic) or (type(answer) is np.ndarray and not answer.ndim)
    return answer.item() if is_one else answer


IMPORTS = """\
import functools
import types
from collections.abc import Callable
from typing import Any
"""
WAYS = (talking, containers, strides, numpy_numbers, python_numbers)


def say_otherwise(names: dict[str, Any], kept: dict[str, Any], asked: list[str], way: Callable[[Any], Any]) -> None:
    """Let what is `asked` answer in another way; what it calls itself answers as before (`kept`)."""

    def otherwise(function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return way(function(*args, **kwargs))

        return call

    for name in asked:
        thing = kept.get(name)
        if isinstance(thing, types.FunctionType):
            names[name] = otherwise(thing)
        elif isinstance(thing, type):
            for method, part in list(vars(thing).items()):
                if isinstance(part, types.FunctionType) and (method == "forward" or not method.startswith("_")):
                    setattr(thing, method, otherwise(part))


def paraphrases(paths: Paths, assignment: Assignment) -> Iterator[Variant]:
    """The reference, said in each of the WAYS."""
    base = read_master(paths, assignment.id)
    for way in WAYS:
        sources = "\n\n".join(inspect.getsource(part) for part in (way, say_otherwise))
        last = f"say_otherwise(globals(), isolate_questions(globals(), []), {[*assignment.names]!r}, {way.__name__})"
        text = f"{base}\n{isolation.cell([])}\n# %%\n{IMPORTS}\n\n{sources}\n\n{last}\n"
        file = f"{way.__name__}.py"
        submission = Submission(f"paraphrase-{way.__name__}", assignment.id, file, text.encode())
        yield Variant(way.__name__, "paraphrase", submission, text=inspect.getdoc(way) or "")
