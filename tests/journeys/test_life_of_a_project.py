"""The main job, from the account to the sheet that is gone: over HTTP and e-mail only, on the embedded engines."""

from uuid import uuid4

import pytest
from fpdf import FPDF

from tests.builders import record
from tests.journeys.conftest import Stack, link_in, text_of, until

AGENT, DAECT = "agent-sn@example.org", "daect@example.org"
POST = "scac-dakar@example.org"


@pytest.fixture(scope="module")
def author(stack: Stack) -> str:
    """A town that registers, confirms its address by the link in the mail and logs in."""
    address, password = f"mairie-{uuid4().hex[:8]}@example.org", "un mot de passe assez long"
    authority = {key: value for key, value in record()["authority"].items() if key != "ref"}
    authority["name"] = f"Ville de {address[7:15].capitalize()}"
    body = {"email": address, "password": password, "name": "Awa Ndiaye", "authority": authority}
    assert stack.call("accounts", "POST", "/accounts", json=body).status_code == 201
    (mail,) = until(lambda: stack.mails(address), lambda mails: len(mails) == 1)
    token = link_in(mail, r"/verify\?token=(\S+)")[1]
    confirmed = stack.call("accounts", "POST", "/accounts/verify", json={"token": token})
    assert confirmed.status_code in (200, 204), confirmed.text
    stack.token(address, password)
    return address


def pdf(text: str) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.cell(text=text)
    return bytes(document.output())


def test_a_project_from_draft_to_gone(stack: Stack, author: str) -> None:
    title = f"Assainir le marché de Thiaroye {uuid4().hex[:8]}"

    # a draft may lack anything; what is submitted may not
    drafted = stack.call("submission", "POST", "/projects", author, json={"project": {"title": title}})
    assert drafted.status_code == 201, drafted.text
    project, etag = drafted.json()["id"], drafted.headers["etag"]
    refused = stack.call("submission", "POST", f"/projects/{project}/submit", author)
    assert refused.status_code == 422
    missing = {error["field"] for error in refused.json()["errors"]}
    assert {"project.summary", "project.themes", "project.location", "project.period"} <= missing

    # a merge patch completes it; a stale one is refused
    patch = {"project": {key: value for key, value in record()["project"].items() if key not in ("title", "documents")}}
    merge = {"Content-Type": "application/merge-patch+json"}
    patched = stack.call(
        "submission", "PATCH", f"/projects/{project}", author, json=patch, headers={**merge, "If-Match": etag}
    )
    assert patched.status_code == 200, patched.text
    stale = stack.call(
        "submission", "PATCH", f"/projects/{project}", author, json=patch, headers={**merge, "If-Match": etag}
    )
    assert stale.status_code == 412

    # a document
    content = pdf("Etude de faisabilite")
    deposited = stack.call(
        "submission",
        "POST",
        f"/projects/{project}/documents",
        author,
        files={"file": ("../../etude.pdf", content, "text/html")},
        data={"title": "Étude de faisabilité", "language": "fr"},
    )
    assert deposited.status_code == 201, deposited.text
    document = deposited.json()
    assert document["media_type"] == "application/pdf"
    assert document["size"] == len(content)

    submitted = stack.call("submission", "POST", f"/projects/{project}/submit", author)
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["state"] == "submitted"
    assert submitted.json()["revision"] == 1

    # the post, the DAECT and the author hear of it, each with a way to answer the other
    for address in (POST, DAECT, author):
        (mail,) = until(lambda to=address: stack.mails(to, about=title), lambda mails: len(mails) == 1)
        assert "marché" in text_of(mail).lower()
        assert mail.get_body(("html",)) is not None
    assert author in stack.mails(POST, about=title)[0]["reply-to"]
    assert POST in stack.mails(author, about=title)[0]["reply-to"]

    # the agent of the post sees it in the queue; another post's does not
    queue = stack.call("moderation", "GET", "/reviews?state=in_review&size=100", AGENT).json()["items"]
    assert project in [review["project"] for review in queue]
    assert stack.call("moderation", "GET", f"/reviews/{project}", "agent-pe@example.org").status_code == 404
    assert stack.call("moderation", "GET", f"/reviews/{project}", author).status_code == 403
    assert stack.call("moderation", "GET", f"/reviews/{project}").status_code == 401

    # nothing of it is public yet
    assert stack.call("catalog", "GET", f"/projects/{project}").status_code == 404
    assert stack.call("catalog", "GET", f"/documents/{document['id']}").status_code == 404

    # changes requested: the author reads why, and submits again
    reason = "Précisez le calendrier et le budget."
    asked = stack.call(
        "moderation",
        "POST",
        f"/reviews/{project}/request-changes",
        AGENT,
        json={"reason": reason, "fields": ["project.budget"]},
    )
    assert asked.status_code == 200, asked.text
    mails = until(lambda: stack.mails(author, about=title), lambda mails: len(mails) == 2)
    assert reason in text_of(mails[1])

    def mine() -> str:
        return stack.call("submission", "GET", f"/projects/{project}", author).json()["state"]

    assert until(mine, lambda state: state == "changes_requested") == "changes_requested"
    answer = stack.call(
        "submission",
        "PATCH",
        f"/projects/{project}",
        author,
        json={"project": {"budget": {"total": 250000, "secured": 60000, "currency": "EUR"}}},
        headers=merge,
    )
    assert answer.status_code == 200, answer.text
    again = stack.call("submission", "POST", f"/projects/{project}/submit", author)
    assert (again.status_code, again.json()["revision"]) == (200, 2)

    def under_review() -> tuple[int, str]:
        review = stack.call("moderation", "GET", f"/reviews/{project}", AGENT).json()
        return review["revision"], review["state"]

    assert until(under_review, lambda seen: seen == (2, "in_review")) == (2, "in_review")
    published = stack.call("moderation", "POST", f"/reviews/{project}/publish", AGENT, json={})
    assert published.status_code == 200, published.text

    # the sheet is in the catalogue, with what is public of it
    sheet = until(lambda: stack.call("catalog", "GET", f"/projects/{project}"), lambda seen: seen.status_code == 200)
    assert sheet.status_code == 200, sheet.text
    assert sheet.json()["budget"]["total"] == 250000
    assert sheet.json()["authority"]["contact"]["email"] == "cooperation@pikine.example.org"
    assert sheet.json()["post"]["code"] == "dakar"
    file = stack.call("catalog", "GET", f"/documents/{document['id']}")
    assert file.content == content
    assert file.headers["content-disposition"].startswith("attachment")

    # and is found
    def found(**filters: str) -> list[str]:
        seen = stack.call("search", "GET", "/projects", params={"size": "100", **filters}).json()
        return [item["id"] for item in seen["items"]]

    assert project in until(lambda: found(q=title), lambda ids: project in ids)
    assert project in found(continent="africa", country="SN", theme="water-sanitation", kind="demand", language="fr")
    assert project not in found(country="PE")
    facets = stack.call("search", "GET", "/projects", params={"country": "SN"}).json()["facets"]
    assert [entry["value"] for entry in facets["country"] if entry["selected"]] == ["SN"]
    told = until(lambda: stack.mails(author, about=title), lambda mails: len(mails) == 4)
    assert f"/projects/{project}" in text_of(told[-1])

    # unpublished: gone from the catalogue, its document and the search
    gone = stack.call("moderation", "POST", f"/reviews/{project}/unpublish", AGENT, json={"reason": "Fin de l’essai."})
    assert gone.status_code == 200, gone.text
    assert (
        until(lambda: stack.call("catalog", "GET", f"/projects/{project}").status_code, lambda status: status == 410)
        == 410
    )
    assert stack.call("catalog", "GET", f"/documents/{document['id']}").status_code in (404, 410)
    assert project not in until(lambda: found(q=title), lambda ids: project not in ids)
    assert until(mine, lambda state: state == "unpublished") == "unpublished"


def test_a_contact_not_marked_public_stays_private(stack: Stack) -> None:
    private = record(authority={"ref": "sn-discrete", "name": "Commune discrète"})
    private["authority"]["contact"]["public"] = False
    made = stack.call("submission", "POST", "/projects", AGENT, json=private)
    assert made.status_code == 201, made.text
    project = made.json()["id"]
    assert stack.call("submission", "POST", f"/projects/{project}/submit", AGENT).status_code == 200
    until(lambda: stack.call("moderation", "GET", f"/reviews/{project}", AGENT).status_code, lambda code: code == 200)
    assert stack.call("moderation", "POST", f"/reviews/{project}/publish", AGENT).status_code == 200
    sheet = until(lambda: stack.call("catalog", "GET", f"/projects/{project}"), lambda seen: seen.status_code == 200)
    secret = private["authority"]["contact"]["email"]
    assert secret not in sheet.text
    item = until(
        lambda: stack.call("search", "GET", "/projects", params={"size": "100"}), lambda seen: project in seen.text
    )
    assert project in item.text
    assert secret not in item.text
    for export in ("/export.csv", "/export.jsonl", "/export.geojson"):
        assert secret not in stack.call("catalog", "GET", export).text


def test_a_withdrawn_sheet_leaves_the_queue_and_the_public(stack: Stack) -> None:
    made = stack.call("submission", "POST", "/projects", AGENT, json=record())
    project = made.json()["id"]
    assert stack.call("submission", "POST", f"/projects/{project}/submit", AGENT).status_code == 200
    until(lambda: stack.call("moderation", "GET", f"/reviews/{project}", AGENT).status_code, lambda code: code == 200)
    assert stack.call("moderation", "POST", f"/reviews/{project}/publish", AGENT).status_code == 200
    until(lambda: stack.call("catalog", "GET", f"/projects/{project}").status_code, lambda code: code == 200)
    assert stack.call("submission", "POST", f"/projects/{project}/withdraw", AGENT).status_code == 200
    assert (
        until(lambda: stack.call("catalog", "GET", f"/projects/{project}").status_code, lambda code: code == 410) == 410
    )
    review = until(
        lambda: stack.call("moderation", "GET", f"/reviews/{project}", AGENT).json(),
        lambda seen: seen["state"] == "withdrawn",
    )
    assert review["state"] == "withdrawn"


def test_an_offer_is_reviewed_by_the_daect(stack: Stack) -> None:
    offer = record(
        authority={"ref": "fr-demonstration", "name": "Ville française", "country": "FR"},
        kind="offer",
        countries_sought=["BJ", "TG"],
    )
    made = stack.call("submission", "POST", "/projects", DAECT, json=offer)
    assert made.status_code == 201, made.text
    project = made.json()["id"]
    assert stack.call("submission", "POST", f"/projects/{project}/submit", DAECT).status_code == 200
    review = until(
        lambda: stack.call("moderation", "GET", f"/reviews/{project}", DAECT), lambda seen: seen.status_code == 200
    )
    assert review.json()["post"] == "daect"
    assert stack.call("moderation", "GET", f"/reviews/{project}", "agent-bj@example.org").status_code == 404
    assert stack.call("moderation", "POST", f"/reviews/{project}/publish", DAECT).status_code == 200
    sheet = until(lambda: stack.call("catalog", "GET", f"/projects/{project}"), lambda seen: seen.status_code == 200)
    assert sheet.json()["countries"] == ["BJ", "TG"]


def test_one_trace_follows_a_publication_from_the_request_to_the_index(stack: Stack) -> None:
    made = stack.call("submission", "POST", "/projects", AGENT, json=record())
    project = made.json()["id"]
    assert stack.call("submission", "POST", f"/projects/{project}/submit", AGENT).status_code == 200
    until(lambda: stack.call("moderation", "GET", f"/reviews/{project}", AGENT).status_code, lambda code: code == 200)
    trace = uuid4().hex
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert stack.call("moderation", "POST", f"/reviews/{project}/publish", AGENT, headers=parent).status_code == 200
    until(lambda: stack.call("catalog", "GET", f"/projects/{project}").status_code, lambda code: code == 200)
    logs = stack.data / "logs"
    for service in ("moderation", "catalog", "search", "notifier"):
        log = logs / f"{service}.log"
        assert until(lambda log=log: trace in log.read_text(errors="replace"), bool), service
