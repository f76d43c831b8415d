"""What people type comes out as text: it is no template, no markup, no header, and turns no line around."""

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from backbone.contracts.events import FieldRemark
from backbone.contracts.sheet import Record
from services.notifier import text
from services.notifier.emails import Correspondent, review_opened
from services.notifier.labels import LANGUAGES, READERS, Language
from services.notifier.message import AddressError, compose, mailbox
from services.notifier.render import Rendered
from tests.builders import author, record
from tests.unit.notifier.letters import (
    DESK,
    POST,
    SUBSCRIBER,
    alert_letter,
    alerts,
    cases,
    created,
    envelope,
    letter,
    matched,
    saved,
)

TEMPLATE = "{{7*7}} {% raw %} {{ ''.__class__.__mro__ }} #{7*7} ${7*7}"
MARKUP = "</p><script>alert(1)</script><img src=x onerror=alert(1)> \"'><b onclick='x'>"
CRLF = "a\r\nBcc: victim@example.org\r\n\r\nA body of my own"
BIDI = "\u202egnp.exe\u202c\u2066x\u2069\u200f"
HOSTILE = f"{TEMPLATE} {MARKUP} {BIDI}"

HEADERS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Bourse-Project",
    "X-Bourse-Mail", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Content-Language", "MIME-Version",
    "Content-Type",
}  # fmt: skip


class Elements(HTMLParser):
    """What a browser would find: element names, attributes that run something, text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.dangers: list[str] = []
        self.seen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.dangers.extend(name for name, _ in attrs if name.startswith("on") or name == "src")
        self.dangers.extend(
            str(value) for name, value in attrs if name == "href" and not (value or "").startswith("https://")
        )

    def handle_data(self, data: str) -> None:
        self.seen += data


def elements(html: str) -> Elements:
    parsed = Elements()
    parsed.feed(html)
    return parsed


def parse(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def hostile_record() -> Record:
    return Record.model_validate(
        record(
            authority={
                "name": HOSTILE,
                "region": HOSTILE,
                "presentation": HOSTILE,
                "existing_partnerships": [HOSTILE],
                "contact": {"name": HOSTILE, "function": HOSTILE, "email": "a@example.org", "phone": "<b>1</b>"},
            },
            title=f"{TEMPLATE[:40]} {MARKUP[:40]} {BIDI}",
            summary=HOSTILE,
            objectives=[HOSTILE],
            description=HOSTILE,
            partner_sought=HOSTILE,
            expected_results=[HOSTILE],
            location={"name": HOSTILE[:200], "lat": 0.0, "lon": 0.0},
            documents=[{"title": HOSTILE[:200]}],
        )
    )


NAME = f"{HOSTILE}{CRLF}"
FIELDS = {
    "record": hostile_record(),
    "author": author(name=NAME),
    "post": POST.model_copy(update={"name": {"fr": NAME}}),
}
_USUAL = cases(**FIELDS)
CASES = {
    **_USUAL,
    "changes_requested": (
        _USUAL["changes_requested"][0],
        _USUAL["changes_requested"][1].model_copy(
            update={
                "reason": NAME,
                "fields": [FieldRemark(field="project.title", remark=NAME), FieldRemark(field=f"{MARKUP}{CRLF}")],
            }
        ),
    ),
    "review_rejected": (
        _USUAL["review_rejected"][0],
        _USUAL["review_rejected"][1].model_copy(update={"reason": NAME}),
    ),
    "account_confirmation": (
        _USUAL["account_confirmation"][0],
        created(name=NAME, verification_token=f"{MARKUP}{CRLF}&x=1"),
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_what_is_typed_comes_out_as_text(case: str, language: Language) -> None:
    mail, event = CASES[case]
    rendered, content = letter(mail, event, language, Correspondent(NAME, "who@example.org", language))
    message = parse(content)

    assert set(message.keys()) <= HEADERS
    assert all(len(message.get_all(name) or []) == 1 for name in message)
    assert message["to"].addresses[0].addr_spec == "who@example.org"
    assert "victim" not in [address.addr_spec for address in message["to"].addresses]
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert len(list(message.iter_parts())) == 2

    found = elements(html.get_content().replace("\r\n", "\n"))
    assert not found.names & {"script", "img", "b", "iframe", "style"}
    assert found.dangers == []
    for shown in (found.seen, plain.get_content().replace("\r\n", "\n"), str(message["subject"])):
        assert "49" not in shown.replace("14.7646", "")
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\r\x00")
    if case != "account_confirmation":
        assert "{{7*7}}" in found.seen
        assert "{{7*7}}" in plain.get_content()
        assert "</p><script>alert(1)" in str(message["subject"])
    assert rendered.html == html.get_content().replace("\r\n", "\n").rstrip("\n")


HOSTILE_SEARCHES = [
    saved(1, NAME, f"q={HOSTILE}{CRLF}&x=<b>", unsubscribe_token=f"{MARKUP}{CRLF}>,<mailto:victim@example.org"),
    saved(2, HOSTILE, "javascript:alert(1)"),
]
HOSTILE_SHEET = matched(
    1, "s1", "s2", id=f"../{MARKUP}{CRLF}", title=NAME, summary=HOSTILE, authority=HOSTILE, place=HOSTILE
)
_ALERTS = alerts(subscriber=SUBSCRIBER.model_copy(update={"manage_token": f"{CRLF}{MARKUP}"}))
ALERT_CASES = {
    "one": (_ALERTS["alert"][0], _ALERTS["alert"][1].model_copy(update={"searches": HOSTILE_SEARCHES[:1]})),
    "several": (
        _ALERTS["alert.several"][0],
        _ALERTS["alert.several"][1].model_copy(update={"searches": HOSTILE_SEARCHES, "sheets": [HOSTILE_SHEET]}),
    ),
    "confirmation": (
        _ALERTS["alert_confirmation"][0],
        _ALERTS["alert_confirmation"][1].model_copy(
            update={"search": HOSTILE_SEARCHES[0], "confirmation_token": f"{MARKUP}{CRLF}"}
        ),
    ),
}


@pytest.mark.parametrize("language", READERS)
@pytest.mark.parametrize("case", ALERT_CASES)
def test_what_is_typed_in_a_search_comes_out_as_text(case: str, language: Language) -> None:
    rendered, content = alert_letter(*ALERT_CASES[case], language)
    message = parse(content)
    assert set(message.keys()) <= HEADERS
    assert all(len(message.get_all(name) or []) == 1 for name in message)
    assert [address.addr_spec for address in message["to"].addresses] == ["mairie@example.org"]
    if case == "confirmation":
        assert message["list-unsubscribe"] is None
    else:
        assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        link = str(message["list-unsubscribe"])
        # one address between angle brackets, whatever the token holds
        assert re.fullmatch(rf"<https://bourse\.example\.org/{language}/alerts/unsubscribe\?token=[\w%.~-]+>", link)
    found = elements(rendered.html)
    assert not found.names & {"script", "img", "b", "iframe", "style"}
    assert found.dangers == []
    for shown in (found.seen, rendered.plain, rendered.subject):
        assert "49" not in shown
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\r\x00")
    assert "{{7*7}}" in rendered.plain
    assert "Bcc" not in message


def test_a_title_with_line_breaks_is_refused_by_the_contract_itself() -> None:
    with pytest.raises(ValidationError):
        Record.model_validate(record(title="a\r\nBcc: victim@example.org"))


@pytest.mark.parametrize(
    "address",
    [
        "", "nobody", "a@", "@example.org", "a b@example.org", "a@example.org\r\nBcc: b@example.org", "a@b@example.org",
        "a@example.org,b@example.org", "<a@example.org>", "a@example.org\x00", "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".example.org", "a@ex..org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        mailbox(address)


def test_addresses_beyond_ascii_are_written_as_servers_take_them() -> None:
    assert mailbox("mairie@thiès.example.org") == "mairie@xn--this-7oa.example.org"
    event = CASES["review_opened"][1]
    to = Correspondent("x", "maïrie@example.org", "fr")
    content = letter(review_opened, event, "fr", to)[1]
    assert "To: x <maïrie@example.org>".encode() in content  # for a server with SMTPUTF8


def test_an_answer_address_that_is_none_is_left_out() -> None:
    rendered, _ = letter(*cases()["review_opened"], "fr")
    to = Correspondent("Poste", "post@example.org", "fr")
    for wrong in ("x\r\nBcc: y@example.org", "maïrie@example.org"):
        made = envelope(review_opened, to, Correspondent("Auteur", wrong, "fr"))
        assert parse(compose(made, rendered).content)["reply-to"] is None


line = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), min_size=1, max_size=120
)


@settings(max_examples=150, deadline=None)
@given(line)
def test_a_subject_arrives_as_it_was_typed(title: str) -> None:
    rendered = Rendered(text.one_line(f"Nouvelle fiche à instruire : {title}"), "x\n", "<p>x</p>\n")
    made = envelope(review_opened, Correspondent("x", "x@example.org", "fr"))
    content = compose(made, rendered).content
    assert str(parse(content)["subject"]) == rendered.subject
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert DESK.sender.encode() in content


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_a_name_adds_no_header(name: str) -> None:
    made = envelope(review_opened, Correspondent(name, "x@example.org", "fr"))
    message = parse(compose(made, Rendered("x", "x\n", "<p>x</p>\n")).content)
    assert [address.addr_spec for address in message["to"].addresses] == ["x@example.org"]
    assert set(message.keys()) <= HEADERS
