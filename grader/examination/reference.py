"""The reference solution, run in this process: as a module, and as a candidate that hidden tests can ask."""

from __future__ import annotations

import ast
import queue
import threading
import types
from typing import Any

from grader import wire
from grader.candidate.cells import public_names, run_cells
from grader.candidate.serve import Candidate
from grader.course.master import beside, master_cells
from grader.errors import AuthoringError, SubmissionError
from grader.examination.probes import OURS
from grader.paths import Paths
from grader.sandbox import Ending
from grader.schema import Assignment

OF_MODULES = frozenset("to eval train parameters named_parameters state_dict load_state_dict zero_grad".split())


def load_reference(paths: Paths, assignment_id: str) -> types.ModuleType:
    """Run the reference solution's cells in a module. Raises AuthoringError if it cannot be read or run."""
    path = paths.reference(assignment_id)
    module = types.ModuleType(f"reference_{assignment_id}")
    try:
        with beside(paths, assignment_id):
            for cell in master_cells(paths, assignment_id):
                exec(compile(cell.code, f"{path.name} cell {cell.number}", "exec", dont_inherit=True), module.__dict__)
    except (OSError, SubmissionError) as error:
        raise AuthoringError(f"solutions/{assignment_id}/{path.name}: {error}") from None
    except Exception as error:  # noqa: BLE001 - the author's code may raise anything
        raise AuthoringError(f"solutions/{assignment_id}/{path.name} raised {type(error).__name__}: {error}") from error
    return module


def classes_and_methods(paths: Paths, assignment_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that the reference solution defines as classes, and as methods of them that are never attributes too.

    None where it cannot be read.
    """
    try:
        nodes = [node for cell in master_cells(paths, assignment_id) for node in ast.walk(ast.parse(cell.code))]
    except (OSError, SubmissionError, SyntaxError):
        return frozenset(), frozenset()
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    inside = [node for each in classes for node in each.body]
    functions = {node.name for node in inside if isinstance(node, ast.FunctionDef) and not _is_property(node)}
    if any(ast.unparse(base).endswith("Module") for each in classes for base in each.bases):
        functions |= OF_MODULES
    stored = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return frozenset(node.name for node in classes), frozenset(functions - stored)


def _is_property(function: ast.FunctionDef) -> bool:
    said = " ".join(map(ast.unparse, function.decorator_list))
    return any(word in said for word in ("property", "setter", "deleter"))


class ReferenceSandbox:
    """Opens the reference solution in this process, which it takes over; for a process that ends afterwards."""

    isolation = environment = "none"
    share = None

    def __init__(self, paths: Paths, assignment: Assignment) -> None:
        self.paths = paths
        self.assignment = assignment

    def open(self) -> ReferenceCandidate:
        return ReferenceCandidate(self.paths, self.assignment)

    def settle(self, how: str) -> bool:
        return True

    def prepare(self) -> None:
        return None

    def close(self) -> None:
        return None


class ReferenceCandidate:
    """The reference solution as hidden tests see it; without deadlines."""

    charged_s = 0.0

    def __init__(self, paths: Paths, assignment: Assignment) -> None:
        self.paths = paths
        self.assignment = assignment
        self.candidate = Candidate(assignment.limits.answer_mib << 20, 0)
        self.candidate.converse = self._converse
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._waiting = False  # in a call, for what the test answers to a call of a function that it handed over

    def exchange(self, request: bytes, limit_s: float, answer_bytes: int) -> bytes:
        refs: list[int] = []
        asked = wire.decode(request, lambda ref: refs.append(ref.id))
        if asked["op"] == "prepare":  # a module that is hidden from candidates is not hidden from us
            return wire.encode({"id": asked["id"], "value": OURS, "output": "", "effects": []})
        if asked["op"] == "load":
            value = {"raised": self._run_cells(), "names": public_names(self.candidate.module)}
            return wire.encode({"id": asked["id"], "value": value, "output": "", "effects": []})
        if self._waiting:
            self._waiting = False
            self._told.put(request)
            return self._said.get()
        if min(refs, default=0) < 0:
            threading.Thread(target=lambda: self._said.put(self.candidate.answer(request)), daemon=True).start()
            return self._said.get()
        return self.candidate.answer(request)

    def _converse(self, said: bytes) -> bytes:
        """Hand over what the reference asks in the middle of a call, and wait there, in a thread of its own."""
        self._waiting = True
        self._said.put(said)
        return self._told.get()

    def _run_cells(self) -> list[dict[str, Any]]:
        cells = [(cell.number, cell.code) for cell in master_cells(self.paths, self.assignment.id)]
        with beside(self.paths, self.assignment.id):
            return run_cells(self.candidate.module, cells, self.assignment.limits.total_s)

    def close(self) -> Ending:
        return Ending("closed")
