"""The zip that Moodle takes under "Upload multiple feedback files in a zip", made of generated names alone.

Moodle reads a folder's name as name_participant_plugin and gives what is inside to that participant; of the name it
wants no more than that it is there. The underscore at the end is for Moodle before 4.1, later ones take it too. A file
that is there already with the same bytes is passed over, so that nobody is notified twice.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pages are the same zip


def feedback_zip(pages: Mapping[str, bytes], filename: str) -> bytes:
    """A zip of one file for each participant. `pages`: participant number -> the file's bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for participant in sorted(pages, key=int):
            entry = zipfile.ZipInfo(f"Participant_{int(participant)}_assignfeedback_file_/{filename}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, pages[participant])
    return made.getvalue()
