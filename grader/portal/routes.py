"""Every address of the portal, and who may use it. There is no other way to a page than through this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from grader.course.staff import Role
from grader.portal import (
    api,
    board_pages,
    live,
    openapi,
    openid_pages,
    publishing_pages,
    receipt_pages,
    request_pages,
    result_page,
    sign_in_pages,
    staff_attempt,
    staff_table,
    static_pages,
    student_pages,
    token_pages,
    what_if_page,
)
from grader.portal.competitions import entry_api, entry_pages, leaderboard, staff_page
from grader.portal.marking import agreement_page, line_pages, overview, paper_page, pictures, rubric_page
from grader.portal.visit import Visit

Who = frozenset[Role | None]  # None: whoever is not signed in

NOBODY_YET: Who = frozenset({None, *Role})
SIGNED_IN: Who = frozenset(Role)
STUDENTS: Who = frozenset({Role.STUDENT})
STAFF: Who = frozenset({Role.ASSISTANT, Role.INSTRUCTOR})
INSTRUCTORS: Who = frozenset({Role.INSTRUCTOR})


@dataclass(frozen=True)
class Route:
    """One address. takes: "form", or "file" where a file comes with it;  scope: of a token that may be used here"""

    method: str
    path: str
    page: Callable[[Visit], Response]
    who: Who
    takes: str = "form"
    scope: str = ""


ROUTES: tuple[Route, ...] = (
    Route("GET", "/static/{name}", static_pages.static, NOBODY_YET),
    Route("GET", "/sign-in", sign_in_pages.sign_in, NOBODY_YET),
    Route("GET", "/in/{secret}", sign_in_pages.door, NOBODY_YET),
    Route("POST", "/in/{secret}", sign_in_pages.enter, NOBODY_YET),
    Route("GET", "/oidc/begin", openid_pages.begin, NOBODY_YET),
    Route("GET", "/oidc/callback", openid_pages.callback, NOBODY_YET),
    Route("POST", "/sign-out", sign_in_pages.sign_out, SIGNED_IN),
    Route("GET", "/", static_pages.home, SIGNED_IN),
    Route("GET", "/what-if", what_if_page.what_if, STUDENTS),
    Route("GET", "/a/{assignment}", student_pages.assignment, STUDENTS),
    Route("POST", "/a/{assignment}/upload", student_pages.upload, STUDENTS, takes="file"),
    Route("GET", "/a/{assignment}/draft/{draft}", student_pages.draft, STUDENTS),
    Route("POST", "/a/{assignment}/draft/{draft}", student_pages.hand_in, STUDENTS),
    Route("GET", "/a/{assignment}/state", live.state_stream, STUDENTS),
    Route("GET", "/a/{assignment}/result", result_page.result, STUDENTS),
    Route("GET", "/receipt/{number:int}", receipt_pages.receipt, STUDENTS),
    Route("GET", "/receipt/{number:int}/text", receipt_pages.receipt_text, STUDENTS),
    Route("GET", "/receipt/{number:int}/file", receipt_pages.receipt_file, STUDENTS),
    Route("POST", "/receipt/{number:int}/count", receipt_pages.count, STUDENTS),
    Route("GET", "/a/{assignment}/ask", request_pages.ask_page, STUDENTS),
    Route("POST", "/a/{assignment}/ask", request_pages.ask, STUDENTS),
    Route("GET", "/requests", request_pages.inbox, SIGNED_IN),
    Route("POST", "/requests/{request:int}/answer", request_pages.answer, STAFF),
    Route("GET", "/board/state", live.board_stream, STAFF),
    Route("POST", "/board/pause", board_pages.pause, STAFF),
    Route("POST", "/board/resume", board_pages.resume, STAFF),
    Route("GET", "/s/{assignment}", staff_table.table_page, STAFF),
    Route("GET", "/s/{assignment}/attempt", staff_attempt.attempt_page, STAFF),
    Route("GET", "/s/{assignment}/file", staff_attempt.handed_in_file, STAFF),
    Route("GET", "/s/{assignment}/as-student", publishing_pages.as_student, STAFF),
    Route("POST", "/s/{assignment}/override", staff_attempt.override, STAFF),
    Route("POST", "/s/{assignment}/extend", staff_attempt.extend_deadline, STAFF),
    Route("POST", "/s/{assignment}/line", line_pages.on_attempt, STAFF),
    Route("POST", "/s/{assignment}/line-back", line_pages.back_on_attempt, STAFF),
    Route("GET", "/m", overview.all_assignments, STAFF),
    Route("GET", "/m/{assignment}", overview.overview, STAFF),
    Route("POST", "/m/{assignment}/deal", overview.deal, INSTRUCTORS),
    Route("POST", "/m/{assignment}/sample", overview.sample, INSTRUCTORS),
    Route("POST", "/m/{assignment}/names", overview.names, INSTRUCTORS),
    Route("GET", "/m/{assignment}/{question}", rubric_page.question_page, STAFF),
    Route("POST", "/m/{assignment}/{question}/rubric", rubric_page.change_item, STAFF),
    Route("POST", "/m/{assignment}/{question}/rubric-retire", rubric_page.retire, STAFF),
    Route("POST", "/m/{assignment}/{question}/rubric-back", rubric_page.bring_back, STAFF),
    Route("POST", "/m/{assignment}/{question}/rubric-base", rubric_page.change_base, STAFF),
    Route("POST", "/m/{assignment}/{question}/bank", rubric_page.keep_comment, STAFF),
    Route("POST", "/m/{assignment}/{question}/bank-out", rubric_page.take_out_comment, STAFF),
    Route("GET", "/m/{assignment}/{question}/agreement", agreement_page.agreement_page, INSTRUCTORS),
    Route("GET", "/m/{assignment}/{question}/{paper:int}", paper_page.show, STAFF),
    Route("POST", "/m/{assignment}/{question}/{paper:int}", paper_page.save, STAFF),
    Route("POST", "/m/{assignment}/{question}/{paper:int}/undo", paper_page.take_back, STAFF),
    Route("POST", "/m/{assignment}/{question}/{paper:int}/line", line_pages.on_paper, STAFF),
    Route("POST", "/m/{assignment}/{question}/{paper:int}/line-back", line_pages.back_on_paper, STAFF),
    Route("POST", "/m/{assignment}/{question}/{paper:int}/settle", agreement_page.settle_difference, INSTRUCTORS),
    Route("GET", "/m/{assignment}/{question}/{paper:int}/picture/{number:int}", pictures.picture, STAFF),
    Route("GET", "/publish", publishing_pages.publish_page, INSTRUCTORS),
    Route("POST", "/publish/{assignment}/publish", publishing_pages.publish, INSTRUCTORS),
    Route("POST", "/publish/{assignment}/withdraw", publishing_pages.withdraw, INSTRUCTORS),
    Route("GET", "/log", publishing_pages.log_page, INSTRUCTORS),
    Route("GET", "/report/{page:path}", publishing_pages.report, STAFF),
    Route("GET", "/c/{competition}", staff_page.competition_page, SIGNED_IN),
    Route("GET", "/c/{competition}/board", leaderboard.board, SIGNED_IN),
    Route("GET", "/c/{competition}/file/{name:path}", entry_pages.public_file, SIGNED_IN),
    Route("POST", "/c/{competition}/enter", entry_pages.enter, STUDENTS, takes="file"),
    Route("GET", "/c/{competition}/entry/{number:int}", entry_pages.entry_file, STUDENTS),
    Route("POST", "/c/{competition}/choose", entry_pages.choose, STUDENTS),
    Route("POST", "/c/{competition}/name", entry_pages.rename, STUDENTS),
    Route("POST", "/c/{competition}/rename", staff_page.rename, STAFF),
    Route("POST", "/c/{competition}/marks", staff_page.write_marks, INSTRUCTORS),
    Route("GET", "/tokens", token_pages.tokens, SIGNED_IN),
    Route("POST", "/tokens", token_pages.make, SIGNED_IN),
    Route("POST", "/tokens/{token:int}/revoke", token_pages.revoke, SIGNED_IN),
    Route("GET", "/api", openapi.help_page, SIGNED_IN),
    Route("GET", "/api/openapi.json", openapi.document, NOBODY_YET),
)
API: tuple[Route, ...] = (  # by token alone: what a browser sends along opens nothing here
    Route("GET", "/api/me", api.me, SIGNED_IN, scope="read"),
    Route("GET", "/api/assignments", api.assignments, STUDENTS, scope="read"),
    Route("GET", "/api/assignments/{assignment}/state", api.state, STUDENTS, scope="read"),
    Route("GET", "/api/assignments/{assignment}/result", api.result, STUDENTS, scope="read"),
    Route("GET", "/api/receipts/{number:int}", api.receipt, STUDENTS, scope="read"),
    Route("POST", "/api/assignments/{assignment}/uploads", api.upload, STUDENTS, takes="file", scope="hand in"),
    Route("POST", "/api/assignments/{assignment}/uploads/{draft}", api.hand_in, STUDENTS, scope="hand in"),
    Route("GET", "/api/competitions/{competition}", entry_api.own, STUDENTS, scope="read"),
    Route(
        "POST",
        "/api/competitions/{competition}/entries",
        entry_api.enter,
        STUDENTS,
        takes="file",
        scope="hand in",
    ),
    Route("GET", "/api/staff/assignments/{assignment}/students", api.students, STAFF, scope="staff"),
    Route("GET", "/api/staff/requests", api.requests, STAFF, scope="staff"),
)
