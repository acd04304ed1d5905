"""What a notebook remembers of its cells: `_`, `__`, `_3`, `Out[3]`, `In[3]`.

Cells are numbered in the order in which they run, as in a notebook that was restarted and run from the top.
"""

from __future__ import annotations

import builtins
from typing import Any

UNDERSCORES = ("_", "__", "___")
MAX_KEPT = 1000  # values, as IPython


class History:
    """`names` is the notebook's namespace."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.count = 0
        self.inputs: list[str] = [""]
        self.outputs: dict[int, Any] = {}
        self.last: list[Any] = ["", "", ""]  # _, __, ___
        vars(builtins).update(In=self.inputs, Out=self.outputs, _ih=self.inputs, _oh=self.outputs)

    def begin(self, code: str) -> None:
        self.count += 1
        self.inputs.append(code)
        if self.count == 1:
            self.names.update(_="", __="", ___="")
        inputs = [*self.inputs[-4:-1][::-1], "", "", ""]
        self.names.update(_i=inputs[0], _ii=inputs[1], _iii=inputs[2])

    def keep(self, value: Any) -> None:
        """Remember the value of a cell's last expression (a displayhook)."""
        if value is None or value is self.outputs:
            return
        of_the_student = [self.names.get(name) is not last for name, last in zip(UNDERSCORES, self.last, strict=True)]
        self.last = [value, *self.last[:2]]
        if not any(of_the_student):
            self.names.update(zip(UNDERSCORES, self.last, strict=True))
        self.names[f"_{self.count}"] = value
        self.outputs[self.count] = value
        if len(self.outputs) > MAX_KEPT:
            oldest = next(iter(self.outputs))
            del self.outputs[oldest]
            self.names.pop(f"_{oldest}", None)
