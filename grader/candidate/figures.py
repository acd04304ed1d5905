"""Figures end with the cell that draws them, and where they are shown, as in Jupyter; in calls nothing is closed."""

from __future__ import annotations

import functools
import sys
from typing import Any

from grader.candidate import silenced


class Figures:
    """`in_cell` says whether a cell is running."""

    def __init__(self) -> None:
        self.in_cell = False
        silenced.patch("matplotlib.pyplot", self._show_closes)

    def close(self) -> None:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and getattr(pyplot, "get_fignums", list)():
            pyplot.close("all")

    def _show_closes(self, pyplot: Any) -> None:
        shown = pyplot.show

        @functools.wraps(shown)
        def show(*args: Any, **kwargs: Any) -> None:
            if not self.in_cell:
                return shown(*args, **kwargs)  # type: ignore[no-any-return]
            return pyplot.close("all")  # type: ignore[no-any-return]

        pyplot.show = show
