"""Drafts: what may be missing, what must be right, who sees them, how they change."""

from typing import Any
from uuid import uuid4

import pytest

from tests import builders
from tests.integration.submission.conftest import Headers, Signer, Submission, wrong_fields

PATCH = {"Content-Type": "application/merge-patch+json"}


# -- beginning ---------------------------------------------------------------------------------------------------------


async def test_an_agent_deposits_on_behalf_of_an_authority(submission: Submission, agent: Headers) -> None:
    record = builders.record()
    answer = await submission.http.post("/projects", json=record, headers=agent)
    body = answer.json()
    assert answer.status_code == 201
    assert (body["revision"], body["state"], body["review"]) == (0, "draft", None)
    assert (body["authority"], body["project"]) == (record["authority"], record["project"])
    assert answer.headers["location"] == f"/projects/{body['id']}"
    assert answer.headers["etag"] == '"1"'
    assert await submission.get(agent, body["id"]) == body


async def test_an_authority_deposits_under_its_own_name(submission: Submission, authority: Headers) -> None:
    body = await submission.draft(authority)
    assert body["authority"]["ref"] == "sn-pikine"
    assert body["authority"]["contact"]["email"] == "cooperation@pikine.example.org"


async def test_an_authority_cannot_deposit_under_another_name(submission: Submission, authority: Headers) -> None:
    answer = await submission.http.post("/projects", json=builders.record(), headers=authority)
    assert wrong_fields(answer) == ["authority"]


async def test_an_agent_names_the_authority(submission: Submission, agent: Headers) -> None:
    answer = await submission.http.post("/projects", json={"project": {"title": 1}}, headers=agent)
    assert wrong_fields(answer) == ["authority", "project.title"]


async def test_an_agent_deposits_for_the_countries_of_its_post_only(submission: Submission, signer: Signer) -> None:
    answer = await submission.http.post("/projects", json=builders.record(), headers=signer.agent("ML"))
    assert wrong_fields(answer, 403) == ["authority.country"]


async def test_the_daect_deposits_for_any_country(submission: Submission, signer: Signer) -> None:
    body = await submission.draft(signer.bearer("daect"))
    assert (await submission.get(signer.bearer("daect", sub="another"), body["id"]))["id"] == body["id"]


async def test_others_do_not_deposit(submission: Submission, signer: Signer) -> None:
    record = builders.record()
    assert wrong_fields(await submission.http.post("/projects", json=record, headers=signer.bearer("admin")), 403) == []
    assert wrong_fields(await submission.http.post("/projects", json=record), 401) == []
    answer = await submission.http.post("/projects", json=record, headers={"Authorization": "Bearer x.y.z"})
    assert wrong_fields(answer, 401) == []


@pytest.mark.parametrize(
    "project",
    [
        {},
        {"title": ""},
        {"title": "   ", "objectives": [], "themes": []},
        {"period": {}},
        {"location": {"name": ""}},
        {"documents": [{"language": "fr"}]},
        {"budget": None},
    ],
)
async def test_anything_may_be_missing_or_empty(
    submission: Submission, authority: Headers, project: dict[str, Any]
) -> None:
    answer = await submission.http.post("/projects", json={"project": project}, headers=authority)
    assert answer.status_code == 201, answer.text
    assert answer.json()["project"] == project


async def test_a_draft_may_begin_with_nothing_at_all(
    submission: Submission, agent: Headers, authority: Headers
) -> None:
    assert (await submission.http.post("/projects", json={}, headers=authority)).status_code == 201
    assert (await submission.http.post("/projects", json={"authority": {}}, headers=agent)).status_code == 201


async def test_the_reference_is_made_of_country_and_name(submission: Submission, agent: Headers) -> None:
    record = builders.record({"name": "Commune de Thiès-Nord", "ref": None})
    assert (await submission.draft(agent, record))["authority"]["ref"] == "sn-commune-de-thies-nord"


async def test_a_key_deposits_once(submission: Submission, signer: Signer) -> None:
    who, key = signer.agent(sub=str(uuid4())), {"Idempotency-Key": "first"}
    record = builders.record()
    first = await submission.http.post("/projects", json=record, headers=who | key)
    again = await submission.http.post("/projects", json=record, headers=who | key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert {name: again.headers[name] for name in ("etag", "location", "content-type")} == {
        name: first.headers[name] for name in ("etag", "location", "content-type")
    }
    other = await submission.http.post("/projects", json=builders.record(title="Autre"), headers=who | key)
    assert other.status_code == 409
    someone = await submission.http.post("/projects", json=record, headers=signer.agent(sub=str(uuid4())) | key)
    assert someone.json()["id"] != first.json()["id"]


# -- seeing ------------------------------------------------------------------------------------------------------------


async def test_only_its_owners_see_a_project(submission: Submission, signer: Signer) -> None:
    of_post = (await submission.draft(signer.agent(post="dakar")))["id"]
    of_authority = (await submission.draft(signer.authority()))["id"]
    seen = {
        (name, kind): (await submission.http.get(f"/projects/{project}", headers=who)).status_code
        for kind, project in (("of post", of_post), ("of authority", of_authority))
        for name, who in (
            ("same post", signer.agent(post="dakar", sub="colleague")),
            ("other post", signer.agent(post="bamako")),
            ("no post", signer.bearer("agent", countries=["SN"])),
            ("authority", signer.authority(sub="colleague")),
            ("other authority", signer.authority("sn-thies")),
            ("daect", signer.bearer("daect")),
        )
    }
    assert {pair for pair, status in seen.items() if status == 200} == {
        ("same post", "of post"),
        ("authority", "of post"),
        ("authority", "of authority"),
    }
    assert set(seen.values()) == {200, 404}


@pytest.mark.parametrize("name", ["00000000-0000-0000-0000-000000000000", "1", "..%2f..%2fetc", "%00", "é", "'--"])
async def test_absent_and_forbidden_are_the_same_answer(submission: Submission, signer: Signer, name: str) -> None:
    forbidden = (await submission.draft(signer.agent()))["id"]
    who = signer.agent(post="bamako")
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/submit"),
        ("POST", "/withdraw"),
        ("GET", f"/documents/{forbidden}"),
    ):
        absent = await submission.http.request(method, f"/projects/{name}{path}", headers=who)
        other = await submission.http.request(method, f"/projects/{forbidden}{path}", headers=who)
        assert absent.status_code == other.status_code == 404
        if not name.startswith(".."):
            assert absent.json() == other.json()


async def test_mine_newest_first_page_by_page(submission: Submission, signer: Signer) -> None:
    who = signer.authority("sn-liste")
    made = [(await submission.draft(who))["id"] for _ in range(5)]
    await submission.submit(who, made[1])
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"size": 2} | ({"cursor": cursor} if cursor else {})
        page = (await submission.http.get("/projects", params=params, headers=who)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["cursor"]
    assert (seen, cursor) == (made[::-1], None)
    submitted = (await submission.http.get("/projects", params={"state": "submitted"}, headers=who)).json()
    assert [item["id"] for item in submitted["items"]] == [made[1]]
    both = await submission.http.get("/projects?state=submitted&state=draft", headers=who)
    assert len(both.json()["items"]) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": 101}, "size"),
        ({"size": "x"}, "size"),
        ({"state": "lost"}, "state.0"),
        ({"cursor": "?"}, "cursor"),
        ({"cursor": "WzFd"}, "cursor"),  # [1]
        ({"cursor": "WyJ4Il0"}, "cursor"),  # ["x"]
        ({"cursor": "W10"}, "cursor"),  # []
        ({"cursor": "e30"}, "cursor"),  # {}
    ],
)
async def test_a_wrong_question_is_named(
    submission: Submission, authority: Headers, query: dict[str, Any], field: str
) -> None:
    answer = await submission.http.get("/projects", params=query, headers=authority)
    assert wrong_fields(answer) == [field]


# -- changing ----------------------------------------------------------------------------------------------------------


async def test_a_patch_merges(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(agent)
    patch = {
        "project": {"title": "Nouveau titre", "budget": {"secured": 1}, "sdgs": None, "themes": ["health"]},
        "authority": {"region": None, "contact": {"phone": None}},
    }
    answer = await submission.http.patch(f"/projects/{draft['id']}", json=patch, headers=agent | PATCH)
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert body["project"]["title"] == "Nouveau titre"
    assert body["project"]["budget"] == {"total": 240000.0, "secured": 1, "currency": "EUR"}
    assert body["project"]["themes"] == ["health"]
    assert "sdgs" not in body["project"]
    assert "region" not in body["authority"]
    assert "phone" not in body["authority"]["contact"]
    assert await submission.get(agent, draft["id"]) == body


async def test_a_patch_that_changes_nothing_is_no_new_state(submission: Submission, agent: Headers) -> None:
    draft = await submission.draft(agent)
    patch = {"project": {"title": draft["project"]["title"]}}
    answer = await submission.http.patch(f"/projects/{draft['id']}", json=patch, headers=agent)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')


async def test_a_stale_patch_is_refused(submission: Submission, agent: Headers) -> None:
    path = f"/projects/{(await submission.draft(agent))['id']}"
    one, two = {"project": {"title": "Un"}}, {"project": {"title": "Deux"}}
    first = await submission.http.patch(path, json=one, headers=agent | {"If-Match": '"1"'})
    second = await submission.http.patch(path, json=two, headers=agent | {"If-Match": '"1"'})
    assert (first.status_code, second.status_code) == (200, 412)
    assert (await submission.http.get(path, headers=agent)).json()["project"]["title"] == "Un"
    for method, call in (("DELETE", path), ("POST", f"{path}/submit"), ("POST", f"{path}/withdraw")):
        answer = await submission.http.request(method, call, headers=agent | {"If-Match": '"1"'})
        assert answer.status_code == 412


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"project": {"title": 7, "themes": ["nothing", "health"]}}, ["project.title", "project.themes.0"]),
        ({"project": {"new": 1}, "state": "published"}, ["state"]),
        ({"project": {"new": 1}}, ["project.new"]),
        ({"authority": {"contact": {"email": "nobody"}}}, ["authority.contact.email"]),
        ({"authority": None}, ["authority"]),
        ({"project": {"period": {"end": "2026-01"}}}, ["project.period"]),
        ({"project": {"documents": [{"title": "A", "id": str(uuid4())}]}}, ["project.documents.0.id"]),
        ({"project": {"documents": [{"title": "A", "id": "\u0000"}]}}, ["project.documents.0.id"]),
        ({"project": {"countries_sought": ["SN"]}}, ["project.countries_sought"]),
        ({"project": []}, ["project"]),
    ],
)
async def test_a_wrong_patch_is_refused_whole(
    submission: Submission, agent: Headers, patch: dict[str, Any], fields: list[str]
) -> None:
    draft = await submission.draft(agent)
    answer = await submission.http.patch(f"/projects/{draft['id']}", json=patch, headers=agent)
    assert wrong_fields(answer) == fields
    assert await submission.get(agent, draft["id"]) == draft


async def test_an_agent_cannot_move_a_project_to_a_country_that_it_does_not_cover(
    submission: Submission, agent: Headers
) -> None:
    draft = await submission.draft(agent)
    answer = await submission.http.patch(
        f"/projects/{draft['id']}", json={"authority": {"country": "ML"}}, headers=agent
    )
    assert wrong_fields(answer, 403) == ["authority.country"]


async def test_an_authority_does_not_patch_what_its_account_says(submission: Submission, authority: Headers) -> None:
    draft = await submission.draft(authority)
    answer = await submission.http.patch(
        f"/projects/{draft['id']}", json={"authority": {"name": "Autre"}}, headers=authority
    )
    assert wrong_fields(answer) == ["authority"]


async def test_a_project_can_be_emptied_and_filled_again(submission: Submission, authority: Headers) -> None:
    path = f"/projects/{(await submission.draft(authority))['id']}"
    emptied = await submission.http.patch(path, json={"project": None}, headers=authority)
    assert emptied.json()["project"] == {}
    filled = await submission.http.patch(path, json={"project": builders.record()["project"]}, headers=authority)
    assert filled.json()["project"] == builders.record()["project"]


async def test_only_drafts_are_deleted(submission: Submission, agent: Headers) -> None:
    draft, kept = await submission.draft(agent), await submission.submitted(agent)
    assert (await submission.http.delete(f"/projects/{draft['id']}", headers=agent)).status_code == 204
    assert (await submission.http.get(f"/projects/{draft['id']}", headers=agent)).status_code == 404
    refused = await submission.http.delete(f"/projects/{kept['id']}", headers=agent)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-deletable")
