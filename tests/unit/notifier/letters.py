"""Every e-mail with the event that asks for it, for goldens and for hostile input."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from backbone.contracts.events import (
    AccountCreated,
    AlertEvent,
    Event,
    FieldRemark,
    MatchedSheet,
    PostRef,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
    SavedSearch,
    SearchConfirmationRequested,
    SearchMatched,
    Subscriber,
)
from backbone.contracts.sheet import Authority, Record
from services.notifier import alert_emails, emails
from services.notifier.emails import Correspondent, Desk, Email
from services.notifier.labels import Language
from services.notifier.message import Envelope, compose
from services.notifier.render import Rendered, render
from tests.builders import author, record

WHEN: Final = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
PROJECT: Final = "0192f5b0-7c1e-7d3a-9a52-3d0c8f1b2a10"
DESK: Final = Desk(
    sender="Bourse-projets <bourse@example.org>",
    portal="https://bourse.example.org/",
    daect=Correspondent("DAECT", "daect@example.org", "fr"),
)
POST: Final = PostRef(
    code="dakar",
    name={"fr": "Ambassade de France au Sénégal", "en": "Embassy of France in Senegal"},
    email="scac-dakar@example.org",
    languages=["fr"],
    city="Dakar",
)
REASON: Final = (
    "Le budget ne couvre pas l’entretien des ouvrages au-delà de la première année.\n\n"
    "Merci de préciser qui s’en charge,\net avec quels moyens."
)
REMARKS: Final = [
    FieldRemark(field="project.budget", remark="Quelle part est déjà acquise, et par qui ?"),
    FieldRemark(field="project.objectives.1"),
    FieldRemark(field="authority.contact.phone", remark="Il manque l’indicatif du pays."),
]


def review(**changes: Any) -> dict[str, Any]:
    """The fields that all events of a review have."""
    return {
        "version": 1,
        "occurred_at": WHEN,
        "project": PROJECT,
        "revision": 1,
        "record": Record.model_validate(record()),
        "author": author(name="Awa Ndiaye"),
        "post": POST,
        **changes,
    }


def created(**changes: Any) -> AccountCreated:
    """An account that was registered."""
    fields: dict[str, Any] = {
        "version": 1,
        "occurred_at": WHEN,
        "account": "a1",
        "email": "sn-pikine@example.org",
        "name": "Awa Ndiaye",
        "language": "fr",
        "role": "authority",
        "authority": Authority.model_validate(record()["authority"]),
        "verification_token": "secret-token_1",
    }
    return AccountCreated(**{**fields, **changes})


def cases(**changes: Any) -> Mapping[str, tuple[Email, Event]]:
    """Every e-mail, and its variants; `changes` are fields of the reviews."""
    fields = review(**changes)
    again = review(**{**changes, "revision": 2})
    reason: dict[str, Any] = {"reason": REASON}
    asked: dict[str, Any] = {"reason": REASON, "fields": REMARKS}
    return {
        "review_opened": (emails.review_opened, ReviewOpened(**fields)),
        "review_opened.resubmitted": (emails.review_opened, ReviewOpened(**again, resubmitted=True)),
        "review_opened_daect": (emails.review_opened_daect, ReviewOpened(**fields)),
        "review_opened_daect.resubmitted": (emails.review_opened_daect, ReviewOpened(**again, resubmitted=True)),
        "submission_received": (emails.submission_received, ReviewOpened(**fields)),
        "submission_received.resubmitted": (emails.submission_received, ReviewOpened(**again, resubmitted=True)),
        "changes_requested": (
            emails.changes_requested,
            ReviewChangesRequested(**asked, **fields),
        ),
        "review_rejected": (emails.review_rejected, ReviewRejected(**reason, **fields)),
        "review_reopened": (emails.review_reopened, ReviewReopened(**fields)),
        "review_reopened_post": (emails.review_reopened_post, ReviewReopened(**fields)),
        "published": (emails.published, ReviewClosed(**fields, outcome="published")),
        "published_post": (emails.published_post, ReviewClosed(**fields, outcome="published")),
        "unpublished": (emails.unpublished, ReviewClosed(**reason, **fields, outcome="unpublished")),
        "withdrawn": (emails.withdrawn, ReviewClosed(**fields, outcome="withdrawn")),
        "withdrawn_post": (emails.withdrawn_post, ReviewClosed(**fields, outcome="withdrawn")),
        "account_confirmation": (emails.account_confirmation, created()),
    }


SUBSCRIBER: Final = Subscriber(
    id="0192f5b0-0000-7000-8000-0000000000aa", email="mairie@example.org", manage_token="bWFuYWdl-_1"
)


def saved(number: int, name: str, query: str, **changes: Any) -> SavedSearch:
    """A saved search."""
    fields: dict[str, Any] = {"id": f"s{number}", "name": name, "query": query, "frequency": "daily"}
    fields |= {"unsubscribe_token": f"c3RvcA-_{number}", **changes}
    return SavedSearch(**fields)


def matched(number: int, *searches: str, **changes: Any) -> MatchedSheet:
    """A sheet that these searches found."""
    project = record()["project"]
    fields: dict[str, Any] = {
        **{name: project[name] for name in ("kind", "language", "title", "summary", "themes")},
        "id": f"0192f5b0-7c1e-7d3a-9a52-{number:012}",
        "authority": "Ville de Pikine",
        "place": "Thiaroye",
        "countries": ["SN"],
        "searches": list(searches),
    }
    return MatchedSheet(**{**fields, **changes})


def alerts(**changes: Any) -> Mapping[str, tuple[Email, Event]]:
    """The e-mails of saved searches, and their variants; `changes` are fields of the events."""
    fields: dict[str, Any] = {"version": 3, "occurred_at": WHEN, "subscriber": SUBSCRIBER, **changes}
    water, senegal = saved(1, "« eau » · Sénégal", "q=eau&country=SN"), saved(2, "Marchés", "q=march%C3%A9")
    words = {"title": "إعادة تأهيل السوق القديم", "summary": "ترميم السوق القديم مع التجار."}
    arabic = matched(2, "s1", language="ar", countries=["LB"], **words)
    return {
        "alert": (
            alert_emails.alert,
            SearchMatched(searches=[water], sheets=[matched(1, "s1")], **fields),
        ),
        "alert.several": (
            alert_emails.alert,
            SearchMatched(searches=[water, senegal], sheets=[matched(1, "s1", "s2"), arabic], **fields),
        ),
        "alert_confirmation": (
            alert_emails.alert_confirmation,
            SearchConfirmationRequested(search=water, confirmation_token="secret-token_2", **fields),
        ),
    }


AUTHOR: Final = Correspondent("Awa Ndiaye", "sn-pikine@example.org", "fr", "a1")


def envelope(
    email: Email,
    to: Correspondent,
    reply_to: Correspondent | None = None,
    project: str | None = PROJECT,
    unsubscribe: str | None = None,
) -> Envelope:
    """The envelope of a mail about the project."""
    return Envelope(
        event_id="0192f5b0-0000-7000-8000-00000000000e",
        template=email.__name__,
        project=None if email is emails.account_confirmation else project,
        sender=DESK.sender,
        to=to,
        reply_to=reply_to,
        date=WHEN,
        unsubscribe=unsubscribe,
    )


def letter(email: Email, event: Event, language: Language, to: Correspondent | None = None) -> tuple[Rendered, bytes]:
    """The e-mail about an event, rendered and as a message."""
    post = Correspondent("Ambassade de France au Sénégal", "scac-dakar@example.org", language)
    writer = Correspondent("Awa Ndiaye", "sn-pikine@example.org", language, "a1")
    to_post = email.__name__.endswith(("_post", "_daect")) or email is emails.review_opened
    addressee, other = (post, writer) if to_post else (writer, post)
    if to is not None:
        addressee = to
    rendered = render(email.__name__, language, email(event, addressee, DESK))
    reply_to = None if email is emails.account_confirmation else other
    return rendered, compose(envelope(email, addressee, reply_to), rendered).content


def alert_letter(email: Email, event: Event, language: Language, address: str = "") -> tuple[Rendered, bytes]:
    """The e-mail about an event of saved searches, rendered and as a message."""
    assert isinstance(event, AlertEvent)
    to = Correspondent("", address or event.subscriber.email, language, event.subscriber.account)
    rendered = render(email.__name__, language, email(event, to, DESK))
    unsubscribe = alert_emails.unsubscribe_link(event, to, DESK)
    return rendered, compose(envelope(email, to, project=None, unsubscribe=unsubscribe), rendered).content
