"""Let a module that was written a moment ago be imported: Python remembers what lay in a folder."""

from __future__ import annotations

import os
import sys


def forget() -> None:
    """Forget what lies in the folder of the notebook and below it, not what lies in those of packages."""
    here = os.getcwd()
    for folder, finder in list(sys.path_importer_cache.items()):
        if finder is not None and (folder.startswith(here) or not folder.startswith("/")):
            finder.invalidate_caches()  # type: ignore[attr-defined]
