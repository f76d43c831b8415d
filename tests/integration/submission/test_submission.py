"""Submission and withdrawal: what is checked, what is emitted, what each state allows."""

import asyncio
from typing import Any

import pytest

from backbone.contracts.events import ProjectRevised, ProjectSubmitted, ProjectWithdrawn
from backbone.contracts.sheet import Record
from tests import builders
from tests.integration.submission.conftest import Headers, Signer, Submission, wrong_fields
from tests.integration.submission.reviews import changes_requested, closed, opened, rejected


async def test_a_submitted_project_is_told_to_the_others(submission: Submission, signer: Signer) -> None:
    who = signer.agent(sub="agent-1", name="Agente", email="agent-sn@example.org", lang="en", demo=True)
    draft = await submission.draft(who)
    answer = await submission.http.post(f"/projects/{draft['id']}/submit", headers=who | {"If-Match": '"1"'})
    body = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (body["id"], body["revision"], body["state"]) == (draft["id"], 1, "submitted")
    (event,) = await submission.events(draft["id"])
    assert isinstance(event, ProjectSubmitted)
    assert (event.version, event.revision, event.on_behalf, event.demonstration) == (1, 1, True, True)
    assert event.record == Record.model_validate(builders.record())
    assert event.author.model_dump() == {
        "account": "agent-1",
        "email": "agent-sn@example.org",
        "name": "Agente",
        "language": "en",
    }


async def test_an_authority_submits_for_itself(submission: Submission, authority: Headers) -> None:
    submitted = await submission.submitted(authority)
    (event,) = await submission.events(submitted["id"])
    assert isinstance(event, ProjectSubmitted)
    assert (event.on_behalf, event.demonstration) == (False, False)


async def test_what_an_account_says_of_its_authority_now_is_submitted(submission: Submission, signer: Signer) -> None:
    draft = await submission.draft(signer.authority())
    corrected = builders.record({"name": "Commune de Pikine"})["authority"]
    submitted = await submission.submit(signer.bearer("authority", authority=corrected), draft["id"])
    assert submitted["authority"]["name"] == "Commune de Pikine"
    (event,) = await submission.events(draft["id"])
    assert isinstance(event, ProjectSubmitted)
    assert event.record.authority.name == "Commune de Pikine"


async def test_all_that_is_missing_or_wrong_is_named_at_once(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(
        agent,
        {"authority": {"country": "SN", "contact": {"name": "A"}}, "project": {"kind": "demand", "title": " "}},
    )
    answer = await submission.http.post(f"/projects/{draft['id']}/submit", headers=agent)
    assert set(wrong_fields(answer)) == {
        "authority.name",
        "authority.type",
        "authority.contact.email",
        "project.language",
        "project.title",
        "project.summary",
        "project.objectives",
        "project.description",
        "project.partner_sought",
        "project.expected_results",
        "project.themes",
        "project.period",
        "project.location",
    }
    assert (await submission.get(agent, draft["id"]))["state"] == "draft"
    assert await submission.events(draft["id"]) == []


async def test_two_submissions_at_once_make_one_revision(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(agent)
    answers = await asyncio.gather(
        *(submission.http.post(f"/projects/{draft['id']}/submit", headers=agent) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert (await submission.get(agent, draft["id"]))["revision"] == 1
    assert len(await submission.events(draft["id"])) == 1


async def test_a_key_used_twice_at_once_deposits_once(submission: Submission, agent: Headers) -> None:
    answers = await asyncio.gather(
        *(
            submission.http.post("/projects", json=builders.record(), headers=agent | {"Idempotency-Key": "at once"})
            for _ in range(8)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_new_revision_after_changes_were_requested(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.hear(opened(project, 1), changes_requested(project, 2))
    patched = await submission.http.patch(
        f"/projects/{project}", json={"project": {"title": "Titre précisé"}}, headers=agent
    )
    assert (patched.status_code, patched.json()["state"]) == (200, "changes_requested")
    submitted = await submission.submit(agent, project)
    assert (submitted["revision"], submitted["state"], submitted["review"]) == (2, "submitted", None)
    first, second = await submission.events(project)
    assert isinstance(first, ProjectSubmitted)
    assert isinstance(second, ProjectRevised)
    assert (second.version, second.revision, second.record.project.title) == (2, 2, "Titre précisé")


async def test_a_new_revision_of_a_published_sheet(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.hear(opened(project, 1), closed(project, 2, "published"))
    unchanged = await submission.http.post(f"/projects/{project}/submit", headers=agent)
    assert (unchanged.status_code, unchanged.json()["code"]) == (409, "unchanged")
    patched = await submission.http.patch(f"/projects/{project}", json={"project": {"title": "Deux"}}, headers=agent)
    assert patched.json()["state"] == "published"
    submitted = await submission.submit(agent, project)
    assert (submitted["revision"], submitted["published_revision"]) == (2, 1)
    assert [type(event) for event in await submission.events(project)] == [ProjectSubmitted, ProjectRevised]


async def test_a_withdrawal_is_told_to_the_others(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    answer = await submission.http.post(f"/projects/{project}/withdraw", headers=agent)
    assert (answer.status_code, answer.json()["state"], answer.headers["etag"]) == (200, "withdrawn", '"3"')
    _, event = await submission.events(project)
    assert isinstance(event, ProjectWithdrawn)
    assert (event.version, event.revision, event.author.email) == (2, 1, "agent@example.org")


# state → (patch, delete, submit, withdraw)
ALLOWED: dict[str, tuple[int, int, int, int]] = {
    "draft": (200, 204, 200, 409),
    "submitted": (409, 409, 409, 200),
    "in_review": (409, 409, 409, 200),
    "changes_requested": (200, 409, 200, 200),
    "rejected": (409, 409, 409, 409),
    "published": (200, 409, 409, 200),  # to be submitted again, it must have changed
    "unpublished": (409, 409, 409, 409),
    "withdrawn": (409, 409, 409, 409),
    "rejected after a publication": (409, 409, 409, 200),
}


async def brought_to(submission: Submission, agent: Headers, state: str) -> str:
    project: str = (await submission.draft(agent))["id"]
    if state == "draft":
        return project
    await submission.submit(agent, project)
    match state:
        case "in_review":
            await submission.hear(opened(project, 1))
        case "changes_requested":
            await submission.hear(opened(project, 1), changes_requested(project, 2))
        case "rejected":
            await submission.hear(opened(project, 1), rejected(project, 2))
        case "published":
            await submission.hear(opened(project, 1), closed(project, 2, "published"))
        case "unpublished":
            await submission.hear(closed(project, 1, "published"), closed(project, 2, "unpublished"))
        case "withdrawn":
            await submission.http.post(f"/projects/{project}/withdraw", headers=agent)
        case "rejected after a publication":
            await submission.hear(closed(project, 1, "published"))
            await submission.http.patch(f"/projects/{project}", json={"project": {"title": "Deux"}}, headers=agent)
            await submission.submit(agent, project)
            await submission.hear(opened(project, 2, 2), rejected(project, 3, 2))
        case _:
            assert state == "submitted"
    return project


@pytest.mark.parametrize("state", ALLOWED)
@pytest.mark.parametrize("act", range(4), ids=["patch", "delete", "submit", "withdraw"])
async def test_what_each_state_allows(submission: Submission, agent: Headers, state: str, act: int) -> None:
    project = await brought_to(submission, agent, state)
    before = await submission.get(agent, project)
    assert before["state"] == state.split()[0]
    path = f"/projects/{project}"
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"project": {"title": "Autre titre"}}),
        ("DELETE", path, None),
        ("POST", f"{path}/submit", None),
        ("POST", f"{path}/withdraw", None),
    ]
    method, call, body = calls[act]
    answer = await submission.http.request(method, call, json=body, headers=agent)
    assert answer.status_code == ALLOWED[state][act], answer.text
    if answer.status_code == 409:
        assert answer.json()["detail"]
        assert answer.json()["state"] == before["state"]
        assert await submission.get(agent, project) == before


async def test_an_offer_belongs_to_the_countries_that_it_seeks(submission: Submission, signer: Signer) -> None:
    record = builders.record({"country": "FR", "ref": "fr-essai"}, kind="offer", countries_sought=["SN", "ML"])
    submitted = await submission.submitted(signer.bearer("daect"), record)
    (event,) = await submission.events(submitted["id"])
    assert isinstance(event, ProjectSubmitted)
    assert event.record.countries() == ["SN", "ML"]
