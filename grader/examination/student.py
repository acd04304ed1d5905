"""The proxy that hidden tests talk to: `student.softmax(x)` runs in the sandbox and returns plain values.

What cannot travel stays there and is answered for by a `Reference`. Whatever the student's code does wrong in a call
ends the check with a `StudentFault`; a test need not, and should not, catch it.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from grader import wire
from grader.checking.compare import Mismatch, NoAnswer
from grader.checking.values import describe
from grader.errors import AuthoringError
from grader.examination import replies
from grader.examination.channel import Channel
from grader.examination.handed import KINDS, MOST_CALLS, UNFIT, Handed
from grader.examination.probes import line_of, source_of
from grader.examination.proxies import Name, Reference
from grader.examination.transcript import Said
from grader.examination.words import without_numbers
from grader.schema import NEAR_NAME, NOT_REACHED, UNWRITTEN, Outcome
from grader.submission.magics import syntax_error
from grader.submission.notebook import definitions, nearest


class StudentFault(NoAnswer):
    """The student's code did not answer; `outcome` says how, the text says where and what to do."""

    def __init__(self, outcome: Outcome, message: str, bases: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.bases = bases


class NoAttribute(StudentFault, AttributeError):
    """An object of the student's has no such attribute: `hasattr` and `getattr` with a default mean what they mean."""


class Student:
    """One submission as one check sees it. References end with the check.

    classes: names whose call gives an object, so that a test may use it as one without another look
    methods: names of attributes that are methods, so that a test may call them
    """

    def __init__(
        self,
        channel: Channel,
        check: str,
        seed: str,
        allow_close_names: bool = False,
        question: str = "",
        classes: frozenset[str] = frozenset(),
        methods: frozenset[str] = frozenset(),
    ) -> None:
        self._channel = channel
        self._check = check
        self._function = ""  # what was called last by a name: what comes of its results is its doing
        self._seed = seed
        self._calls = 0
        self._options: dict[str, Any] = {}
        self._call_s = channel.assignment.limits.call_s
        self._close_names = allow_close_names
        self._classes = classes
        self._methods = methods
        self._handed = Handed()
        self._words = channel.words
        self._probe = "", ""  # source and name of the one that ran last
        channel.current, channel.question = check, question
        self._load()

    def __getattr__(self, name: str) -> Name:
        """A name of the notebook, to be called or asked for an attribute."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Name(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AuthoringError(f"student.{name} = ... sets nothing in the sandbox; hand the value to a call")
        object.__setattr__(self, name, value)

    def __getitem__(self, name: str) -> Name:
        """A name that a method of this class hides: `student["run"]`."""
        return Name(self, name)

    # -------------------------------------------------------------------------------- for tests

    def has(self, name: str) -> bool:
        """Whether the notebook defines `name`."""
        return self._ask("has", name=name) is True

    def put(self, value: Any) -> Reference:
        """Make a copy of `value` in the sandbox, for functions that work in place."""
        return self._made("put", value)

    def rng(self, seed: int) -> Reference:
        """A fresh np.random.Generator in the sandbox."""
        return self._made("rng", seed)

    def generator(self, seed: int) -> Reference:
        """A fresh torch.Generator in the sandbox."""
        return self._made("generator", seed)

    def fetch(self, reference: Any) -> Any:
        """The value a reference stands for, as plain values where it has any."""
        if isinstance(reference, str):
            return self._ask("name", name=reference)
        return self._ask("fetch", target=reference)

    def run(self, probe: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run `probe(nb, *args)` in the sandbox, compiled and stripped; `nb` has the notebook's names.

        It sees np, torch where it is preloaded, and nothing else of its file; what it raises is the student's error.
        What it counts or claims is a claim: the student's code runs beside it.
        """
        fields = {"source": source_of(probe), "name": probe.__name__, "args": list(args), "kwargs": kwargs}
        self._probe = source_of(probe), probe.__name__
        return self._ask("run", **fields, **self._options)

    @contextlib.contextmanager
    def pure(self) -> Iterator[None]:
        """Calls in the block must leave their arguments and the global random states alone."""
        with self._option("pure", True):
            yield

    @contextlib.contextmanager
    def forbids(self, *operators: str) -> Iterator[None]:
        """Calls in the block must not reach these, under whatever name they were imported.

        operators: "aten::convolution", "aten::*", "torch.nn.functional.gelu", "torch.nn.RNNBase", "numpy.convolve"
        """
        with self._option("forbids", list(operators)):
            yield

    @contextlib.contextmanager
    def limit(self, call_s: float) -> Iterator[None]:
        """Another deadline for the calls in the block, in seconds of processor time."""
        before, self._call_s = self._call_s, call_s
        try:
            yield
        finally:
            self._call_s = before

    @contextlib.contextmanager
    def raises(self, kind: type[BaseException], what: str = "") -> Iterator[None]:
        """The call in the block must raise `kind`.

        what: the call in words, for the message; without it, the function that was called
        """
        try:
            yield
        except StudentFault as fault:
            if kind.__name__ in fault.bases:
                return
            raise
        raise Mismatch(f"{kind.__name__} was to be raised by {what or self._function or 'the call'}, and nothing was")

    # -------------------------------------------------------------------------------- asking

    @contextlib.contextmanager
    def _option(self, name: str, value: Any) -> Iterator[None]:
        before = dict(self._options)
        self._options[name] = value
        try:
            yield
        finally:
            self._options = before

    def _load(self) -> None:
        said = self._channel.load()
        if said.failure:
            raise StudentFault(Outcome(said.failure), f"running the notebook's cells: {said.message}")

    def _made(self, op: str, value: Any) -> Reference:
        made = self._ask(op, value=value)
        if not isinstance(made, Reference):
            raise self._violation("no reference where one was made")
        return made.put_there(op)

    def _call(self, target: str | wire.Ref, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._ask("call", target=target, args=list(args), kwargs=kwargs, **self._options)

    def _operate(self, operator: str, *operands: Any) -> Any:
        return self._ask("operate", operator=operator, operands=list(operands))

    def _ask(self, op: str, **fields: Any) -> Any:
        if self._channel.current != self._check:
            raise AuthoringError(f"{self._check} is over, and what it was given is gone; ask {self._channel.current}'s")
        self._calls += 1
        seed = hashlib.blake2b(f"{self._seed}/{self._check}/{self._calls}".encode(), digest_size=4).digest()
        request = {"op": op, "seed": int.from_bytes(seed, "little"), **self._renamed(op, fields)}
        try:
            said = self._channel.ask(self._check, request, self._call_s, self._refer, self._called(op, fields))
        except wire.WireError as error:
            raise AuthoringError(f"{self._check}: a test sends what cannot be sent: {error}") from None
        reply = self._decoded(said)
        for _ in range(MOST_CALLS):
            if "asked" not in reply:
                return self._value(op, fields, reply)
            reply = self._decoded(self._channel.ask(*self._told(reply), function=self._function))
        raise self._given_up(Outcome.TIMEOUT, f"a function that the test handed over was called {MOST_CALLS} times")

    def _told(self, reply: dict[str, Any]) -> tuple[str, dict[str, Any], float, Callable[[Any], wire.Ref]]:
        """What to ask next where the student's code calls a function that was handed to it: what it answers."""
        call = self._handed.called(reply["asked"])
        if call is None:
            raise self._violation("a call of a function that was not handed over")
        function, args, kwargs = call
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            if isinstance(error, UNFIT) and not isinstance(error, StudentFault):
                given = ", ".join(map(describe, args))
                says = f"{type(error).__name__} in a function that the test hands over, given {given}"
                raise self._given_up(Outcome.ERROR, says) from None
            self._channel.reject()  # it waits in the middle of a call
            raise
        return self._check, {"op": "tell", "seed": 0, "value": value}, self._call_s, self._refer

    def _given_up(self, outcome: Outcome, message: str) -> StudentFault:
        self._channel.reject()
        return StudentFault(outcome, message)

    def _called(self, op: str, fields: dict[str, Any]) -> str:
        """Which function a request is about: the name that is called, or the probe with the names it is given."""
        target = fields.get("target") if op == "call" else fields.get("name") if op in ("run", "name") else None
        if isinstance(target, str):
            names = [value for value in fields.get("args", ()) if op == "run" and isinstance(value, str)]
            self._function = " ".join([target, *names])
        return self._function

    def _refer(self, value: Any) -> wire.Ref:
        """What an object that cannot be sent is known as in the sandbox. Raises WireError where it is not known."""
        if isinstance(value, Name):
            raise wire.WireError(f"student.{value._name} is a name, not a value; use student.fetch({value._name!r})")
        if isinstance(value, KINDS):
            return self._handed.refer(value)
        if not isinstance(value, Reference):
            raise wire.WireError(f"an object of type {type(value).__name__}")
        owner = object.__getattribute__(value, "_student")
        if owner._check != self._check:
            raise wire.WireError(f"a reference that {owner._check} was given; references end with their check")
        return object.__getattribute__(value, "_ref")

    def _renamed(self, op: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Where the course grades close names, ask for the name that the notebook defines."""
        key = "target" if op == "call" else "name"
        name = fields.get(key)
        if not self._close_names or op not in ("call", "name") or not isinstance(name, str):
            return fields
        defined = definitions(self._channel.notebook)
        close = None if name in defined else nearest(name, sorted(self._spare(defined)))
        return {**fields, key: close} if close else fields

    def _spare(self, defined: dict[str, tuple[int, ...]]) -> set[str]:
        return set(defined).difference(self._channel.assignment.names)

    def _decoded(self, said: Said) -> dict[str, Any]:
        if said.failure:
            raise StudentFault(Outcome(said.failure), said.message)
        try:
            reply = wire.decode(said.reply, self._referred)
        except wire.WireError as error:
            raise self._violation(str(error)) from None
        if type(reply) is not dict or not {"output", "effects"} <= reply.keys() or type(reply["effects"]) is not list:
            raise self._violation("a reply of another form")
        return reply

    def _referred(self, ref: wire.Ref) -> Reference:
        if ref.id < 1:
            raise wire.WireError("a reference to what is not there")
        return Reference(self, ref)

    def _violation(self, message: str) -> StudentFault:
        self._channel.reject()
        return StudentFault(Outcome.PROTOCOL, f"what came back is no answer: {message}")

    def _value(self, op: str, fields: dict[str, Any], reply: dict[str, Any]) -> Any:
        called = fields.get("target") if isinstance(fields.get("target"), str) else fields.get("name")
        effects = replies.read_effects(reply["effects"], fields.get("kwargs", {}), fields.get("forbids", ()))
        if effects is None:
            raise self._violation("effects of another form")
        forbidden = [effect for effect in effects if effect.startswith("forbidden operator ")]
        if forbidden:
            name = forbidden[0].removeprefix("forbidden operator ")
            what = f"operator {name}" if "::" in name else name
            raise StudentFault(Outcome.FORBIDDEN, f"{what} was used; it is ruled out")
        if "fault" in reply:
            raise self._fault(reply["fault"], called, asked_attribute=op == "get")
        if effects:
            raise Mismatch(f"{called or 'the call'} did more than return: {effects[0]}")
        if "value" not in reply:
            raise self._violation("neither a value nor a fault")
        return reply["value"]

    # -------------------------------------------------------------------------------- explaining

    def _fault(self, value: object, called: object, asked_attribute: bool = False) -> StudentFault:
        fault = replies.read_fault(value)
        if fault is None:
            return self._violation("a fault of another form")
        kind, text = self._words.name(fault.kind), self._words.message(fault.text)
        sought = {called} if isinstance(called, str) else set()
        missing = self._words.missing(fault.text, sought | set(re.findall(r"\.(\w+)", self._probe[0])))
        if kind == "MissingName" and missing:
            return StudentFault(Outcome.MISSING, self._missing(missing), fault.bases)
        frame = fault.frames[-1] if fault.frames else None
        place, function = self._place(frame) if frame is not None else ("", "")
        if kind == "NotImplementedError" and place and function:
            message = f"{UNWRITTEN}: {function} in {place.partition(',')[0]} raises NotImplementedError"
            return StudentFault(Outcome.ERROR, message, fault.bases)
        outcome = Outcome.MEMORY if fault.out_of_memory else Outcome.ERROR
        where = f" in {place}" if place else ""
        ended = NoAttribute if asked_attribute and "AttributeError" in fault.bases else StudentFault
        return ended(outcome, f"{kind}{where}{f': {text}' if text else ''}", fault.bases)

    def _place(self, frame: replies.Frame) -> tuple[str, str]:
        """Where student code raised, and in which function; ("", "") for no place of what was handed in.

        The line is quoted from there, not from what the sandbox says.
        """
        if frame.where.said == "probe":
            at, function = line_of(*self._probe, frame.function.said, frame.line)
            return (f"probe, line {at}, in {function}", function) if at else ("", "")
        where, at, source = self._words.place(frame.where, frame.line)
        if not where:
            return "", ""
        function = self._words.name(frame.function) if frame.function.said in self._words.known else ""
        return (
            f"{where}, line {at}{f', in {function}' if function else ''}{f': `{source}`' if source else ''}",
            function,
        )

    def _missing(self, name: str) -> str:
        """Say where a missing name may have gone: misspelt, in a cell that is skipped, in one that raised."""
        notebook = self._channel.notebook
        defined = definitions(notebook)
        cells = {cell.number: cell for cell in notebook.cells}
        looked = f"looked for {name}"
        for number in defined.get(name, ()):
            if cells[number].experiment:
                return f"{looked}; it is defined in cell {number}, which is marked as an experiment and is not run"
            wrong = syntax_error(cells[number].code)
            why = f"SyntaxError, {wrong}" if wrong else self._why(number)
            return f"{looked}; cell {number}{NOT_REACHED}{why}"
        close = nearest(name, sorted(self._spare(defined)))
        if close:
            return f"{looked}{NEAR_NAME}{close} (cell {defined[close][-1]})"
        return f"{looked}; your notebook does not define it"

    def _why(self, number: int) -> str:
        for raised in sorted(load_errors(self._channel.load()), key=lambda raised: raised["skipped"]):
            if raised["cell"] == number:
                text = without_numbers(raised["message"])
                return f"{raised['type']}{f': {text}' if text else ''}"
        return "the name was deleted later"


def load_errors(said: Said) -> list[dict[str, Any]]:
    """What cells raised when the notebook was run, as `read_cell_errors` has it; [] where the reply is none of ours."""
    return replies.read_cell_errors(said.reply)
