"""Answer requests, one frame each, until the other side hangs up.

A request is a dict with an `id` and an `op`; the reply carries the same id and either a `value` or a `fault`, besides
what was printed (`output`) and what the call did besides returning (`effects`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import operator
import random
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.random  # noqa: F401 - NumPy loads it when it is first used, which would be in every candidate

from grader import wire
from grader.candidate import cells, faults, forbid, output, stub_modules, watch
from grader.candidate.absent import Absent

MAX_RAISED = 100  # errors of cells that are reported
OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in "add sub mul truediv floordiv mod pow matmul neg pos abs getitem setitem eq lt le gt ge".split()
} | {"len": len}


class Names:
    """What a probe sees of the notebook: `nb.softmax`."""

    def __init__(self, module: types.ModuleType) -> None:
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        try:
            return vars(self._module)[name]
        except KeyError:
            raise faults.MissingName(name) from None


class Candidate:
    """The notebook's namespace, the objects that were referred to, and one method for each op."""

    def __init__(self, answer_bytes: int, output_chars: int) -> None:
        self.answer_bytes = answer_bytes
        self.ring = output.capture(output_chars)
        self.module = cells.fresh_namespace()
        self.names = Names(self.module)
        self.objects: dict[int, Any] = {}
        self.probes: dict[bytes | str, Callable[..., Any]] = {}
        self.device = "cpu"
        self.effects: list[str] = []
        self.scope = ""
        self.id = 0  # of the request that is to be answered next
        self.converse: Callable[[bytes], bytes] | None = None  # sends a question, returns the request that comes of it

    def refer(self, value: Any) -> wire.Ref:
        """Keep an object that cannot travel, and say what it is. Raises ImportError where it stands for none."""
        if isinstance(value, Absent):
            value.refuse()
        number = len(self.objects) + 1
        self.objects[number] = value
        kind = "class" if isinstance(value, type) else "function" if callable(value) else "object"
        kind = "module" if isinstance(value, types.ModuleType) else kind
        return wire.Ref(number, kind, type(value).__name__)

    def resolve(self, ref: wire.Ref) -> Any:
        if ref.id < 0:
            return self.outside(ref.id)
        if ref.id not in self.objects:
            raise wire.WireError(f"no object {ref.id}")
        return self.objects[ref.id]

    def outside(self, number: int) -> Callable[..., Any]:
        """A function that a test hands over and keeps: whoever calls it asks the test, and waits for what it says."""

        def function(*args: Any, **kwargs: Any) -> Any:
            if self.converse is None:
                raise RuntimeError("this function is there for the call that it was handed to")
            asked = {"id": self.id, "asked": [number, list(args), kwargs], "output": "", "effects": []}
            told = wire.decode(
                self.converse(wire.encode(asked, self.answer_bytes, self.refer)), self.resolve, self.device
            )
            if told["op"] != "tell":
                raise RuntimeError("the test has gone on to something else")
            self.id = told["id"]
            return told["value"]

        return function

    def answer(self, payload: bytes) -> bytes:
        """Carry out one request; whatever student code raises becomes part of the reply."""
        request = wire.decode(payload, self.resolve, self.device)
        self.id = request["id"]
        self.effects = []
        if request["scope"] != self.scope:  # a new check: references of the last one are gone
            self.scope = request["scope"]
            self.objects.clear()
        try:
            seed_everything(request.get("seed", 0), self.device)
            value = getattr(self, "op_" + request["op"])(request)
            reply = {"id": self.id, "value": value, **self.remarks()}
            encoded = wire.encode(reply, self.answer_bytes, self.refer)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it ends the call, not the candidate
            reply = {"id": self.id, "fault": faults.describe(error), **self.remarks()}
            encoded = wire.encode(reply, self.answer_bytes)
        return encoded

    def remarks(self) -> dict[str, Any]:
        return {"output": self.ring.take(), "effects": self.effects[:20]}

    def op_load(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the cells of the notebook in a fresh namespace."""
        written = request.get("written", [])
        raised = [*cells.write_files(request["files"]), *cells.write_files(written, 0o644)]
        cells.write_notebook()
        raised += cells.run_cells(self.module, request["cells"], request["budget_s"], written)
        more = {"more": len(raised) - MAX_RAISED} if len(raised) > MAX_RAISED else {}
        return {"raised": raised[:MAX_RAISED], "names": cells.public_names(self.module), **more}

    def op_prepare(self, request: dict[str, Any]) -> bytes:
        """What comes before the first byte of the student's is read; that it fails is nobody's zero.

        Returns the magic number of this Python's byte code.
        """
        self.device = request["device"]
        try:
            if self.device != "cpu":
                cap_video_memory(request["video_memory_mib"])
            stub_modules.install(request["hidden_modules"])
        except Exception as error:  # noqa: BLE001 - torch and the driver of the GPU may raise anything
            raise faults.NotPrepared(f"{type(error).__name__}: {error}") from None
        return importlib.util.MAGIC_NUMBER

    def op_has(self, request: dict[str, Any]) -> bool:
        names = vars(self.module)
        return request["name"] in names and type(names[request["name"]]) is not Absent

    def op_call(self, request: dict[str, Any]) -> Any:
        """Call a name of the notebook, or an object that was referred to."""
        target = request["target"]
        function = getattr(self.names, target) if type(target) is str else target
        return self.calling(request, function, request["args"], request["kwargs"])

    def calling(self, request: dict[str, Any], function: Any, args: Any, kwargs: Any) -> Any:
        named = [(str(place + 1), value) for place, value in enumerate(args)] + list(kwargs.items())
        with contextlib.ExitStack() as stack:
            if request.get("pure"):
                stack.enter_context(watch.watching(named, self.effects))
            stack.enter_context(forbid.forbidding(request.get("forbids", ()), self.effects))
            return function(*args, **kwargs)

    def op_name(self, request: dict[str, Any]) -> Any:
        return getattr(self.names, request["name"])

    def op_get(self, request: dict[str, Any]) -> Any:
        return getattr(request["target"], request["name"])

    def op_set(self, request: dict[str, Any]) -> None:
        setattr(request["target"], request["name"], request["value"])

    def op_operate(self, request: dict[str, Any]) -> Any:
        return OPERATORS[request["operator"]](*request["operands"])

    def op_put(self, request: dict[str, Any]) -> wire.Ref:
        return self.refer(request["value"])

    def op_rng(self, request: dict[str, Any]) -> wire.Ref:
        return self.refer(np.random.default_rng(request["value"]))

    def op_generator(self, request: dict[str, Any]) -> wire.Ref:
        return self.refer(sys.modules["torch"].Generator().manual_seed(request["value"]))

    def op_fetch(self, request: dict[str, Any]) -> Any:
        return request["target"]

    def op_shell(self, request: dict[str, Any]) -> None:
        """Run one statement as at a prompt: the value of an expression is printed."""
        filename = f"<cell of the shell {request['number']}>"
        faults.remember_source(filename, request["source"])
        exec(compile(request["source"], filename, "single", dont_inherit=True), vars(self.module))  # noqa: S102

    def op_run(self, request: dict[str, Any]) -> Any:
        """Run a probe: a function of ours, which comes compiled, next to the student's objects."""
        sent = request["probe"]
        if sent not in self.probes:
            space: dict[str, Any] = {"np": np, "__name__": "probe"}
            if "torch" in sys.modules:
                space["torch"] = sys.modules["torch"]
            # source where another Python compiled it
            code = marshal.loads(sent) if type(sent) is bytes else compile(sent, "<probe>", "exec", dont_inherit=True)
            exec(code, space)  # noqa: S102 - a trusted source
            self.probes[sent] = space["probe"]
        return self.calling(request, self.probes[sent], [self.names, *request["args"]], request["kwargs"])


def cap_video_memory(limit_mib: int) -> None:
    """Let torch's allocator stop at a part of the GPU, so that slots can share one. It opens this process's context."""
    torch = sys.modules["torch"]
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, limit_mib * 2**20 / total))


def seed_everything(seed: int, device: str) -> None:
    """Seed Python's, NumPy's and, where it is loaded, torch's global generators."""
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if device == "cpu" and not torch.cuda.is_initialized():
        torch.default_generator.manual_seed(seed)  # without noting a seed, and a traceback, for GPUs to come
    else:
        torch.manual_seed(seed)


def serve(stream: socket.socket, answer_bytes: int, output_chars: int) -> None:
    """Answer requests from `stream` until it ends."""
    candidate = Candidate(answer_bytes, output_chars)

    def converse(said: bytes) -> bytes:
        wire.send_frame(stream, said)
        return wire.receive_frame(stream, 1 << 30)

    candidate.converse = converse
    while True:
        try:
            payload = wire.receive_frame(stream, 1 << 30)
        except EOFError:
            return
        wire.send_frame(stream, candidate.answer(payload))
