"""What a notebook can import when it is graded, by the pins of the image: no image is needed to know it."""

from __future__ import annotations

from grader.candidate.stub_modules import INERT
from grader.paths import Paths
from grader.sandbox.image_scan import read_imports


def importable(paths: Paths) -> tuple[str, ...]:
    """Modules besides the standard library, sorted; `google.colab` is there, which does not say that `google` is.

    `grader image check` imports all that the pins name.
    """
    return tuple(sorted({*read_imports(paths.image_pins), *INERT}))
