"""The portal's pages of alerts beside a running search service: no script, no cookie, no link that acts by itself."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from html import unescape

import httpx
import pytest

from services.portal.app import build
from services.portal.assets.build import ensure
from services.portal.language import LANGUAGES
from tests.integration.search.people import Person
from tests.integration.search.running import Running, until
from tests.serving import serving

HTML = {"accept": "text/html"}
POST = '<form method="post">'


@pytest.fixture(scope="module")
async def pages(running: Running) -> AsyncGenerator[httpx.AsyncClient, None]:
    await asyncio.to_thread(ensure)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOURSE_SERVICE_URLS", json.dumps({"search": str(running.http.base_url)}))
        app, _ = build()
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20, headers=HTML) as http:
        yield http


def links(answer: httpx.Response) -> list[str]:
    return [unescape(found) for found in re.findall(r'href="([^"]*)"', answer.text)]


async def asked(pages: httpx.AsyncClient, person: Person, query: str, lang: str = "fr") -> None:
    """Fill in the form of a search."""
    form = {"email": person.email, "frequency": "daily", "name": ""}
    answer = await pages.post(f"/{lang}/alerts/new?{query}", data=form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/{lang}/alerts/asked"
    await until(lambda: has_request(person))


async def has_request(person: Person) -> bool:
    return bool(await person.requests())


async def test_a_search_leads_to_its_own_alert_and_its_own_feed(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/es/projects?q=eau&theme=health&sort=oldest&size=50&utm=1")
    assert answer.status_code == 200
    assert "/es/alerts/new?q=eau&theme=health" in links(answer)
    assert links(answer).count("/es/feed.atom?q=eau&theme=health") == 2  # in the head, and in the page
    feed = await pages.get("/es/feed.atom?q=eau&theme=health")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    form = await pages.get("/es/alerts/new?q=eau&theme=health")
    assert form.status_code == 200
    assert "«eau»" in form.text
    assert 'action="/es/alerts/new?q=eau&amp;theme=health"' in form.text


async def test_an_alert_is_asked_for_confirmed_seen_changed_and_ended(
    pages: httpx.AsyncClient, running: Running
) -> None:
    person = Person(running)
    await asked(pages, person, "q=eau&theme=health&theme=education&cursor=x", "pt")
    (request,) = await person.requests()
    assert (request.subscriber.language, request.search.query) == ("pt", "q=eau&theme=education&theme=health")
    assert (await pages.get("/pt/alerts/asked")).status_code == 200

    confirm = f"/pt/alerts/confirm?token={request.confirmation_token}"
    for _ in range(2):  # whatever opens the link confirms nothing
        seen = await pages.get(confirm)
        assert seen.status_code == 200
        assert person.email in seen.text
        assert POST in seen.text
        assert seen.headers["cache-control"] == "no-store"
        assert seen.headers["referrer-policy"] == "no-referrer"
    done = await pages.post(confirm)
    assert done.status_code == 200
    (manage,) = [link for link in links(done) if "/alerts/manage" in link]
    assert POST not in (await pages.get(confirm)).text

    listed = await pages.get(manage)
    assert listed.status_code == 200
    assert person.email in listed.text
    assert "/pt/projects?q=eau&theme=education&theme=health" in links(listed)
    identity = re.findall(r'name="id" value="([^"]+)"', listed.text)[0]
    changed = await pages.post(manage, data={"id": identity, "frequency": "weekly"})
    assert changed.status_code == 303
    assert '<option value="weekly" selected>' in (await pages.get(changed.headers["location"])).text
    ended = await pages.post(manage, data={"id": identity, "frequency": "weekly", "delete": "yes"})
    assert (await pages.get(ended.headers["location"])).status_code == 200
    assert (await pages.get(manage)).status_code == 404
    # sent again from another window
    assert (await pages.post(manage, data={"id": identity, "delete": "yes"})).status_code == 303


async def test_a_link_of_unsubscription_asks_first_and_one_click_of_a_mail_program_does_not(
    pages: httpx.AsyncClient, running: Running
) -> None:
    person = Person(running)
    for query in ("q=eau", "q=ville", "q=port"):
        await asked(pages, person, query)
    requests = await person.requests()
    for number in range(3):
        await person.confirm(number)
    page = f"/fr/alerts/unsubscribe?token={requests[0].search.unsubscribe_token}"
    looked = await pages.get(page)
    assert "«\u00a0eau\u00a0»" in looked.text
    assert POST in (await pages.get(page)).text
    # RFC 8058: no cookie, no language, no page that was seen before, and a program's own form
    async with httpx.AsyncClient(base_url=pages.base_url) as program:
        for body in ({"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}):
            answer = await program.post(page, **body)  # pyright: ignore[reportArgumentType]
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
    assert POST not in (await pages.get(page)).text
    every = f"/fr/alerts/unsubscribe?token={requests[0].subscriber.manage_token}"
    looked = await pages.get(every)
    assert "«\u00a0ville\u00a0»" in looked.text
    assert "«\u00a0port\u00a0»" in looked.text
    assert (await pages.post(every)).status_code == 200
    assert (await pages.get(f"/fr/alerts/manage?token={requests[0].subscriber.manage_token}")).status_code == 404


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_what_is_wrong_is_said_where_it_is(pages: httpx.AsyncClient, lang: str) -> None:
    page = f"/{lang}/alerts/new?country=SN"
    for form, fields in (
        ({"email": "personne", "frequency": "daily"}, ["email"]),
        ({"frequency": "daily"}, ["email"]),
        ({"email": "a@example.org", "frequency": "hourly"}, ["frequency"]),
        ({"email": "<script>alert(1)</script>", "frequency": "", "name": "x" * 101}, ["email", "name"]),
    ):
        answer = await pages.post(page, data=form)
        assert answer.status_code == 422, form
        assert answer.text.count('class="error"') >= len(fields)
        assert "<script>alert" not in answer.text
        assert f'lang="{lang}"' in answer.text
    for path in ("confirm", "manage", "unsubscribe"):
        for token in ("", "x", "é", "a" * 5_000, "<script>"):
            for method in ("GET", "POST"):
                if (path, method) == ("manage", "POST"):
                    continue
                answer = await pages.request(method, f"/{lang}/alerts/{path}", params={"token": token})
                assert answer.status_code == 404, (path, token, method)
                assert "<script>" not in answer.text.replace("<script type", "")


async def test_a_search_that_is_none_leads_to_its_page(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/fr/alerts/new?theme=magic")
    assert (answer.status_code, answer.headers["location"]) == (303, "/fr/projects?theme=magic")
    answer = await pages.post("/fr/alerts/new?theme=magic", data={"email": "a@example.org", "frequency": "daily"})
    assert answer.status_code == 303
    for body in (b"\xff", b"a=1&" * 20, b"x" * 9_000):
        answer = await pages.post("/fr/alerts/new", content=body)
        assert answer.status_code == 400
