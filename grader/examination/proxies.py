"""What a hidden test holds in place of things in the sandbox: names not looked up yet, and objects that stay there.

Neither is a value. What can be done with one happens in the sandbox. Where a value is needed, a `Name` is the test's
mistake (AuthoringError with the remedy), an object that a call answered with is the student's (Mismatch), and one that
the test itself put there is the test's again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from grader import wire
from grader.checking.compare import Mismatch
from grader.checking.values import describe
from grader.errors import AuthoringError
from grader.examination.iterating import Items
from grader.examination.words import Raw

if TYPE_CHECKING:
    from grader.examination.student import Student

ARITHMETIC = "add sub mul truediv floordiv mod pow matmul".split()
VALUES_ONLY = "lt le gt ge float int index complex round array".split()  # nothing that stays in the sandbox has these


class Reference:
    """An object in the sandbox. Attributes, calls, indexing and arithmetic happen there."""

    __slots__ = ("_made_by", "_ref", "_student")
    __array_priority__ = 1000.0
    __array_ufunc__ = None  # let NumPy operands hand over to us
    __hash__ = object.__hash__

    def __init__(self, student: Student, ref: wire.Ref) -> None:
        object.__setattr__(self, "_student", student)
        object.__setattr__(self, "_ref", ref)
        object.__setattr__(self, "_made_by", "")

    def put_there(self, op: str) -> Reference:
        """Note that it is the test which put this object there, with student.put, .rng or .generator; return it."""
        object.__setattr__(self, "_made_by", op)
        return self

    @classmethod
    def __describe__(cls, self: Reference) -> str:
        kind = self._ref.kind
        return (
            f"a {kind}"
            if kind in ("function", "class", "module")
            else f"an object of class {self._student._words.name(Raw(self._ref.type_name))}"
        )

    @classmethod
    def __no_answer__(cls, self: Reference) -> str:
        """Why this cannot be judged by mistake of the test; "" where it may be a student's answer."""
        made = self._made_by
        return made and f"what student.{made}(...) returns stays in the sandbox; student.fetch(it) is its value"

    @classmethod
    def __items__(cls, self: Reference) -> Items:
        """What it yields, where a test asks for that: grader.testing.each."""
        if self._made_by:
            _refuse_reference(self)
        return Items(self._student, self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._student._ask("get", target=self._ref, name=name)
        has_methods = self._made_by in ("rng", "generator")
        if (has_methods or name in self._student._methods) and not isinstance(found, Reference):
            raise Mismatch(f"{name} is {describe(found)}, expected a method; an attribute may hide it.")
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        self._student._ask("set", target=self._ref, name=name, value=value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._student._call(self._ref, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._student._operate("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._student._operate("setitem", self, key, value)

    def __len__(self) -> int:
        size = self._student._operate("len", self)
        return size if type(size) is int and 0 <= size <= sys.maxsize else 0

    def __bool__(self) -> bool:
        return True  # an object exists; its own opinion is not asked

    def __eq__(self, other: object) -> bool:
        if self._made_by and not isinstance(other, Reference):
            _refuse_reference(self)
        return self is other

    def __iter__(self) -> Iterator[Any]:
        _refuse_reference(self)

    def __contains__(self, value: object) -> bool:
        _refuse_reference(self)

    def __repr__(self) -> str:
        return f"<{type(self).__describe__(self)} in the sandbox>"


def _refuse_reference(self: Reference, *_: object) -> NoReturn:
    ours = Reference.__no_answer__(self)
    if ours:
        raise AuthoringError(ours)
    raise Mismatch(f"the result is {Reference.__describe__(self)}, where values were asked for")


def _operator(name: str, swapped: bool) -> Callable[[Reference, Any], Any]:
    def operate(self: Reference, other: Any) -> Any:
        operands = (other, self) if swapped else (self, other)
        return self._student._operate(name, *operands)

    return operate


class Name:
    """A name of the notebook, not looked up yet: call it, or ask for an attribute of what it stands for."""

    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, student: Student, name: str) -> None:
        object.__setattr__(self, "_student", student)
        object.__setattr__(self, "_name", name)

    @classmethod
    def __no_answer__(cls, self: Name) -> str:
        name = self._name
        return f"student.{name} is a name, not a value: call it, student.{name}(...), or student.fetch({name!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = self._student._call(self._name, args, kwargs)
        if self._name in self._student._classes and not isinstance(made, Reference):
            raise Mismatch(f"{self._name}(...) is {describe(made)}, expected an object of class {self._name}.")
        return made

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._student._ask("name", name=self._name), attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(self._student._ask("name", name=self._name), attribute, value)

    def __repr__(self) -> str:
        return f"<the name {self._name} in the sandbox>"


def _refuse_name(self: Name, *_: object) -> NoReturn:
    raise AuthoringError(Name.__no_answer__(self))


for _name in ARITHMETIC:
    setattr(Reference, f"__{_name}__", _operator(_name, swapped=False))
    setattr(Reference, f"__r{_name}__", _operator(_name, swapped=True))
    setattr(Name, f"__{_name}__", _refuse_name)
    setattr(Name, f"__r{_name}__", _refuse_name)
for _name in "neg pos abs".split():
    setattr(Reference, f"__{_name}__", lambda self, _name=_name: self._student._operate(_name, self))
for _name in VALUES_ONLY:
    setattr(Reference, f"__{_name}__", _refuse_reference)
for _name in [*VALUES_ONLY, *"eq ne neg pos abs bool len iter contains getitem setitem enter str format".split()]:
    setattr(Name, f"__{_name}__", _refuse_name)
