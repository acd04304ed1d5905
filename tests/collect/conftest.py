"""What the tests of collecting share: the folder of a small course."""

import pytest

from grader.paths import Paths


@pytest.fixture
def course_of(tmp_path, monkeypatch):
    """Write a course, text by path, and go into its folder; returns its paths."""

    def course_of(files):
        root = tmp_path / "course"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        monkeypatch.setenv("GRADER_COURSE", str(root))
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.chdir(root)
        return Paths(root)

    return course_of
