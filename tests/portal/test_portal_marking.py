"""Questions that people mark, on the portal: rubrics, comments, piles, two readers; and that the commands agree."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import sqlite3
from fractions import Fraction

import pytest
from essays import handed_in
from marked_course import ESSAYS, add_item, essay_course, hidden, mark, marked_course, papers, points_of, post
from portal_server import begin, hand_in, serving, soon

from grader.cli import main
from grader.paths import Paths
from grader.portal.database import APPLICATION_ID, MIGRATIONS, Database
from grader.portal.marking.papers import numbers
from grader.record.judgements import Judgements
from grader.record.store import Store


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course in which Ann, Bob and Cy are graded; nobody has marked anything."""
    with marked_course(tmp_path_factory.mktemp("graded")) as server:
        return server.paths.root


@pytest.fixture
def server(graded, tmp_path):
    with serving(Paths(shutil.copytree(graded, tmp_path / "course"))) as server:
        yield server


@pytest.fixture
def staff(server):
    return {who: server.enter(who, "staff") for who in ("ada", "ben", "bea", "dan")}


@pytest.fixture
def rubric(server, staff):
    """Two items that add and one that takes off."""
    for points, text in (("+2", "says <i>overflow</i>"), ("1.5", "names the maximum"), ("-0.5", "no sentence")):
        assert add_item(staff["ben"], points, text).status_code == 303
    return papers(staff["ben"])


def command(server, capsys, monkeypatch, *arguments):
    monkeypatch.setenv("GRADER_COURSE", str(server.paths.root))
    capsys.readouterr()
    code = main(list(arguments))
    return code, capsys.readouterr().out


def test_before_publishing_an_instructor_is_told_what_is_not_marked(server, staff):
    assert 'href="/m/tiny">6 to mark<' in staff["ben"].get("/").text
    page = staff["ada"].get("/publish").text
    assert "Not done yet" in page and ">Publish all the same<" in page
    for question in ("q7", "q8"):
        assert f'href="/m/tiny/{question}">{question}: 3 of 3 answers are not marked: 3 in no pile<' in page


def test_a_request_about_a_question_that_people_mark_leads_to_its_papers(server, staff):
    ann = server.enter("ann")
    assert post(staff["ada"], "/publish", "/publish/tiny/publish").status_code == 303
    try:
        assert post(ann, "/a/tiny/ask", "/a/tiny/ask", question="q7", about="", text="why?").status_code == 303
        inbox = staff["ben"].get("/requests").text
        number = re.search(r"/requests/(\d+)/answer", inbox)[1]
        assert 'href="/m/tiny/q7">its papers<' in inbox and 'name="points"' not in inbox
        assert post(staff["ben"], "/requests", f"/requests/{number}/answer", text="seen").status_code == 303
        assert "What it changed" not in ann.get("/requests").text
    finally:
        assert post(staff["ada"], "/publish", "/publish/tiny/withdraw", reason="a test").status_code == 303


def test_a_mark_by_the_rubric_is_the_mark_of_every_command_and_of_the_students_page(
    server, staff, rubric, capsys, monkeypatch
):
    ben, place = staff["ben"], rubric["ann"]
    page = ben.get(place).text
    assert "(5 points)\n\nIn your own words.</p>" in page and "A plot (2.5 points)" not in page
    assert "&lt;b&gt;inf&lt;/b&gt;" in page and "says &lt;i&gt;overflow&lt;/i&gt;" in page and "<i>overflow" not in page
    given = mark(ben, place, **{"item-1": "on", "item-3": "on"}, comment="Well <b>seen</b>.\r\nGo on.")
    assert given.status_code == 303
    assert points_of(server.paths, "ann") == Fraction("1.5")
    shown = command(server, capsys, monkeypatch, "show", "ann", "tiny", "--question", "q7")[1]
    assert "1.5/5" in shown and "comment: -0.5: no sentence" in shown and ", ben, 20" in shown
    mark(ben, papers(ben, "q8")["ann"], besides="2")
    assert "12 of 16" in command(server, capsys, monkeypatch, "show", "ann", "tiny")[1]
    told = json.loads(command(server, capsys, monkeypatch, "marks", "--json")[1])
    assert "11.5" in json.dumps(told) or "12" in json.dumps(told)
    code, out = command(server, capsys, monkeypatch, "manual", "tiny", "--json")
    assert {(row["student"], row["question"]) for row in json.loads(out)["waiting"]}.isdisjoint({("ann", "q7")})
    post(staff["ada"], "/publish", "/publish/tiny/publish")
    try:
        ann = server.enter("ann")
        read = ann.get("/a/tiny/result").text
        assert "1.5 of 5 points" in read and "-0.5: no sentence" in read and "Well &lt;b&gt;seen&lt;/b&gt;." in read
        assert "ben" not in read  # who gave it is for the staff
    finally:
        post(staff["ada"], "/publish", "/publish/tiny/withdraw", reason="a test")
    assert "gave 1.5 points in q7 of ann, tiny" in staff["ada"].get("/log").text


def test_an_item_that_changes_changes_all_who_have_it_at_once(server, staff, rubric):
    ben, ada = staff["ben"], staff["ada"]
    mark(ben, rubric["bob"], **{"item-1": "on"})
    mark(ben, rubric["cy"], **{"item-2": "on"})
    assert points_of(server.paths, "bob") == 2
    assert add_item(ada, "2.5", "says overflow", item=1).status_code == 303
    assert (points_of(server.paths, "bob"), points_of(server.paths, "cy")) == (Fraction("2.5"), Fraction("1.5"))
    page = ada.get("/m/tiny/q7").text
    assert "Undo: +2 says &lt;i&gt;overflow&lt;/i&gt;" in page
    assert "; 2 marks changed" in ada.get("/log").text or "; 1 mark changed" in ada.get("/log").text
    post(ada, "/m/tiny/q7", "/m/tiny/q7/rubric-retire", item=1)
    assert points_of(server.paths, "bob") == 0
    post(ada, "/m/tiny/q7", "/m/tiny/q7/rubric-back", item=1)
    assert points_of(server.paths, "bob") == Fraction("2.5")
    with Store.open(server.paths.record, read_only=True) as store:
        made = Judgements(store).history("tiny", "q7", "bob")
    assert [(each.who, each.why) for each in made] == [
        ("ben", ""), ("ada", "item 1 changed"), ("ada", "item 1 retired"), ("ada", "item 1 brought back")
    ]  # fmt: skip
    assert "item 1 brought back" in ben.get(rubric["bob"]).text


def test_undo_takes_back_the_last_and_then_the_mark_waits_again(server, staff, rubric):
    ben, place = staff["ben"], rubric["cy"]
    given = points_of(server.paths, "cy")
    mark(ben, place, **{"item-2": "on"}, besides="1")
    assert points_of(server.paths, "cy") == Fraction("2.5")
    assert post(ben, place, f"{place}/undo", seen=hidden(ben, place)).status_code == 303
    assert points_of(server.paths, "cy") == (given if given is not None else None)
    while 'action="' + place + '/undo"' in ben.get(place).text:
        post(ben, place, f"{place}/undo", seen=hidden(ben, place))
    assert points_of(server.paths, "cy") is None and "not marked" in ben.get(place).text
    mark(ben, place, **{"item-2": "on"})


@pytest.mark.parametrize(
    ("form", "says"),
    [
        pytest.param({"besides": "1"}, "changed this mark meanwhile", id="somebody was quicker"),
        pytest.param({"seen": "x"}, "not whole", id="a seen that is none"),
        pytest.param({"answer": "a0123456789ab"}, "another answer was handed in", id="the answer is another"),
        pytest.param({"item-99": "on"}, "no item 99", id="an item that there is not"),
        pytest.param({"item-x": "on"}, "not whole", id="an item that is none"),
        pytest.param({"besides": "1e5"}, "no number of points", id="points without end"),
        pytest.param({"comment": "x" * 4001}, "4000 characters", id="a long comment"),
    ],
)
def test_what_cannot_be_given_is_said_and_nothing_changes(server, staff, rubric, form, says):
    ben, place = staff["ben"], rubric["ann"]
    mark(ben, place, **{"item-1": "on"})
    before = points_of(server.paths, "ann")
    known = {} if says.startswith("changed") else {"seen": hidden(ben, place)}
    answer = post(ben, place, place, **{**known, **form})
    assert answer.status_code == 400 and says in answer.text
    assert points_of(server.paths, "ann") == before


def test_saving_nothing_is_no_zero_but_a_written_zero_is(server, staff):
    ben, place = staff["ben"], papers(staff["ben"], "q8")["bob"]
    answer = mark(ben, place)
    assert answer.status_code == 400 and "nothing was ticked" in answer.text
    assert mark(ben, place, besides="0").status_code == 303
    assert points_of(server.paths, "bob", "q8") == 0


def test_a_comment_on_a_line_is_read_by_its_student_alone_and_as_text(server, staff, rubric):
    ben, ada, place = staff["ben"], staff["ada"], rubric["ann"]
    said = "<script>alert(1)</script> see bob"
    assert post(ben, place, f"{place}/line", cell=6, line=3, text=said).status_code == 303
    attempt = "/s/tiny/attempt?student=ann"
    for question, words in (("q1", "nicely done"), ("all", "run it again")):
        made = post(ben, attempt, "/s/tiny/line?student=ann", cell=4, line=2, question=question, text=words)
        assert made.status_code == 303
    page = ben.get(attempt).text
    assert "nicely done" in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    for wrong in (
        {"cell": 6, "line": 9, "text": "x", "question": "q7"},
        {"cell": 99, "line": 1, "text": "x", "question": "q7"},
        {"cell": "six", "line": 1, "text": "x", "question": "q7"},
        {"cell": 6, "line": 1, "text": "", "question": "q7"},
        {"cell": 6, "line": 1, "text": "x", "question": "q99"},
        {"cell": 6, "line": 1, "text": "x", "question": "q7", "file": "ab" * 8},
    ):
        assert post(ben, attempt, "/s/tiny/line?student=ann", **wrong).status_code == 400, wrong
    ann, bob = server.enter("ann"), server.enter("bob")
    assert ann.get("/a/tiny/result").status_code == 403  # before it is published nothing is read
    post(ada, "/publish", "/publish/tiny/publish")
    try:
        read = ann.get("/a/tiny/result").text
        assert "cell 6, line 3" in read and "&lt;script&gt;alert(1)&lt;/script&gt; see (somebody else)" in read
        assert "nicely done" in read and "run it again" in read and "<script>alert" not in read
        assert "nicely done" not in bob.get("/a/tiny/result").text
        said = server.browser().get("/api/assignments/tiny/result", headers=server.token("ann", "read")).json()
        found = {part["id"]: [each["text"] for each in part["comments"]] for part in said["questions"]}
        assert found["q1"] == ["nicely done"] and found["q7"] == ["<script>alert(1)</script> see (somebody else)"]
        assert said["comments"] == [
            {"cell": 4, "line": 2, "code": "    e = np.exp(z - z.max(axis=-1, keepdims=True))", "text": "run it again"}
        ]
    finally:
        post(ada, "/publish", "/publish/tiny/withdraw", reason="a test")
    with Store.open(server.paths.record, read_only=True) as store:
        digest = store.current_digests("tiny")["ann"]
        there = Judgements(store).line_comments("tiny", "ann", digest)
    whole = next(each for each in there if each.text == "run it again")
    assert (whole.who, whole.code) == ("ben", "    e = np.exp(z - z.max(axis=-1, keepdims=True))")
    post(ben, attempt, "/s/tiny/line-back?student=ann", comment=whole.id)
    assert "run it again" not in ben.get(attempt).text
    assert post(ben, attempt, "/s/tiny/line-back?student=ann", comment=whole.id).status_code == 400
    log = ada.get("/log").text
    assert "commented on cell 4, line 2 of ann, tiny" in log and "took back a comment on cell 4" in log


def test_a_comment_of_the_bank_is_used_again_until_it_is_taken_out(server, staff, rubric):
    ben, bea = staff["ben"], staff["bea"]
    mark(ben, rubric["bob"], **{"item-1": "on"}, comment="Read chapter 4.", keep="on")
    page = bea.get(rubric["cy"]).text
    entry = re.search(r'<option value="(\d+)"[^>]*>Read chapter 4\.<', page)[1]
    mark(bea, rubric["cy"], comment="Short.", bank=entry)
    assert "Short.\nRead chapter 4." in bea.get(rubric["cy"]).text
    assert "Read chapter 4." not in bea.get(papers(bea, "q8")["cy"]).text  # each question has its own
    post(bea, "/m/tiny/q7", "/m/tiny/q7/bank-out", entry=entry)
    assert f'<option value="{entry}"' not in ben.get(rubric["cy"]).text
    assert "Short.\nRead chapter 4." in ben.get(rubric["cy"]).text  # where it was used it stays


def test_piles_are_dealt_evenly_and_lead_from_one_to_the_next(server, staff):
    ada, ben, bea = staff["ada"], staff["ben"], staff["bea"]
    assert post(ben, "/m/tiny", "/m/tiny/deal", how="student", which="rest").status_code == 403
    nobody = post(ada, "/m/tiny", "/m/tiny/deal", how="student", which="rest")
    assert nobody.status_code == 400 and "Tick somebody" in nobody.text
    page = ada.get("/m/tiny").text
    ticks = {name: place for place, name in re.findall(r'for="f-(marker-\d)">(\w+)<', page)}
    chosen = {ticks["Ben"]: "on", ticks["Bea"]: "on"}
    assert post(ada, "/m/tiny", "/m/tiny/deal", how="student", which="rest", **chosen).status_code == 303
    rows = re.findall(r"<td>(?:<bdi>)?(\w+)[^<]*(?:</bdi>)?</td><td>(ben|bea)</td>", ben.get("/m/tiny/q7").text)
    assert len(rows) == 3 and {"ben", "bea"} == {who for _, who in rows}
    assert rows == re.findall(r"<td>(?:<bdi>)?(\w+)[^<]*(?:</bdi>)?</td><td>(ben|bea)</td>", ben.get("/m/tiny/q8").text)
    assert post(ada, "/m/tiny", "/m/tiny/deal", how="question", which="unmarked", **chosen).status_code == 303
    text = bea.get("/m/tiny").text
    assert "ben" in text and "bea" in text
    assert re.search(r"q8: \d of 3 answers (is|are) not marked: \d in the pile of (ben|bea)", ada.get("/publish").text)
    assert "dealt" in ada.get("/log").text


def test_without_names_the_pages_of_marking_name_nobody(server, staff):
    ada, ben = staff["ada"], staff["ben"]
    place = papers(ben)["ann"]
    assert post(ben, "/m/tiny", "/m/tiny/names", anonymous="on").status_code == 403
    assert post(ada, "/m/tiny", "/m/tiny/names", anonymous="on").status_code == 303
    try:
        for page in ("/m/tiny", "/m/tiny/q7", place):
            text = ben.get(page).text.replace("see bob", "")  # a comment of the staff's
            assert not re.search(r"\b(ann|Ámos|bob|Bob|cy|Cy)\b", text), page
        assert "Names are hidden" in ben.get("/m/tiny").text
    finally:
        post(ada, "/m/tiny", "/m/tiny/names", anonymous="")
    assert "Ámos" in ben.get(place).text


def test_the_second_reader_does_not_see_the_first_and_an_instructor_settles(server, staff, rubric):
    ada, ben, dan = staff["ada"], staff["ben"], staff["dan"]
    add_item(ada, "2.5", "says overflow", item=1)
    for name in ("ann", "bob", "cy"):
        mark(ben, rubric[name], **{"item-1": "on"}, comment="by the first")
    ticks = {name: place for place, name in re.findall(r'for="fs-(marker-\d)">(\w+)<', ada.get("/m/tiny").text)}
    alone = post(ada, "/m/tiny", "/m/tiny/sample", question="q7", size="2", **{ticks["Ben"]: "on"})
    assert alone.status_code == 400 and "tick more people" in alone.text  # Ben has read them all
    for wrong in ("0", "many", "200 %", "9"):
        answer = post(ada, "/m/tiny", "/m/tiny/sample", question="q7", size=wrong, **{ticks["Dan"]: "on"})
        assert answer.status_code == 400, wrong
    drawn = post(ada, "/m/tiny", "/m/tiny/sample", question="q7", size="50 %", **{ticks["Dan"]: "on"})
    assert drawn.status_code == 303
    row = r'href="(/m/tiny/q7/\d+)">\d+</a></th><td><bdi>(\w+)[^<]*</bdi></td><td>dan, second'
    seconds = re.findall(row, dan.get("/m/tiny/q7").text)
    assert len(seconds) == 2
    assert "q7: the second reader has not read 2 answers" in ada.get("/publish").text
    places = {place: name.lower() for place, name in seconds}
    for place, student in places.items():
        text = dan.get(place).text
        assert "what the first reader gave is not shown" in text and "not marked" in text
        assert "by the first" not in text and "ben" not in text and "checked" not in text
        row = f"/s/tiny/attempt?student={student}"
        assert "not shown to you" in dan.get(row).text and "by the first" not in dan.get(row).text
        assert "not shown to you" not in ben.get(row).text
        for page in (f"/s/tiny/as-student?student={student}", "/report/report.html"):
            assert dan.get(page).status_code == 400 and ben.get(page).status_code == 200
    assert dan.get("/m/tiny/q7/agreement").status_code == 403
    (same, one), (other, two) = places.items()
    soon(lambda: points_of(server.paths, one) == Fraction("2.5"))
    mark(dan, same, **{"item-1": "on"})
    mark(dan, other, **{"item-1": "on"}, besides="1")
    assert points_of(server.paths, two) == Fraction("2.5")  # the first counts
    assert "second reading" not in ben.get(other).text  # nor does the first reader see the second
    assert "read twice" not in dan.get("/m/tiny").text and "read twice" in ben.get("/m/tiny").text
    page = ada.get("/m/tiny/q7/agreement").text
    assert "2 answers read twice" in page and "+0.50 of 5 points" in page and "50 % equal" in page and "kappa" in page
    assert "by the first" in page
    assert "q7: two readers differ in 1 answer, and nobody has settled it" in ada.get("/publish").text
    form = {"seen": hidden(ada, "/m/tiny/q7/agreement"), "choice": "second", "comment": "Both right."}
    to = f"{other}/settle"
    assert post(dan, other, to, **form).status_code == 403
    assert post(ada, "/m/tiny/q7/agreement", to, **{**form, "choice": "none"}).status_code == 400
    assert post(ada, "/m/tiny/q7/agreement", to, **form).status_code == 303
    assert points_of(server.paths, two) == Fraction("3.5")
    assert post(ada, "/m/tiny/q7/agreement", to, **form).status_code == 400  # it was settled meanwhile
    assert "q7: t" not in ada.get("/publish").text
    assert "Both right." in dan.get(other).text  # now it is no secret
    assert "second reading" in ben.get(other).text
    assert mark(ben, other, **{"item-2": "on"}).status_code == 400
    log = ada.get("/log").text
    assert f"settled q7 of {two}, tiny: 3.5 points" in log and "drew 2 answers to q7" in log


def test_a_row_of_the_table_in_whose_place_a_mark_was_given_is_named(server, staff, rubric, capsys, monkeypatch):
    ben, paths = staff["ben"], server.paths
    place = papers(ben, "q8")["cy"]
    command(server, capsys, monkeypatch, "manual", "tiny")
    rows = list(csv.DictReader(io.StringIO(paths.manual_csv("tiny").read_text(), newline="")))
    for row in rows:
        row["points"] = "1.5" if (row["student"], row["question"]) == ("cy", "q8") else ""
    with paths.manual_csv("tiny").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    try:
        soon(lambda: "manual/tiny.csv, line" in ben.get(place).text)
        assert points_of(paths, "cy", "q8") == Fraction("1.5")
        assert mark(ben, place, besides="2").status_code == 303
        assert points_of(paths, "cy", "q8") == 2
        monkeypatch.setenv("GRADER_COURSE", str(paths.root))
        main(["manual", "tiny"])
        said = " ".join(capsys.readouterr().err.split())
        assert "not used, for cy was given points in q8 on the portal" in said
    finally:
        paths.manual_csv("tiny").unlink()


def test_regrade_and_feedback_know_what_was_given(server, staff, rubric, capsys, monkeypatch, tmp_path):
    ben, place = staff["ben"], papers(staff["ben"], "q8")["ann"]
    assert mark(ben, place, besides="1.5", comment="Fine.").status_code == 303
    assert post(ben, place, f"{place}/line", cell=8, line=1, text="which axes?").status_code == 303
    code, out = command(server, capsys, monkeypatch, "regrade", "tiny", "--sandbox", "process", "--workers", "1")
    assert "0 marks changed" in out
    command(server, capsys, monkeypatch, "feedback", "tiny", "--out", str(tmp_path / "pages"))
    page = (tmp_path / "pages" / "ann.html").read_text()
    assert "+1.5 points" in page and "Fine." in page and "which axes?" in page and "cell 8, line 1" in page
    assert ESSAYS["ann"].splitlines()[0] not in (tmp_path / "pages" / "bob.html").read_text()


def test_whoever_hands_in_another_answer_waits_for_another_mark(server, staff, rubric):
    ben, who = staff["ben"], "zoë/../x"
    zoe = server.enter(who)
    hand_in(zoe, handed_in(essay="The first try."))
    soon(lambda: "zoë" in papers(ben))
    place = papers(ben)["zoë"]
    mark(ben, place, **{"item-2": "on"})
    before = points_of(server.paths, who)
    assert before == Fraction("1.5")
    hand_in(zoe, handed_in(essay="The first try.", right=False))
    soon(lambda: points_of(server.paths, who, "q1") == 0)
    assert points_of(server.paths, who) == before  # other code, the same answer
    hand_in(zoe, handed_in(essay="The second try."))
    soon(lambda: "The second try." in ben.get(place).text)
    soon(lambda: "given for an earlier submission" in ben.get(place).text)
    assert points_of(server.paths, who) is None
    soon(lambda: re.search(rf'href="{place}">((?!</tr>).)*not marked', ben.get("/m/tiny/q7").text))
    assert mark(ben, place, **{"item-2": "on"}).status_code == 303


def test_what_was_said_to_be_kept_survives_a_kill(tmp_path):
    paths = essay_course(tmp_path / "course")
    for expected in (1, 2):
        server = begin(paths)
        try:
            ben = server.enter("ben", "staff")
            assert add_item(ben, "2", f"item of start {expected}").status_code == 303
            assert ben.get("/m/tiny/q7").text.count('class="box"') == expected
        finally:
            server.close()
            server.process.kill()
            server.process.communicate()


def test_a_portal_of_before_has_its_tables_added_and_loses_nothing(tmp_path):
    file = tmp_path / ".grader" / "portal" / "portal.sqlite"
    file.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(file)) as old:
        old.executescript(f"{MIGRATIONS[0]} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;")
        old.execute("INSERT INTO log (who, what, about, made) VALUES ('ada', 'published tiny', '', '')")
        old.commit()
    database = Database(file)
    drawn = numbers(database, "tiny", ["ann", "bob"])
    assert numbers(database, "tiny", ["bob", "ann"]) == drawn and len(set(drawn.values())) == 2
    assert database.select("SELECT who FROM log") == [("ada",)]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.change("DELETE FROM papers")
    database.close()
