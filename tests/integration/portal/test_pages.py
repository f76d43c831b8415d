"""The pages: what they show, in which language, what they refuse and what they never contain."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from services.portal.language import LANGUAGES, words
from tests.integration.accounts.conftest import PASSWORD, Accounts

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """What a page consists of; it must be well nested."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def test_the_demonstration_page_says_what_runs_and_who_can_log_in(portal: httpx.AsyncClient) -> None:
    answer = await portal.get("/fr/demonstration", headers=BROWSER)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.of("html") == [{"lang": "fr", "dir": "ltr"}]
    links = {link["href"] for link in page.of("a")}
    assert "https://s.example.org/projects?continent=africa&theme=water-sanitation" in links
    assert "http://127.0.0.1:1/mails" in links
    assert any(str(link).endswith("/docs") for link in links)
    assert "ne répond pas" in answer.text
    for shown in (PASSWORD, "daect@example.org", "agent-sn@example.org", "ht-jacmel@example.org", "Haïti"):
        assert shown in answer.text
    assert words("fr").t("Demonstration data.") in answer.text


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "fr"),
        ("", "de", "fr"),
        ("", "en-GB,en;q=0.9,fr;q=0.2", "en"),
        ("", "fr-FR,en;q=0.9", "fr"),
        ("", "ar-MA", "ar"),
        ("", "en;q=nonsense", "fr"),
        ("?lang=en", "fr", "en"),
        ("?lang=<script>", "en", "en"),
    ],
)
async def test_the_door_leads_to_the_language_asked_for(
    portal: httpx.AsyncClient, query: str, accepted: str, language: str
) -> None:
    answer = await portal.get(f"/{query}", headers={"Accept-Language": accepted})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{language}/")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_page_is_in_the_language_of_its_address(portal: httpx.AsyncClient, language: str) -> None:
    answer = await portal.get(f"/{language}/pages/about", headers={"Accept-Language": "en"})
    assert answer.headers["content-language"] == language
    assert Page(answer.text).of("html") == [{"lang": language, "dir": "rtl" if language == "ar" else "ltr"}]


PAGES = ["/fr/", "/ar/pages/faq", "/nowhere", "/fr/nowhere", "/xx/projects", "/verify?token=nonsense", "/verify"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_strict_policy_and_keeps_to_it(portal: httpx.AsyncClient, path: str) -> None:
    answer = await portal.get(path, headers=BROWSER)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = Page(answer.text)
    assert page.of("style") == []
    loaded = [link["href"] for link in page.of("link") if link["rel"] in ("stylesheet", "icon")]
    loaded += [script["src"] for script in page.of("script")]
    assert len(loaded) >= 3
    for address in loaded:
        assert str(address).startswith("/static/")
        found = await portal.get(str(address))
        assert (found.status_code, found.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert not any(name == "style" or name.startswith("on") for _, given in page.tags for name in given)
    assert len(page.of("h1")) == len(page.of("main")) == 1
    assert page.of("a")[0] == {"href": "#content"}


async def test_nothing_that_is_served_loads_from_another_host(portal: httpx.AsyncClient) -> None:
    for name in ("portal.css", "tokens.css"):
        page = Page((await portal.get("/fr/", headers=BROWSER)).text)
        address = next(str(link["href"]) for link in page.of("link") if f"/{name[:-4]}-" in str(link["href"]))
        assert not re.search(r"url\(|@import|http", (await portal.get(address)).text)


async def test_the_confirmation_of_an_address_tells_nobody_its_token(portal: httpx.AsyncClient) -> None:
    answer = await portal.get("/verify?token=nonsense", headers=BROWSER)
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")


async def test_without_the_search_the_doors_stay_and_the_search_page_says_so(portal: httpx.AsyncClient) -> None:
    home = await portal.get("/fr/", headers=BROWSER)
    assert home.status_code == 200
    assert words("fr").t("Deposit a project") in home.text
    away = await portal.get("/ar/projects?q=eau", headers=BROWSER)
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    assert words("ar").t("The search does not answer at the moment") in away.text


async def test_an_address_is_confirmed_by_a_form_and_not_by_a_look(
    portal: httpx.AsyncClient, accounts: Accounts, registration: dict[str, Any]
) -> None:
    registration["email"] = email = "<b>portail</b>@example.org"
    refused = await accounts.http.post("/accounts", json=registration)
    assert refused.status_code == 422
    registration["email"] = email = "o'neil&co@example.org"
    assert (await accounts.http.post("/accounts", json=registration)).status_code == 201
    token = (await accounts.events(email))[0]["verification_token"]

    await portal.get("/verify", params={"token": token}, headers=BROWSER)
    asked = await portal.get("/verify", params={"token": token, "lang": "fr"}, headers=BROWSER)
    assert "o&#39;neil&amp;co@example.org" in asked.text
    page = Page(asked.text)
    assert page.of("form") == [{"method": "post", "action": "/verify?lang=fr"}]
    assert page.of("input") == [{"type": "hidden", "name": "token", "value": token}]
    assert (await accounts.log_in(email, registration["password"])).status_code == 403

    done = await portal.post("/verify?lang=fr", data={"token": token}, headers=BROWSER)
    assert done.status_code == 200
    assert words("fr").t("This address is confirmed: you can log in and deposit a project.") in done.text
    assert (await accounts.log_in(email, registration["password"])).status_code == 200


async def test_a_link_that_is_not_good_says_what_to_do(portal: httpx.AsyncClient) -> None:
    answer = await portal.get("/verify", params={"token": '"><script>alert(1)</script>', "lang": "en"}, headers=BROWSER)
    assert answer.status_code == 404
    assert "This link is wrong" in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("body", [b"", b"other=1", b"\xff", b"token=" + b"x" * 10_000, b"&".join([b"a=b"] * 50)])
async def test_a_bad_form_is_refused(portal: httpx.AsyncClient, body: bytes) -> None:
    answer = await portal.post("/verify", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/projects/0199-abc", "/fr/projects/0199-abc"),
        ("/projects/%5C%5Cevil.example.org", "/fr/projects/%5C%5Cevil.example.org"),
        ("/projects/a%0d%0aSet-Cookie:%20x=y", "/fr/projects/a%0D%0ASet-Cookie%3A%20x%3Dy"),
    ],
)
async def test_links_of_mails_lead_to_the_sheet(portal: httpx.AsyncClient, path: str, location: str) -> None:
    answer = await portal.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, location)
    assert "set-cookie" not in answer.headers


async def test_links_of_mails_lead_to_the_review(portal: httpx.AsyncClient) -> None:
    answer = await portal.get("/reviews/0199-abc")
    assert answer.status_code == 302
    assert answer.headers["location"].endswith("/reviews/0199-abc")


async def test_an_error_is_a_page_for_a_browser_and_a_problem_for_a_program(portal: httpx.AsyncClient) -> None:
    page = await portal.get("/nowhere", headers={**BROWSER, "Accept-Language": "en"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "This page does not exist" in page.text
    problem = await portal.get("/nowhere")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
    assert (await portal.delete("/", headers=BROWSER)).status_code == 405


async def test_the_portal_is_ready_by_itself(portal: httpx.AsyncClient) -> None:
    assert (await portal.get("/health/live")).status_code == 200
    answer = await portal.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"stack": "ok", "sources": "ok"})
