"""Who is written to in which language; what fields are called; how text is wrapped; what comes back is tried when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from backbone.contracts.events import ReviewOpened
from backbone.contracts.sheet import Record
from services.notifier import text
from services.notifier.dispatcher import GIVE_UP_S, LONGEST_WAIT_S, TRIES, came_back, wait_s
from services.notifier.labels import AUTHORITY_TYPES, FIELDS, KINDS, LANGUAGES, WORDS, field_label
from services.notifier.mailer import RefusedError, Server, TroubleError, server
from services.notifier.presentation import amount, present
from services.notifier.repository import Leased
from services.notifier.service import author_language, post_of
from tests.builders import record
from tests.unit.notifier.letters import DESK, PROJECT, review


@pytest.mark.parametrize(
    ("chosen", "spoken", "written", "country", "expected"),
    [
        ("fr", ["en"], "en", "GH", "fr"),
        ("en", ["fr"], "fr", "SN", "en"),
        ("es", ["es"], "es", "PE", "en"),
        ("pt", ["pt", "fr"], "pt", "GW", "fr"),
        ("ar", ["ar"], "ar", "LB", "fr"),
        ("ar", ["ar"], "ar", "MA", "fr"),
        ("ar", ["ar"], "ar", "OM", "en"),
        ("ar", ["ar"], "en", "TN", "en"),
    ],
)
def test_authors_read_a_language_they_work_in(
    chosen: str, spoken: list[str], written: str, country: str, expected: str
) -> None:
    sheet = Record.model_validate(record(authority={"languages": spoken, "country": country}, language=written))
    assert author_language(chosen, sheet) == expected


@pytest.mark.parametrize(("languages", "expected"), [(["ar", "en"], "en"), (["fr", "en"], "fr"), (["pt"], "fr")])
def test_a_post_reads_the_first_of_its_languages_that_we_have(languages: list[str], expected: str) -> None:
    fields = review()
    event = ReviewOpened(**{**fields, "post": fields["post"].model_copy(update={"languages": languages})})
    assert post_of(event, DESK).language == expected


def test_the_daect_stands_in_at_its_own_address() -> None:
    fields = review()
    event = ReviewOpened(**{**fields, "post": fields["post"].model_copy(update={"code": "daect"})})
    assert post_of(event, DESK) == DESK.daect


def paths(model: type[BaseModel], prefix: str) -> list[str]:
    """The paths of all fields that are typed, through the parts of a model."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        found.append(path)
        inner: Any = field.annotation
        for part in [inner, *getattr(inner, "__args__", ())]:
            if isinstance(part, type) and issubclass(part, BaseModel):
                found.extend(paths(part, f"{path}."))
    return found


# set by the Bourse from the file itself, never typed
NOT_TYPED = {f"project.documents.{name}" for name in ("id", "media_type", "size", "sha256")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_the_sheet_has_a_label(language: str) -> None:
    missing = [path for path in paths(Record, "") if path not in FIELDS and path not in NOT_TYPED]
    assert not missing, f"add them to services/notifier/labels.py: {missing}"
    assert all(language in label for labels in (FIELDS, KINDS, AUTHORITY_TYPES) for label in labels.values())
    assert WORDS["fr"].keys() == WORDS["en"].keys()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("project.budget", "Budget"),
        ("budget.total", "Budget total"),
        ("project.objectives.1", "Objectifs, nº\u00a02"),
        ("project.documents.0.title", "Titre du document, nº\u00a01"),
        ("authority.contact.email", "Adresse électronique du contact"),
        ("something.else", "something.else"),
    ],
)
def test_fields_are_named_as_people_call_them(path: str, label: str) -> None:
    assert field_label(path, "fr") == label


def test_a_sheet_shows_all_that_was_deposited_or_what_tells_it_from_others() -> None:
    sheet = Record.model_validate(record())
    whole = {row.label: row.value for row in present(PROJECT, sheet, "fr", whole=True).rows}
    brief = {row.label: row.value for row in present(PROJECT, sheet, "fr", whole=False).rows}
    assert whole["Numéro"] == PROJECT
    assert whole["Pays"] == "Sénégal"
    assert whole["Budget"] == "240\u202f000\u00a0€, dont 60\u202f000\u00a0€ déjà acquis"
    assert whole["Période"] == "mars 2027\u2009–\u2009février 2029"
    assert whole["Documents annoncés"] == ["Étude de faisabilité (français)"]
    assert "cooperation@pikine.example.org" in whole["Contact"]
    assert "Contact" not in brief
    assert brief["Résumé"] == whole["Résumé"]


def test_amounts_keep_their_decimals_where_they_have_any() -> None:
    assert amount(1500.0, "XOF", "fr") == "1\u202f500\u00a0F\u202fCFA"
    assert amount(12.5, "EUR", "en") == "€12.50"
    assert amount(1e12, "USD", "en") == "$1,000,000,000,000"


def test_text_is_wrapped_but_not_the_title_nor_a_link() -> None:
    title = "Un titre de cent vingt caractères " + "x " * 43
    body = f"{title.strip()}\n\nhttps://example.org/{'a' * 100}\n\n  - {'mot ' * 40}\n-- \n"
    lines = text.wrap(body, keep={title.strip()}).split("\n")
    assert lines[0] == title.strip()
    assert lines[2] == f"https://example.org/{'a' * 100}"
    assert lines[4].startswith("  - mot")
    assert lines[5].startswith("    mot")
    assert all(len(line) <= text.WIDTH for line in lines[3:])
    assert "-- " in lines


@given(st.text())
def test_wrapping_loses_no_word(typed: str) -> None:
    body = text.indented(typed)
    assert text.wrap(body).split() == body.split()


@given(st.text())
def test_one_line_is_one_line(typed: str) -> None:
    made = text.one_line(typed)
    assert len(made.splitlines()) <= 1
    assert made == text.one_line(made)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:2525", Server("127.0.0.1", 2525, None, None, tls=False, starttls=None)),
        ("smtp://mail.example.org", Server("mail.example.org", 25, None, None, tls=False, starttls=None)),
        ("smtps://mail.example.org", Server("mail.example.org", 465, None, None, tls=True, starttls=False)),
        ("smtp://u%40x:p%3Aq@mail.example.org:587", Server("mail.example.org", 587, "u@x", "p:q", False, True)),
        ("smtp://u:p@localhost:587", Server("localhost", 587, "u", "p", tls=False, starttls=None)),
        ("smtp://u:p@mail.example.org/?starttls=off", Server("mail.example.org", 25, "u", "p", False, False)),
        ("smtp://mail.example.org?starttls=required", Server("mail.example.org", 25, None, None, False, True)),
    ],
)
def test_the_servers_url_is_read_and_a_password_goes_over_tls(url: str, expected: Server) -> None:
    assert server(url) == expected


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.org", "http://x", "smtp://", "smtp://u:secret@x?starttls=maybe", "smtp://x?tls=1", "smtp://x/y"],
)
def test_a_wrong_url_is_refused_without_saying_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="BOURSE_SMTP_URL") as refused:
        server(url)
    assert "secret" not in str(refused.value)


def leased(**changes: Any) -> Leased:
    fields: dict[str, Any] = {
        "id": 1, "recipient": "a@example.org", "template": "published", "message": b"", "attempts": 1, "refusals": 0,
        "age_s": 1.0, "traceparent": None,
    }  # fmt: skip
    return Leased(**{**fields, **changes})


def test_a_mail_that_is_refused_for_good_fails_after_some_tries() -> None:
    refused = RefusedError(550, "no such user")
    assert came_back(leased(), refused).state == "pending"
    outcome = came_back(leased(refusals=TRIES - 1), refused)
    assert (outcome.state, outcome.error) == ("failed", "550 no such user")


def test_a_mail_that_is_refused_for_now_waits_for_days() -> None:
    greylisted = RefusedError(450, "come back later")
    assert came_back(leased(refusals=50, age_s=3600.0), greylisted).state == "pending"
    assert came_back(leased(refusals=50, age_s=GIVE_UP_S + 1), greylisted).state == "failed"


def test_trouble_of_the_server_is_not_the_mails_fault_at_first() -> None:
    trouble = TroubleError("gone", answered=False)
    assert came_back(leased(), trouble).wait_s == 0
    assert not came_back(leased(), trouble).refused
    assert came_back(leased(attempts=9), trouble).wait_s > 0  # perhaps it is the one that breaks connections


@given(st.integers(1, 10_000))
def test_waits_grow_and_stay_within_five_minutes(times: int) -> None:
    assert 1 <= wait_s(times) <= LONGEST_WAIT_S
