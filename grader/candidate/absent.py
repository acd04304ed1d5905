"""What stands for a thing that is not there when a notebook is graded: it may be named, and any use of it says so.

Silence would lie: a loop over nothing ends, a comparison is false, and what comes of it looks like an answer.
"""

from __future__ import annotations

from typing import Any, NoReturn

USES = (  # what asks for a value
    "call iter next len bool contains eq ne lt le gt ge add radd sub rsub mul rmul matmul rmatmul truediv rtruediv "
    "floordiv rfloordiv mod rmod pow rpow and rand xor rxor neg pos abs invert int float complex index round array "
    "setitem delitem reversed enter exit aenter aexit aiter await mro_entries instancecheck subclasscheck"
).split()


class Absent:
    """Bound in place of what a failed import would have bound; a use raises ImportError with the reason.

    Its attributes and items are absent too, so that `pd.DataFrame` can stand in an annotation. Only what one is set is
    really there.
    """

    def __init__(self, reason: str, kind: type[ImportError] = ModuleNotFoundError) -> None:
        self._absent = (reason, kind)

    def __getattr__(self, name: str) -> Any:
        if (
            name.startswith("__") and name != "__version__" or name == "_absent"
        ):  # which copies look for before it is set
            raise AttributeError(name)
        return type(self)(*self._absent)

    def __getitem__(self, key: object) -> Any:
        return type(self)(*self._absent)

    def __or__(self, other: object) -> Any:  # as in an annotation, `pd.DataFrame | None`
        return self

    __ror__ = __or__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self._absent[0]}>"

    def __format__(self, form: str) -> str:
        return self.refuse() if form else repr(self)

    def refuse(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise what every use raises."""
        reason, kind = self._absent
        raise kind(reason)


for _use in USES:
    setattr(Absent, f"__{_use}__", Absent.refuse)


class Inert(Absent):
    """What would talk to a server or a page: it can be called, entered and decorated with, all without effect.

    Called with a function or a class alone it hands that back, as a decorator would. What it would answer is not known.
    """

    def __call__(self, *args: object, **kwargs: object) -> Any:
        alone = args[0] if len(args) == 1 and not kwargs else None
        return alone if isinstance(alone, type) or hasattr(alone, "__code__") else type(self)(*self._absent)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None


def not_there(name: str) -> str:
    """The reason of what is not there."""
    return f"{name} is not there when graded"


def reason_of(error: ImportError) -> str:
    """Why an import failed, in the words that a student reads."""
    if isinstance(error, ModuleNotFoundError) and error.name and error.msg == f"No module named {error.name!r}":
        return not_there(error.name)
    return str(error.msg or error).removesuffix(f" ({error.path})")
