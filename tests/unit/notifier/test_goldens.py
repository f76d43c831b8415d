"""Every e-mail in every language, as committed; `pytest tests/unit/notifier --record` writes them anew."""

import email
import email.policy
from pathlib import Path

import pytest

from backbone.contracts.sheet import Record
from services.notifier.alert_emails import ALERTS
from services.notifier.emails import EMAILS
from services.notifier.labels import LANGUAGES, READERS, WORDS, Language
from tests.builders import record
from tests.unit.notifier.letters import alert_letter, alerts, cases, letter

GOLDENS = Path(__file__).parent / "goldens"
CASES = cases()
ALERT_CASES = alerts()


def text_golden(content: bytes) -> str:
    """Headers decoded, then the text part: what a reader sees, however it travels."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    headers = "".join(f"{name}: {value}\n" for name, value in message.items() if name != "Content-Type")
    plain = message.get_body(("plain",))
    assert plain is not None
    return f"{headers}\n{plain.get_content()}".replace("\r\n", "\n")


def compare(path: Path, made: str, record_goldens: bool) -> None:
    if record_goldens:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.exists(), f"no golden {path.name}: pytest tests/unit/notifier --record"
    assert made == path.read_text(encoding="utf-8"), "the e-mail changed: pytest tests/unit/notifier --record"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_an_email_is_as_committed(case: str, language: Language, record_goldens: bool) -> None:
    rendered, content = letter(*CASES[case], language)
    compare(GOLDENS / language / f"{case}.txt", text_golden(content), record_goldens)
    compare(GOLDENS / language / f"{case}.html", rendered.html, record_goldens)


@pytest.mark.parametrize("language", LANGUAGES)
def test_demonstration_data_and_arabic_are_as_committed(language: Language, record_goldens: bool) -> None:
    arabic = record(
        authority={"name": "بلدية طرابلس", "country": "LB", "languages": ["ar"], "region": None, "website": None},
        language="ar",
        title="إعادة تأهيل السوق القديم",
        summary="ترميم السوق القديم مع التجار.",
        budget={"total": 1234567.5, "secured": 0.0, "currency": "LBP"},
        period={"start": "2027-04", "end": None},
        documents=[],
        sdgs=[],
    )
    changed = cases(record=Record.model_validate(arabic), demonstration=True)
    rendered, content = letter(*changed["review_opened"], language)
    compare(GOLDENS / language / "demonstration.txt", text_golden(content), record_goldens)
    compare(GOLDENS / language / "demonstration.html", rendered.html, record_goldens)


@pytest.mark.parametrize("language", READERS)
@pytest.mark.parametrize("case", ALERT_CASES)
def test_an_alert_is_as_committed(case: str, language: Language, record_goldens: bool) -> None:
    rendered, content = alert_letter(*ALERT_CASES[case], language)
    compare(GOLDENS / language / f"{case}.txt", text_golden(content), record_goldens)
    compare(GOLDENS / language / f"{case}.html", rendered.html, record_goldens)


def test_alerts_about_demonstration_data_say_so() -> None:
    for language in READERS:
        rendered, _ = alert_letter(*alerts(demonstration=True)["alert"], language)
        assert WORDS[language]["demonstration_subject"] in rendered.subject
        assert WORDS[language]["demonstration_search"] in " ".join(rendered.plain.split("\n"))
        assert WORDS[language]["demonstration_search"] in rendered.html


def test_no_golden_is_left_over() -> None:
    for language in READERS:
        cases = [*ALERT_CASES, *([*CASES, "demonstration"] if language in LANGUAGES else ())]
        names = {f"{case}.{end}" for case in cases for end in ("txt", "html")}
        assert {path.name for path in (GOLDENS / language).iterdir()} == names


def test_every_email_has_a_case_and_its_three_files_in_every_language() -> None:
    assert {email.__name__ for email, _ in CASES.values()} == {email.__name__ for email in EMAILS}
    assert {email.__name__ for email, _ in ALERT_CASES.values()} == {email.__name__ for email in ALERTS}
    templates = Path("services/notifier/templates")
    for language in READERS:
        emails = [*ALERTS, *(EMAILS if language in LANGUAGES else ())]
        assert {path.name for path in (templates / language).iterdir()} == {email.__name__ for email in emails}
        for email_ in emails:
            files = {path.name for path in (templates / language / email_.__name__).iterdir()}
            assert files == {"subject.txt", "body.txt", "body.html"}
