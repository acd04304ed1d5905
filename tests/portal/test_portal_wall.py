"""The wall: no request of a student opens a file of hidden tests, solutions, or the secret."""

from __future__ import annotations

import sys

from portal_server import begin, competition, course, form_key, hand_in, predicted, soon
from tiny import RIGHT, ipynb

LISTENING = """
import sys, threading
log = open(sys.argv[1], "a", buffering=1)
def heard(event, given):
    if event == "open" and isinstance(given[0], str):
        log.write(f"{threading.current_thread().name}\\t{given[0]}\\n")
sys.addaudithook(heard)
from grader.cli import main
sys.exit(main(sys.argv[2:]))
"""
BEHIND = ("/labels.csv", "/cats.csv", "/hidden/", "/solutions/", ".grader/secret", "/assignments/tiny/tests")


def test_a_student_walks_through_everything_and_nothing_behind_the_wall_is_opened(tmp_path):
    log = tmp_path / "opened"
    paths = course(tmp_path / "course", '[portal]\nwhen = "at once"\n')
    competition(paths)
    server = begin(paths, start=[sys.executable, "-c", LISTENING, str(log)])
    try:
        before = len(log.read_text().splitlines())
        ann = server.enter("ann")
        number = hand_in(ann, ipynb("def softmax(z):\n    return z", *RIGHT[2:]))
        soon(lambda: ">graded<" in ann.get("/a/tiny").text)
        pages = ["/", "/a/tiny", "/a/tiny/result", "/a/tiny/ask", "/requests", "/tokens", "/api", f"/receipt/{number}"]
        assert {ann.get(page).status_code for page in pages} == {200}
        entered = {"form_key": form_key(ann.get("/c/kaggle"))}
        files = {"file": ("mine.csv", predicted({1, 2, 30}))}
        assert ann.post("/c/kaggle/enter", data=entered, files=files).status_code == 303
        assert [ann.get(page).status_code for page in ("/c/kaggle", "/c/kaggle/board", "/what-if")] == [200] * 3
        form = {"form_key": form_key(ann.get("/a/tiny/ask")), "question": "q1", "text": "why?"}
        assert ann.post("/a/tiny/ask", data=form).status_code == 303
        opened = [line.split("\t", 1) for line in log.read_text().splitlines()[before:]]
    finally:
        server.close()
        server.process.terminate()
        server.process.communicate(timeout=60)
    assert any(path.endswith("tiny.sqlite") or ".grader/" in path for _, path in opened), "nothing was heard"
    assert [(who, path) for who, path in opened if any(part in path for part in BEHIND)] == []
