"""Bad input: a 4xx problem that names every wrong field, never a 5xx; what is merely odd text is kept as text."""

import copy
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import builders
from tests.integration.submission.conftest import Headers, Signer, Submission, wrong_fields

JSON = {"Content-Type": "application/json"}


def _step(part: str) -> str | int:
    return int(part) if part.isdecimal() else part


def placed(path: str, value: Any) -> dict[str, Any]:
    """A record with one value replaced."""
    record = builders.record()
    *way, last = path.split(".")
    inner: Any = record
    for part in way:
        inner = inner[_step(part)]
    inner[_step(last)] = value
    return record


LIMITS = {
    "project.title": 120,
    "project.summary": 300,
    "project.description": 8_000,
    "project.partner_sought": 1_500,
    "project.objectives.0": 300,
    "project.location.name": 200,
    "project.documents.0.title": 200,
    "authority.name": 200,
    "authority.presentation": 2_000,
    "authority.contact.name": 200,
    "authority.contact.phone": 40,
}


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
async def test_text_up_to_its_limit(submission: Submission, agent: Headers, path: str, limit: int) -> None:
    fits = await submission.http.post("/projects", json=placed(path, "é" * limit), headers=agent)
    over = await submission.http.post("/projects", json=placed(path, "é" * (limit + 1)), headers=agent)
    assert fits.status_code == 201
    assert wrong_fields(over) == [path]


LISTS: dict[str, tuple[list[Any], list[Any]]] = {
    "project.documents": ([{"title": f"D{n}"} for n in range(10)], [{"title": f"D{n}"} for n in range(11)]),
    "project.objectives": (["x"] * 10, ["x"] * 11),
    "project.expected_results": (["x"] * 10, ["x"] * 11),
    "authority.existing_partnerships": (["x"] * 50, ["x"] * 51),
}


@pytest.mark.parametrize("path", LISTS)
async def test_lists_up_to_their_limit(submission: Submission, agent: Headers, path: str) -> None:
    fits, over = LISTS[path]
    assert (await submission.http.post("/projects", json=placed(path, fits), headers=agent)).status_code == 201
    assert wrong_fields(await submission.http.post("/projects", json=placed(path, over), headers=agent)) == [path]


WRONG: list[tuple[str, Any, str]] = [
    # types
    ("project", "text", "project"),
    ("project", None, "project"),
    ("authority", [1], "authority"),
    ("project.title", 12, "project.title"),
    ("project.title", None, "project.title"),
    ("project.title", {"fr": "Titre"}, "project.title"),
    ("project.themes", "health", "project.themes"),
    ("project.objectives", [["nested"]], "project.objectives.0"),
    ("project.sdgs", ["6"], "project.sdgs.0"),
    ("project.sdgs", [True], "project.sdgs.0"),
    ("project.budget", 5, "project.budget"),
    ("authority.population", 1.5, "authority.population"),
    ("authority.contact.public", "yes", "authority.contact.public"),
    # unknown fields
    ("project.id", "x", "project.id"),
    ("project.period.middle", "2027-05", "project.period.middle"),
    ("authority.contact.twitter", "@x", "authority.contact.twitter"),
    # codes
    ("authority.country", "XX", "authority.country"),
    ("authority.country", "sn", "authority.country"),
    ("authority.type", "village", "authority.type"),
    ("project.kind", "gift", "project.kind"),
    ("project.language", "de", "project.language"),
    ("project.themes.0", "unknown", "project.themes.0"),
    ("project.themes", ["health", "health"], "project.themes"),
    ("project.sdgs.0", 18, "project.sdgs.0"),
    ("project.budget.currency", "XXY", "project.budget.currency"),
    ("project.countries_sought", ["SN"], "project.countries_sought"),
    ("authority.ref", "../etc", "authority.ref"),
    ("authority.ref", "A" * 101, "authority.ref"),
    # numbers
    ("project.budget.total", -1, "project.budget.total"),
    ("project.budget.total", 1e13, "project.budget.total"),
    ("project.budget.secured", 240000.01, "project.budget"),
    ("authority.location.lat", 90.01, "authority.location.lat"),
    ("authority.location.lon", -180.5, "authority.location.lon"),
    ("project.location.lat", -91, "project.location.lat"),
    ("authority.population", 10**40, "authority.population"),
    ("project.budget.total", 10**400, "project.budget.total"),
    # months
    ("project.period", {"start": "2029-02", "end": "2027-03"}, "project.period"),
    ("project.period.start", "2027-13", "project.period.start"),
    ("project.period.start", "2027-3", "project.period.start"),
    ("project.period.start", "2027-03\n", "project.period.start"),
    # controls and headers
    ("project.title", "a\r\nBcc: x@example.org", "project.title"),
    ("project.title", "a\tb", "project.title"),
    ("project.title", "nul\u0000", "project.title"),
    ("project.description", "bell\u0007", "project.description"),
    ("project.summary", "next\u0085line", "project.summary"),
    ("project.documents.0.title", "a\u2028b", "project.documents.0.title"),
    ("authority.name", "Ville\r\nSubject: x", "authority.name"),
    ("authority.contact.name", "A\nBcc: x@example.org", "authority.contact.name"),
    ("authority.contact.email", "a@example.org\r\nBcc: x@example.org", "authority.contact.email"),
    ("authority.contact.email", "nobody", "authority.contact.email"),
    ("authority.contact.email", "a@{0}.org", "authority.contact.email"),
    ("authority.contact.email", "a@b{x", "authority.contact.email"),
    ("authority.contact.phone", "+221\n1", "authority.contact.phone"),
    ("authority.website", "javascript:alert(1)", "authority.website"),
    ("authority.website", "http://", "authority.website"),
    ("authority.website", "https://exa mple.org", "authority.website"),
    ("authority.website", "ftp://example.org", "authority.website"),
    # documents that are not this project's
    ("project.documents.0.id", "019aaaaa-0000-7000-8000-000000000000", "project.documents.0.id"),
    ("project.documents.0.id", "../../etc/passwd", "project.documents.0.id"),
]


@pytest.mark.parametrize(("path", "value", "field"), WRONG, ids=[f"{n}-{w[0]}" for n, w in enumerate(WRONG)])
async def test_one_wrong_value_is_named(
    submission: Submission, agent: Headers, path: str, value: Any, field: str
) -> None:
    answer = await submission.http.post("/projects", content=json.dumps(placed(path, value)), headers=agent | JSON)
    assert wrong_fields(answer) == [field]


async def test_every_wrong_field_is_named_at_once(submission: Submission, agent: Headers) -> None:
    record = builders.record({"country": "XX"}, title=1, themes=["a", "health", "b"], surprise=True)
    record["authority"]["contact"]["email"] = "nobody"
    record["project"]["location"]["lat"] = 100
    answer = await submission.http.post("/projects", json=record, headers=agent)
    assert set(wrong_fields(answer)) == {
        "authority.country",
        "authority.contact.email",
        "project.title",
        "project.themes.0",
        "project.themes.2",
        "project.location.lat",
        "project.surprise",
    }


async def test_a_field_that_is_no_field_of_the_body(submission: Submission, agent: Headers) -> None:
    answer = await submission.http.post("/projects", json={**builders.record(), "state": "published"}, headers=agent)
    assert wrong_fields(answer) == ["state"]


NO_JSON: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 422),
    "cut off": (b'{"project": {"title": "x"', 400),
    "not JSON": (b"project=x", 400),
    "NaN": (b'{"project": {"budget": {"total": NaN}}}', 400),
    "infinity": (b'{"project": {"budget": {"total": -Infinity}}}', 400),
    "repeated key": (b'{"project": {"title": "a", "title": "b"}}', 400),
    "repeated key above": (b'{"project": {}, "project": {}}', 400),
    "not UTF-8": (b'{"project": {"title": "\xff"}}', 400),
    "half a surrogate": (b'{"project": {"title": "\\ud800"}}', 400),
    "deep lists": (b'{"project": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
    "deep objects": (b'{"project": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", 400),
    "endless number": (b'{"project": {"budget": {"total": ' + b"9" * 10_000 + b"}}}", 400),
    "a list": (b"[]", 422),
    "text": (b'"x"', 422),
    "null": (b"null", 422),
    "above 1 MB": (b'{"project": {"description": "' + b"x" * 1_000_000 + b'"}}', 413),
}


@pytest.mark.parametrize("name", NO_JSON)
async def test_a_body_that_cannot_be_read(submission: Submission, agent: Headers, name: str) -> None:
    content, status = NO_JSON[name]
    draft = await submission.draft(agent)
    for method, path in (("POST", "/projects"), ("PATCH", f"/projects/{draft['id']}")):
        answer = await submission.http.request(method, path, content=content, headers=agent | JSON)
        wrong_fields(answer, status)
        assert "Traceback" not in answer.text
    assert await submission.get(agent, draft["id"]) == draft


async def test_a_repeated_key_is_named(submission: Submission, agent: Headers) -> None:
    content = b'{"project": {"title": "a", "title": "b"}}'
    answer = await submission.http.post("/projects", content=content, headers=agent | JSON)
    assert wrong_fields(answer, 400) == ["title"]


async def test_a_body_just_below_1_mb_is_read(submission: Submission, agent: Headers) -> None:
    content = json.dumps(builders.record())
    answer = await submission.http.post(
        "/projects", content=content + " " * (1_000_000 - len(content)), headers=agent | JSON
    )
    assert answer.status_code == 201


async def test_a_body_of_another_type(submission: Submission, agent: Headers) -> None:
    answer = await submission.http.post(
        "/projects", content=json.dumps(builders.record()), headers=agent | {"Content-Type": "text/plain"}
    )
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


ODD_TEXTS = [
    "<script>alert(1)</script>",
    "'; drop table project; --",
    "{{ 7 * 7 }} ${7*7} %s {0}",
    "العربية ‏ 中文 🎉",
    '"quoted" \\back\\slash',
    "e\u0301 decomposed",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_odd_text_is_kept_as_text(submission: Submission, agent: Headers, text: str) -> None:
    record = builders.record({"name": text, "ref": "sn-odd"}, title=text, description=text, objectives=[text])
    submitted = await submission.submitted(agent, copy.deepcopy(record))
    assert submitted["project"] == record["project"]
    (event,) = await submission.events(submitted["id"])
    assert event.model_dump(mode="json")["record"]["project"]["title"] == text


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": "nonsense"},
        {"If-Match": '"999999999999999999999"'},
        {"If-Match": 'W/"2"'},
    ],
)
async def test_a_tag_that_is_not_the_current_one(
    submission: Submission, agent: Headers, headers: dict[str, str]
) -> None:
    draft = await submission.draft(agent)
    answer = await submission.http.patch(
        f"/projects/{draft['id']}", json={"project": {"title": "x"}}, headers=agent | headers
    )
    assert wrong_fields(answer, 412) == []


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_that_is_none(submission: Submission, agent: Headers, key: str) -> None:
    answer = await submission.http.post("/projects", json=builders.record(), headers=agent | {"Idempotency-Key": key})
    assert wrong_fields(answer) == ["Idempotency-Key"]


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from(["SN", "health", "2027-03", "a@b{x}.org", "http://[{0}]", "{0}", "%s", "\u0000", "\ufffe", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: str = "") -> list[str]:
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(str(name), one) for name, one in cast("dict[str, Any]", value).items()]
    elif isinstance(value, list):
        inner = [(str(index), one) for index, one in enumerate(cast("list[Any]", value))]
    below = [place for name, one in inner for place in _places(one, f"{path}.{name}" if path else name)]
    return [*([path] if path else []), *below]


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(_places(builders.record())), value=ANYTHING)
async def test_nothing_whatever_is_an_internal_error(
    submission: Submission, signer: Signer, place: str, value: Any
) -> None:
    who = signer.agent()
    content = json.dumps(placed(place, value))
    answer = await submission.http.post("/projects", content=content, headers=who | JSON)
    assert answer.status_code in (201, 400, 403, 422), answer.text
    if answer.status_code == 201:
        path = f"/projects/{answer.json()['id']}"
        assert (await submission.http.get(path, headers=who)).status_code == 200
        submitted = await submission.http.post(f"{path}/submit", headers=who)
        assert submitted.status_code in (200, 422), submitted.text
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code != 422 or answer.json()["errors"]
