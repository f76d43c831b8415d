"""Events become mails: who gets which, once, in which language, and what is forgotten."""

from typing import Any

import pytest
from jinja2 import UndefinedError

from backbone.contracts.events import (
    AccountDeleted,
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
)
from backbone.contracts.sheet import Record
from backbone.database import Database
from services.notifier import emails, repository
from services.notifier.emails import Correspondent, Desk
from tests.builders import author, record
from tests.integration.notifier.conftest import MailServer, happened, sending, states, until
from tests.unit.notifier.letters import POST, created, review

AUTHOR, DAECT, EMBASSY = "sn-pikine@example.org", "daect@example.org", "scac-dakar@example.org"
TITLE = record()["project"]["title"]


async def deliver(database: Database, mail_server: MailServer, *events: Any, mails: int) -> dict[str, list[str]]:
    """Handle events and send what they ask for: recipient → e-mails."""
    for event in events:
        await happened(database, event)
    async with sending(database, mail_server):
        await until(lambda: len(mail_server.mails), lambda count: count >= mails)
        await until(lambda: states(database), lambda found: set(found) <= {"sent", "failed", "dropped"})
    got: dict[str, list[str]] = {}
    for recipient, mail in zip(mail_server.recipients, mail_server.mails, strict=True):
        got.setdefault(recipient, []).append(str(mail["x-bourse-mail"]))
    return got


async def test_a_submission_is_told_to_the_post_the_daect_and_the_author(
    database: Database, mail_server: MailServer
) -> None:
    got = await deliver(database, mail_server, ReviewOpened(**review(demonstration=True)), mails=3)
    assert got == {EMBASSY: ["review_opened"], DAECT: ["review_opened_daect"], AUTHOR: ["submission_received"]}
    for recipient, mail in zip(mail_server.recipients, mail_server.mails, strict=True):
        plain = mail.get_body(("plain",))
        assert plain is not None
        text = plain.get_content()
        assert TITLE in str(mail["subject"])
        assert "données de démonstration" in str(mail["subject"])
        assert f"\n{TITLE}\n" in text.replace("\r\n", "\n")
        for content in ("Drainer et équiper", "Former un comité de gestion", "Sénégal", "Eau", "mars 2027", "Thiaroye"):
            assert content in text
        assert "cooperation@pikine.example.org" in text
        assert str(mail["reply-to"]).endswith(f"<{EMBASSY if recipient == AUTHOR else AUTHOR}>")
    assert len({mail["in-reply-to"] for mail in mail_server.mails}) == 1
    assert len(set(mail_server.ids())) == 3


@pytest.mark.parametrize("post", [{"code": "daect", "email": "other@example.org"}, {"email": DAECT}])
async def test_where_the_daect_is_in_charge_it_gets_one_mail(
    post: dict[str, str], database: Database, mail_server: MailServer
) -> None:
    event = ReviewOpened(**review(post=POST.model_copy(update=post)))
    got = await deliver(database, mail_server, event, mails=2)
    assert got == {DAECT: ["review_opened"], AUTHOR: ["submission_received"]}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ReviewChangesRequested(**review(), reason="Précisez."), {AUTHOR: ["changes_requested"]}),
        (ReviewRejected(**review(), reason="Hors sujet."), {AUTHOR: ["review_rejected"]}),
        (ReviewReopened(**review()), {AUTHOR: ["review_reopened"], EMBASSY: ["review_reopened_post"]}),
        (ReviewClosed(**review(), outcome="published"), {AUTHOR: ["published"], EMBASSY: ["published_post"]}),
        (ReviewClosed(**review(), outcome="unpublished", reason="Erreur."), {AUTHOR: ["unpublished"]}),
        (ReviewClosed(**review(), outcome="withdrawn"), {AUTHOR: ["withdrawn"], EMBASSY: ["withdrawn_post"]}),
    ],
)
async def test_each_decision_is_told_to_those_it_concerns(
    event: Review, expected: dict[str, list[str]], database: Database, mail_server: MailServer
) -> None:
    assert await deliver(database, mail_server, event, mails=len(expected)) == expected


async def test_an_event_that_comes_twice_is_written_about_once(database: Database, mail_server: MailServer) -> None:
    event = ReviewOpened(**review())
    await happened(database, event, "one-and-the-same")
    await happened(database, event, "one-and-the-same")
    assert await states(database) == {"pending": 3}
    await deliver(database, mail_server, mails=3)
    await happened(database, event, "one-and-the-same")
    assert await states(database) == {"sent": 3}


async def test_each_is_written_to_in_a_language_of_its_own(database: Database, mail_server: MailServer) -> None:
    sheet = Record.model_validate(record(authority={"country": "GH", "languages": ["en"]}, language="en"))
    post = POST.model_copy(update={"languages": ["en", "fr"]})
    event = ReviewOpened(**review(record=sheet, post=post, author=author(language="es")))
    await deliver(database, mail_server, event, mails=3)
    languages = {
        to: mail["content-language"] for to, mail in zip(mail_server.recipients, mail_server.mails, strict=True)
    }
    assert languages == {EMBASSY: "en", DAECT: "fr", AUTHOR: "en"}


async def test_a_bad_address_does_not_keep_the_others_from_their_mail(
    database: Database, mail_server: MailServer
) -> None:
    post = POST.model_copy(update={"email": "x@example.org\r\nBcc: victim@example.org"})
    got = await deliver(database, mail_server, ReviewOpened(**review(post=post)), mails=2)
    assert set(got) == {DAECT, AUTHOR}
    assert await states(database) == {"sent": 2, "failed": 1}
    async with database.connection() as connection:
        (failed,) = await repository.list_mails(connection, ["failed"], None, 10)
    assert failed.error == "not an e-mail address"
    assert failed.template == "review_opened"


async def test_a_rendering_error_keeps_nothing_of_the_event(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the consumer parks such an event: all of its mails leave once the cause is mended
    def incomplete(event: ReviewOpened, to: Correspondent, desk: Desk) -> emails.Context:
        context = emails.review_opened(event, to, desk)
        return {name: value for name, value in context.items() if name != "resubmitted"}

    incomplete.__name__ = "submission_received"
    monkeypatch.setattr(emails, "submission_received", incomplete)
    with pytest.raises(UndefinedError, match="resubmitted"):
        await happened(database, ReviewOpened(**review()))
    assert await states(database) == {}


async def test_an_account_confirms_its_address_and_the_link_does_not_stay(
    database: Database, mail_server: MailServer
) -> None:
    event = created(verification_token="a+b/c=")
    assert await deliver(database, mail_server, event, mails=1) == {AUTHOR: ["account_confirmation"]}
    plain = mail_server.mails[0].get_body(("plain",))
    assert plain is not None
    assert "https://bourse.example.org/verify?token=a%2Bb%2Fc%3D" in plain.get_content()
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from mails where message is not null") == 0


async def test_an_account_without_a_token_has_nothing_to_confirm(database: Database) -> None:
    await happened(database, created(verification_token=""))
    assert await states(database) == {}


async def test_a_deleted_account_is_forgotten(database: Database, mail_server: MailServer) -> None:
    await deliver(database, mail_server, ReviewOpened(**review()), created(), mails=4)
    await happened(database, ReviewRejected(**review(), reason="Hors sujet."))  # waits: nobody sends now
    await happened(database, ReviewReopened(**review()))
    deleted = AccountDeleted(version=2, occurred_at=created().occurred_at, account="a1")
    await happened(database, deleted)
    assert await states(database) == {"sent": 4, "dropped": 2, "pending": 1}  # the post still has to know

    await happened(database, ReviewClosed(**review(), outcome="withdrawn"))  # comes later, on another topic
    got = await deliver(database, mail_server, mails=6)
    assert got[AUTHOR] == ["submission_received", "account_confirmation"]
    assert got[EMBASSY] == ["review_opened", "review_reopened_post", "withdrawn_post"]
    async with database.transaction() as tx:
        await repository.blank(tx)
    async with database.connection() as connection:
        rows = await connection.fetch("select * from mails")
    for row in rows:
        assert row["message"] is None
        assert row["error"] is None
        assert AUTHOR not in row["recipient"]
