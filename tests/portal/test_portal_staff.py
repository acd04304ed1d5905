"""The staff: what is published is seen, what is asked is answered, what is changed has a reason and a name."""

from __future__ import annotations

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

from portal_server import form_key, soon

from grader.bookkeeping.timing import deadlines_of
from grader.record.store import Store


def send(browser, page: str, to: str, **form: str):
    return browser.post(to, data={"form_key": form_key(browser.get(page)), **form})


def answer_all(staff) -> None:
    for number in re.findall(r"/requests/(\d+)/answer", staff.get("/requests").text):
        assert send(staff, "/requests", f"/requests/{number}/answer", text="Seen.").status_code == 303


def test_from_publishing_to_a_granted_request_and_back(portal):
    server = portal.server
    ann, ben, ada = server.enter("ann"), server.enter("ben", "staff"), server.enter("ada", "staff")
    assert ann.get("/a/tiny/result").status_code == 403
    assert send(ben, "/", "/publish/tiny/publish").status_code == 403
    answer_all(ada)  # what other tests have asked of this server
    assert send(ada, "/publish", "/publish/tiny/publish").status_code == 303
    try:
        told = ann.get("/a/tiny/result")
        assert told.status_code == 200 and "8.5" in told.text and "Question by question" in told.text
        assert "1 of 6 students have read theirs" in ada.get("/publish").text
        asked = send(ann, "/a/tiny/ask", "/a/tiny/ask", question="q1", text="<b>I</b> think\nso")
        assert asked.status_code == 303
        for rest in ("6 students may still hand in before the deadline", "1 request is open"):
            assert rest in ada.get("/publish").text
        inbox = ben.get("/requests").text
        assert "&lt;b&gt;I&lt;/b&gt; think" in inbox
        number = re.search(r"/requests/(\d+)/answer", inbox)[1]
        less = {"question": "q1", "text": "seen again", "points": "-1"}
        assert send(ben, "/requests", f"/requests/{number}/answer", **less).status_code == 303
        assert send(ben, "/requests", f"/requests/{number}/answer", **less).status_code == 400
        assert "request is open" not in ada.get("/publish").text
        mine = ann.get("/requests").text
        assert "seen again" in mine and "-1 points in q1" in mine
        with Store.open(server.paths.record, read_only=True) as store:
            (made,) = store.overrides("tiny", "ann")
        assert (made.who, made.reason, made.delta) == ("ben", "seen again", -1)
        assert "7.5" in ann.get("/a/tiny/result").text
        soon(lambda: "7.5" in ben.get("/s/tiny").text)
        log = ada.get("/log").text
        assert "published tiny" in log and "add -1 in q1 of ann, tiny" in log
    finally:
        assert send(ada, "/publish", "/publish/tiny/withdraw").status_code == 400
        assert send(ada, "/publish", "/publish/tiny/withdraw", reason="a wrong check").status_code == 303
    assert ann.get("/a/tiny/result").status_code == 403
    assert send(ben, "/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann", question="q1", how="undo")
    soon(lambda: "8.5" in ben.get("/s/tiny").text)


def test_a_request_that_four_answer_at_once_is_granted_once(portal):
    """As a button does that is pressed twice: each form that was sent is carried out."""
    server = portal.server
    ann, ada = server.enter("ann"), server.enter("ada", "staff")
    answer_all(ada)
    send(ada, "/publish", "/publish/tiny/publish")
    try:
        assert send(ann, "/a/tiny/ask", "/a/tiny/ask", question="q1", text="again?").status_code == 303
        number = re.search(r"/requests/(\d+)/answer", ada.get("/requests").text)[1]
        form = {"form_key": form_key(ada.get("/requests")), "question": "q1", "text": "at once", "points": "-0.5"}
        with ThreadPoolExecutor(4) as pool:
            sent = list(pool.map(lambda _: ada.post(f"/requests/{number}/answer", data=form), range(4)))
        assert sorted(each.status_code for each in sent) == [303, 400, 400, 400]
        with Store.open(server.paths.record, read_only=True) as store:
            assert [made.delta for made in store.overrides("tiny", "ann") if made.reason == "at once"] == [-0.5]
    finally:
        send(ada, "/publish", "/publish/tiny/withdraw", reason="a test")
        send(ada, "/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann", question="q1", how="undo")
    soon(lambda: "8.5" in ada.get("/s/tiny").text)


def test_a_change_that_is_sent_twice_is_made_once(portal):
    ben, page, to = portal.server.enter("ben", "staff"), "/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann"
    there = ben.get(page)
    form = {name: re.search(f'name="{name}" value="([^"]*)"', there.text)[1] for name in ("form_key", "seen")}
    form |= {"question": "q1", "how": "add", "points": "-0.5", "reason": "sent twice"}
    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(lambda _: ben.post(to, data=form), range(3)))
    assert sorted(each.status_code for each in sent) == [303, 400, 400]
    with Store.open(portal.server.paths.record, read_only=True) as store:
        assert [made.reason for made in store.overrides("tiny", "ann")] == ["sent twice"]
    assert send(ben, page, to, question="q1", how="undo").status_code == 303
    soon(lambda: "8.5" in ben.get("/s/tiny").text)


def test_a_student_has_at_most_three_open_requests(portal):
    ann, ada = portal.server.enter("ann"), portal.server.enter("ada", "staff")
    answer_all(ada)  # what other tests have asked of this server
    send(ada, "/publish", "/publish/tiny/publish")
    try:
        answers = [send(ann, "/a/tiny/ask", "/a/tiny/ask", question="q2", text=str(n)).status_code for n in range(4)]
        assert answers == [303, 303, 303, 400]
        assert send(ann, "/a/tiny/ask", "/a/tiny/ask", question="q9", text="x").status_code == 400
        other = {"question": "q1", "about": "q1: a check of somebody else", "text": "x"}
        assert send(ann, "/a/tiny/ask", "/a/tiny/ask", **other).status_code == 400
    finally:
        send(ada, "/publish", "/publish/tiny/withdraw", reason="a test")
        answer_all(ada)


def test_points_are_changed_by_the_rules_of_override(portal):
    ben = portal.server.enter("ben", "staff")
    page, to = "/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann"
    for wrong in (
        {"question": "q1", "how": "add", "points": "+1"},  # no reason
        {"question": "q1", "how": "add", "points": "+1", "reason": "above what there is"},
        {"question": "q1", "how": "set", "points": "99", "reason": "x"},
        {"question": "q1", "how": "set", "points": "nan", "reason": "x"},
        {"question": "q7", "how": "add", "points": "1", "reason": "x"},
        {"question": "q1", "how": "else", "points": "1", "reason": "x"},
    ):
        answer = send(ben, page, to, **wrong)
        assert answer.status_code == 400, wrong
    assert send(ben, page, "/s/tiny/override?student=nobody", **wrong).status_code == 404


def test_the_table_is_searched_and_sorted_without_a_script(portal):
    ben = portal.server.enter("ben", "staff")
    found = ben.get("/s/tiny", params={"find": "ámos"}).text
    assert ">ann<" in found and ">cy<" not in found
    order = re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', ben.get("/s/tiny", params={"sort": "-total"}).text)
    assert order[0] == "ann" and len(order) == 6


def test_an_attempt_shows_the_code_as_text_beside_its_checks(portal):
    ben = portal.server.enter("ben", "staff")
    text = ben.get("/s/tiny/attempt?student=ann").text
    assert 'data-n="2"' in text and "def softmax(z):" in text and "q1" in text
    file = ben.get("/s/tiny/file?student=ann")
    assert "attachment" in file.headers["content-disposition"]


def test_grading_stops_and_goes_on(portal):
    ben = portal.server.enter("ben", "staff")
    assert send(ben, "/", "/board/pause").status_code == 303
    assert "Stopped" in ben.get("/").text
    assert send(ben, "/", "/board/resume").status_code == 303
    assert "Stopped" not in ben.get("/").text


def test_more_time_is_a_line_of_the_table_and_holds_at_once(portal):
    server, table = portal.server, portal.server.paths.extensions_csv
    before = "# by hand\nreason,who,assignment,deadline\nill,bob,tiny,2090-01-05 12:00\n"
    table.write_text(before)
    ben, ann = server.enter("ben", "staff"), server.enter("ann")
    page, to = "/s/tiny/attempt?student=ann", "/s/tiny/extend?student=ann"
    for until in ("2025-01-01T12:00", "soon", ""):
        assert send(ben, page, to, until=until, reason="x").status_code == 400
    assert table.read_text() == before
    assert send(ben, page, to, until="2091-01-01T12:00", reason="in, hospital").status_code == 303
    assert send(ben, page, to, until="2092-01-01T12:00", reason="in, hospital").status_code == 303
    assert table.read_text() == f'{before}"in, hospital",ann,tiny,2092-01-01 12:00\n'
    soon(lambda: "01 Jan 2092, 12:00:00 (IST)" in ann.get("/a/tiny").text)
    assert "deadline extended to 2092-01-01 12:00: in, hospital" in ben.get(page).text
    assert deadlines_of(server.paths).of("ann", "tiny").year == 2092
    log = server.enter("ada", "staff").get("/log").text
    assert "extended tiny for ann" in log


def test_the_reports_style_sheet_is_served_and_what_a_page_adds_is_allowed_by_its_digest(portal):
    visitor = portal.server.enter("ben", "staff")
    answer = visitor.get("/report/report.html")
    (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]*)"/>', answer.text)
    styles = visitor.get(f"/report/{sheet}")
    assert styles.status_code == 200 and styles.headers["content-type"].startswith("text/css")
    assert "color-scheme: light dark" in styles.text
    digests = [
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        for style in re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    ]
    allowed = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    assert f"style-src {allowed}; " in answer.headers["content-security-policy"]
