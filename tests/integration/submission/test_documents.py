"""Documents: what is taken, how it is kept and named, who reads it, when its file goes."""

import asyncio
import hashlib
import os
import socket
import tracemalloc
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from services.submission.files import ALLOWED, MAX_SIZE
from services.submission.sweep import sweep
from tests import builders
from tests.integration.submission.conftest import Headers, Signer, Submission, wrong_fields
from tests.integration.submission.reviews import changes_requested, closed, opened
from tests.unit.submission.samples import BAD, GOOD, pdf


def unique_pdf() -> bytes:
    return pdf(str(uuid4()))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def send(
    submission: Submission, who: Headers, project: str, content: bytes, name: str = "x.pdf", **data: Any
) -> httpx.Response:
    headers = data.pop("headers", {})
    return await submission.http.post(
        f"/projects/{project}/documents", files={"file": (name, content)}, data=data, headers=who | headers
    )


async def attached(submission: Submission, who: Headers, project: str, content: bytes, **data: Any) -> dict[str, Any]:
    answer = await send(submission, who, project, content, **data)
    assert answer.status_code == 201, answer.text
    return answer.json()


# -- what is taken -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALLOWED)
async def test_each_type_is_known_by_its_content(submission: Submission, agent: Headers, kind: str) -> None:
    draft = await submission.draft(agent)
    answer = await send(submission, agent, draft["id"], GOOD[kind], "misleading.exe", title="Plan", language="pt")
    document = answer.json()
    assert answer.status_code == 201, answer.text
    assert document == {
        "title": "Plan",
        "language": "pt",
        "id": document["id"],
        "media_type": ALLOWED[kind],
        "size": len(GOOD[kind]),
        "sha256": sha(GOOD[kind]),
    }
    assert answer.headers["etag"] == '"2"'
    assert answer.headers["location"] == f"/projects/{draft['id']}/documents/{document['id']}"
    seen = await submission.http.get(f"/projects/{draft['id']}", headers=agent)
    assert seen.json()["project"]["documents"][-1] == document
    assert seen.headers["etag"] == '"2"'
    assert (submission.folder / document["sha256"][:2] / document["sha256"]).read_bytes() == GOOD[kind]


@pytest.mark.parametrize("name", BAD)
async def test_nothing_else_is_taken(submission: Submission, agent: Headers, name: str) -> None:
    draft = await submission.draft(agent)
    answer = await send(submission, agent, draft["id"], BAD[name], "plan.pdf")
    assert wrong_fields(answer, 415) == ["file"]
    assert "DOCX" in answer.json()["errors"][0]["detail"]
    assert sha(BAD[name]) not in submission.files()
    assert await submission.get(agent, draft["id"]) == draft


async def test_an_empty_file_is_refused(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(agent)
    assert wrong_fields(await send(submission, agent, draft["id"], b"")) == ["file"]


async def test_every_wrong_part_is_named(submission: Submission, agent: Headers) -> None:
    path = f"/projects/{(await submission.draft(agent))['id']}/documents"
    answer = await submission.http.post(
        path,
        files={"other": ("x.pdf", pdf())},
        data={"title": "a\r\nb", "language": "french", "id": "1"},
        headers=agent,
    )
    assert set(wrong_fields(answer)) == {"file", "title", "language", "id", "other"}
    twice = await submission.http.post(
        path, files=[("file", ("x.pdf", pdf())), ("file", ("y.pdf", pdf()))], headers=agent
    )
    assert wrong_fields(twice) == ["file"]
    as_text = await submission.http.post(path, files={"title": (None, "x"), "file": (None, "text")}, headers=agent)
    assert wrong_fields(as_text) == ["file"]
    title_as_file = await submission.http.post(
        path, files={"title": ("t.txt", b"x"), "file": ("x.pdf", pdf())}, headers=agent
    )
    assert wrong_fields(title_as_file) == ["title"]
    long = await send(submission, agent, path.split("/")[2], pdf(), title="x" * 201)
    assert wrong_fields(long) == ["title"]


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"'
NO_FORM: dict[str, tuple[bytes, str, int]] = {
    "the file alone": (pdf(), "application/pdf", 415),
    "JSON": (b"{}", "application/json", 415),
    "no boundary": (b"", "multipart/form-data", 400),
    "no parts": (b"no boundary in here", FORM, 400),
    "cut off": (PART % b"file" + b'; filename="x.pdf"\r\n\r\n%PDF-', FORM, 422),
    "a part without a name": (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", FORM, 400),
    "an endless header": (b"--b\r\n" + b"X" * 100_000, FORM, 400),
    "many parts": (b"".join(PART % b"x" + b"\r\n\r\nx\r\n" for _ in range(30)) + b"--b--\r\n", FORM, 400),
    "a long field": (PART % b"title" + b"\r\n\r\n" + b"x" * 5_000 + b"\r\n--b--\r\n", FORM, 400),
}


@pytest.mark.parametrize("name", NO_FORM)
async def test_a_form_that_is_none(submission: Submission, agent: Headers, name: str) -> None:
    content, content_type, status = NO_FORM[name]
    path = f"/projects/{(await submission.draft(agent))['id']}/documents"
    answer = await submission.http.post(path, content=content, headers=agent | {"Content-Type": content_type})
    wrong_fields(answer, status)


# -- size --------------------------------------------------------------------------------------------------------------


def _large(size: int) -> bytes:
    return b"%PDF-1.7\n" + os.urandom(size - 9)


async def test_20_mb_and_not_a_byte_more(submission: Submission, agent: Headers) -> None:
    project = (await submission.draft(agent))["id"]
    fits = await send(submission, agent, project, _large(MAX_SIZE), title="fits")
    assert (fits.status_code, fits.json()["size"]) == (201, 20 * 1024 * 1024)
    assert wrong_fields(await send(submission, agent, project, _large(MAX_SIZE + 1), title="over"), 413) == ["file"]


async def test_what_says_that_it_is_too_large_is_refused_unread(submission: Submission, agent: Headers) -> None:
    project = (await submission.draft(agent))["id"]
    where = urlsplit(submission.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        f"POST /projects/{project}/documents HTTP/1.1\r\nHost: x\r\nAuthorization: {agent['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999999999\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_stream_without_a_length_is_cut_off_at_the_limit(submission: Submission, agent: Headers) -> None:
    project = (await submission.draft(agent))["id"]
    sent = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n%PDF-1.7\n'
        while sent < 4 * MAX_SIZE:
            sent += 65_536
            yield bytes(65_536)

    before = submission.files()
    tracemalloc.start()
    answer = await submission.http.post(
        f"/projects/{project}/documents",
        content=endless(),
        headers=agent | {"Content-Type": "multipart/form-data; boundary=b"},
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert wrong_fields(answer, 413) == ["file"]
    assert peak < 10_000_000, "the file was held in memory"
    assert submission.files() == before


async def test_a_connection_that_breaks_off_leaves_nothing(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(agent)
    where = urlsplit(submission.url)
    before = submission.files()
    with socket.create_connection((where.hostname or "", where.port or 0)) as connection:
        connection.sendall(
            f"POST /projects/{draft['id']}/documents HTTP/1.1\r\nHost: x\r\nAuthorization: {agent['Authorization']}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n--b\r\n"
            'Content-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n%PDF-1.7'.encode()
        )
        await asyncio.sleep(0.2)
    await asyncio.sleep(0.2)
    assert submission.files() == before
    assert await submission.get(agent, draft["id"]) == draft


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x", "..\\..\\x.pdf", "/abs.pdf", "a%00.pdf", "x" * 900, "\u202efdp.exe"]
)
async def test_a_file_name_is_never_a_path(submission: Submission, agent: Headers, name: str) -> None:
    project, content = (await submission.draft(agent))["id"], unique_pdf()
    document = await attached(submission, agent, project, content, name=name)
    assert len(document["title"]) <= 100
    assert not set(document["title"]) & set("/\\\u202e")
    found = [path.relative_to(submission.folder).parts for path in submission.folder.rglob(sha(content))]
    assert found == [(sha(content)[:2], sha(content))]
    back = await submission.http.get(f"/projects/{project}/documents/{document['id']}", headers=agent)
    assert back.headers["content-disposition"].startswith("attachment; ")
    assert not set(back.headers["content-disposition"]) & set("/\\\u202e")


async def test_a_document_comes_back_as_a_download(submission: Submission, agent: Headers) -> None:
    project, content = (await submission.draft(agent))["id"], _large(3_000_000)
    document = await attached(submission, agent, project, content, name="Étude.pdf")
    assert document["title"] == "Étude"
    assert document["language"] == "fr"  # the sheet's
    back = await submission.http.get(f"/projects/{project}/documents/{document['id']}", headers=agent)
    assert back.content == content
    assert back.headers["content-type"] == "application/pdf"
    assert back.headers["content-disposition"] == "attachment; filename=\"_tude.pdf\"; filename*=UTF-8''%C3%89tude.pdf"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert back.headers["content-security-policy"] == "sandbox"
    assert back.headers["content-length"] == str(len(content))


# -- in the sheet ------------------------------------------------------------------------------------------------------


async def test_an_announced_document_is_then_there(submission: Submission, agent: Headers) -> None:
    record = builders.record(documents=[{"title": "Plan"}, {"title": "Étude de faisabilité", "language": "en"}])
    project = (await submission.draft(agent, record))["id"]
    document = await attached(submission, agent, project, pdf(), title="étude de  faisabilité")
    assert (document["title"], document["language"]) == ("Étude de faisabilité", "en")
    assert (await submission.get(agent, project))["project"]["documents"] == [{"title": "Plan"}, document]
    again = await attached(submission, agent, project, pdf(), title="Étude de faisabilité")
    assert (await submission.get(agent, project))["project"]["documents"] == [{"title": "Plan"}, document, again]


async def test_at_most_ten_documents(submission: Submission, agent: Headers) -> None:
    announced = [{"title": f"Annexe {n}"} for n in range(10)]
    project = (await submission.draft(agent, builders.record(documents=announced)))["id"]
    assert wrong_fields(await send(submission, agent, project, pdf(), title="de trop")) == ["project.documents"]
    assert (await send(submission, agent, project, pdf(), title="Annexe 3")).status_code == 201


async def test_ten_at_once_keep_to_the_limit(submission: Submission, agent: Headers) -> None:
    project = (await submission.draft(agent, builders.record(documents=[])))["id"]
    answers = await asyncio.gather(*(send(submission, agent, project, unique_pdf(), title=f"D{n}") for n in range(14)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [422] * 4
    assert len((await submission.get(agent, project))["project"]["documents"]) == 10


async def test_documents_are_reordered_and_retitled_by_a_patch(submission: Submission, agent: Headers) -> None:
    project = (await submission.draft(agent, builders.record(documents=[])))["id"]
    one = await attached(submission, agent, project, unique_pdf(), title="Un")
    two = await attached(submission, agent, project, unique_pdf(), title="Deux")
    listed = [
        {"title": "Annoncé"},
        {"id": two["id"], "title": "Deux bis", "sha256": "f" * 64, "media_type": "text/html", "size": 1},
        {"id": one["id"], "title": "Un", "language": "en"},
    ]
    patched = await submission.http.patch(
        f"/projects/{project}", json={"project": {"documents": listed}}, headers=agent
    )
    assert patched.json()["project"]["documents"] == [
        {"title": "Annoncé"},
        {name: value for name, value in two.items() if name != "language"} | {"title": "Deux bis"},
        {**one, "language": "en"},
    ]


async def test_what_a_patch_drops_is_gone(submission: Submission, agent: Headers) -> None:
    project, content = (await submission.draft(agent, builders.record(documents=[])))["id"], unique_pdf()
    document = await attached(submission, agent, project, content)
    await submission.http.patch(f"/projects/{project}", json={"project": {"documents": []}}, headers=agent)
    assert sha(content) not in submission.files()
    gone = await submission.http.get(f"/projects/{project}/documents/{document['id']}", headers=agent)
    assert gone.status_code == 404
    back = await submission.http.patch(
        f"/projects/{project}", json={"project": {"documents": [document]}}, headers=agent
    )
    assert wrong_fields(back) == ["project.documents.0.id"]


async def test_a_document_of_another_project_cannot_be_named(submission: Submission, agent: Headers) -> None:
    other = (await submission.draft(agent))["id"]
    document = await attached(submission, agent, other, unique_pdf())
    mine = (await submission.draft(agent))["id"]
    answer = await submission.http.patch(
        f"/projects/{mine}", json={"project": {"documents": [document]}}, headers=agent
    )
    assert wrong_fields(answer) == ["project.documents.0.id"]
    crossed = await submission.http.get(f"/projects/{mine}/documents/{document['id']}", headers=agent)
    assert crossed.status_code == 404


async def test_a_document_is_taken_out(submission: Submission, agent: Headers) -> None:
    project, content = (await submission.draft(agent, builders.record(documents=[])))["id"], unique_pdf()
    path = f"/projects/{project}/documents/{(await attached(submission, agent, project, content))['id']}"
    stale = await submission.http.delete(path, headers=agent | {"If-Match": '"1"'})
    assert stale.status_code == 412
    removed = await submission.http.delete(path, headers=agent | {"If-Match": '"2"'})
    assert (removed.status_code, removed.headers["etag"]) == (204, '"3"')
    assert (await submission.get(agent, project))["project"]["documents"] == []
    assert sha(content) not in submission.files()
    assert (await submission.http.delete(path, headers=agent)).status_code == 404


async def test_a_file_that_another_project_names_stays(submission: Submission, agent: Headers) -> None:
    content = unique_pdf()
    one, two = [(await submission.draft(agent, builders.record(documents=[])))["id"] for _ in range(2)]
    await attached(submission, agent, one, content)
    document = await attached(submission, agent, two, content)
    assert (await submission.http.delete(f"/projects/{one}", headers=agent)).status_code == 204
    back = await submission.http.get(f"/projects/{two}/documents/{document['id']}", headers=agent)
    assert back.content == content
    assert (await submission.http.delete(f"/projects/{two}", headers=agent)).status_code == 204
    assert sha(content) not in submission.files()


async def test_a_key_deposits_a_document_once(submission: Submission, agent: Headers) -> None:
    project, content = (await submission.draft(agent, builders.record(documents=[])))["id"], unique_pdf()
    key = {"Idempotency-Key": str(uuid4())}
    first = await send(submission, agent, project, content, headers=key)
    again = await send(submission, agent, project, content, headers=key)
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201,
        first.json(),
        first.headers["location"],
    )
    assert len((await submission.get(agent, project))["project"]["documents"]) == 1
    assert (await send(submission, agent, project, unique_pdf(), headers=key)).status_code == 409


# -- once submitted ----------------------------------------------------------------------------------------------------


async def test_documents_stay_as_submitted(submission: Submission, agent: Headers) -> None:
    project, content = (await submission.draft(agent, builders.record(documents=[])))["id"], unique_pdf()
    document = await attached(submission, agent, project, content)
    await submission.submit(agent, project)
    (event,) = await submission.events(project)
    assert event.model_dump(mode="json")["record"]["project"]["documents"] == [document]
    path = f"/projects/{project}/documents"
    assert wrong_fields(await send(submission, agent, project, pdf()), 409) == []
    assert (await submission.http.delete(f"{path}/{document['id']}", headers=agent)).status_code == 409
    # dropped from the next revision, it is still that of the revision under review
    await submission.hear(opened(project, 1), changes_requested(project, 2))
    assert (await submission.http.delete(f"{path}/{document['id']}", headers=agent)).status_code == 204
    assert (await submission.get(agent, project))["project"]["documents"] == []
    assert (await submission.http.get(f"{path}/{document['id']}", headers=agent)).content == content
    # and may come back
    back = await submission.http.patch(
        f"/projects/{project}", json={"project": {"documents": [document]}}, headers=agent
    )
    assert back.json()["project"]["documents"] == [document]


async def test_a_published_sheet_gets_a_document_for_its_next_revision(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.hear(closed(project, 1, "published"))
    document = await attached(submission, agent, project, pdf())
    submitted = await submission.submit(agent, project)
    assert (submitted["revision"], submitted["project"]["documents"][-1]) == (2, document)


async def test_those_who_review_read_what_was_submitted(submission: Submission, signer: Signer) -> None:
    who = signer.authority()
    project = (await submission.draft(who, builders.record(documents=[])))["id"]
    document = await attached(submission, who, project, unique_pdf())
    path = f"/projects/{project}/documents/{document['id']}"

    async def readers() -> set[str]:
        callers = {
            "owner": who,
            "post": signer.agent(),
            "other post": signer.agent("ML", post="bamako"),
            "daect": signer.bearer("daect"),
            "other authority": signer.authority("sn-thies"),
        }
        answers = {name: await submission.http.get(path, headers=caller) for name, caller in callers.items()}
        assert {answer.status_code for answer in answers.values()} <= {200, 404}
        return {name for name, answer in answers.items() if answer.status_code == 200}

    assert await readers() == {"owner"}
    await submission.submit(who, project)
    assert await readers() == {"owner", "post", "daect"}


async def test_the_documents_of_an_offer_are_for_the_daect_to_review(submission: Submission, signer: Signer) -> None:
    record = builders.record(documents=[], kind="offer", countries_sought=["SN"])
    who = signer.authority("fr-essai")
    project = (await submission.draft(who, record))["id"]
    path = f"/projects/{project}/documents/{(await attached(submission, who, project, unique_pdf()))['id']}"
    await submission.submit(who, project)
    assert (await submission.http.get(path, headers=signer.agent())).status_code == 404
    assert (await submission.http.get(path, headers=signer.bearer("daect"))).status_code == 200


# -- the sweep ---------------------------------------------------------------------------------------------------------


def _age(submission: Submission, sha256: str, hours: float) -> None:
    path = submission.folder / sha256[:2] / sha256
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))


async def test_files_that_nothing_names_are_swept_after_a_day(submission: Submission, agent: Headers) -> None:
    project, named = (await submission.draft(agent))["id"], unique_pdf()
    await attached(submission, agent, project, named)
    old, young = unique_pdf(), unique_pdf()
    for content in (old, young):
        (submission.folder / sha(content)[:2]).mkdir(exist_ok=True)
        (submission.folder / sha(content)[:2] / sha(content)).write_bytes(content)
    _age(submission, sha(old), 25)
    _age(submission, sha(young), 23)
    _age(submission, sha(named), 48)
    assert await sweep(submission.database, submission.store) == 1
    assert {sha(named), sha(young)} <= submission.files()
    assert sha(old) not in submission.files()
    assert await sweep(submission.database, submission.store, timedelta(hours=22)) == 1


async def test_a_file_that_is_swept_while_it_is_deposited_is_put_again(submission: Submission, agent: Headers) -> None:
    # many times over: the same content deposited, dropped and swept, all at once
    content = unique_pdf()
    projects = [(await submission.draft(agent, builders.record(documents=[])))["id"] for _ in range(6)]

    async def deposit_and_drop(project: str) -> None:
        for _ in range(5):
            document = await attached(submission, agent, project, content)
            back = await submission.http.get(f"/projects/{project}/documents/{document['id']}", headers=agent)
            assert back.content == content
            path = f"/projects/{project}/documents/{document['id']}"
            assert (await submission.http.delete(path, headers=agent)).status_code == 204

    async def keep_sweeping() -> None:
        while True:
            await sweep(submission.database, submission.store, timedelta(seconds=-5))

    sweeping = asyncio.create_task(keep_sweeping())
    await asyncio.gather(*(deposit_and_drop(project) for project in projects))
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    assert sha(content) not in submission.files()
