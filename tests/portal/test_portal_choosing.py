"""Which hand-in counts, where students may say it: with the time it came at, and not by points that are seen."""

from __future__ import annotations

from portal_server import course, form_key, hand_in, serving, soon
from tiny import RIGHT, ipynb

from grader.record.store import Store

TABLE = '[portal]\nchoose = true\ngrade = "command"\n'


def recorded(paths):
    with Store.open(paths.record, read_only=True) as store:
        return store.current_digests("tiny").get("bob"), store.hand_ins("tiny").get("bob")


def count(browser, number: int):
    return browser.post(f"/receipt/{number}/count", data={"form_key": form_key(browser.get("/a/tiny"))})


def test_an_earlier_hand_in_counts_again_with_the_time_it_came_at(tmp_path):
    with serving(course(tmp_path, TABLE)) as server:
        bob, ann, ada = server.enter("bob"), server.enter("ann"), server.enter("ada", "staff")
        first = hand_in(bob, ipynb(*RIGHT, "mine = 1"))
        digest, came = soon(lambda: server.paths.record.exists() and (both := recorded(server.paths))[0] and both)
        second = hand_in(bob, ipynb(*RIGHT, "mine = 2"))
        soon(lambda: recorded(server.paths)[0] != digest)
        assert count(ann, first).status_code == 404
        refused = count(bob, second)
        assert refused.status_code == 400 and "counts already" in refused.text
        made = count(bob, first)
        assert made.status_code == 303 and made.headers["location"] == f"/receipt/{second + 1}"
        soon(lambda: recorded(server.paths)[0] == digest)
        now = recorded(server.paths)[1]
        assert now.time == came.time and now.source == f"portal, receipt {second + 1}"
        ada.post("/publish/tiny/publish", data={"form_key": form_key(ada.get("/publish"))})
        refused = count(bob, second)
        assert refused.status_code == 400 and "cannot be chosen" in refused.text
        assert "Count this one" not in bob.get("/a/tiny").text
