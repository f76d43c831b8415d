"""The events. Each is self-sufficient: it carries the whole state that its readers need, and nobody calls back.

`version` grows with every change of the aggregate in the service that emits: a projection refuses an older one.
`revision` is the sheet's, the number of its submitted states.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from backbone.contracts import topics
from backbone.contracts.sheet import Authority, PublicContact, PublicSheet, Record
from backbone.contracts.vocabularies import Continent, Frequency, Kind, SheetLanguage


class Event(BaseModel):
    """What happened to one aggregate. `TYPE` is the CloudEvents type, `TOPIC` where it goes, `key` the aggregate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str]
    TOPIC: ClassVar[topics.Topic]

    version: int = Field(ge=1)
    occurred_at: datetime

    @property
    def key(self) -> str:
        """The aggregate's id, the record's key in Kafka."""
        raise NotImplementedError(type(self).__name__)


class Person(BaseModel):
    """An account as the e-mails need it; `language` is an ISO 639-1 code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    email: str
    name: str
    language: str = "fr"


class PostRef(BaseModel):
    """The post in charge, as the e-mails need it. The DAECT stands in with code `daect` where no post covers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: Mapping[str, str]
    email: str
    languages: list[str]
    city: str = ""


class ProjectEvent(Event):
    project: str
    revision: int = Field(ge=1)

    @property
    def key(self) -> str:
        return self.project


class Submission(ProjectEvent):
    """The submitted state: the record as checked, who deposited it and, where an agent did, on whose behalf."""

    TOPIC = topics.SUBMISSIONS

    record: Record
    author: Person
    on_behalf: bool = False
    demonstration: bool = False


class ProjectSubmitted(Submission):
    """Emitted by submission when a draft is submitted for the first time."""

    TYPE = "org.bourse-projets.project.submitted.v1"


class ProjectRevised(Submission):
    """Emitted by submission when a new revision of a sheet already submitted is submitted."""

    TYPE = "org.bourse-projets.project.revised.v1"


class ProjectWithdrawn(ProjectEvent):
    """Emitted by submission when the author withdraws a submitted sheet."""

    TYPE = "org.bourse-projets.project.withdrawn.v1"
    TOPIC = topics.SUBMISSIONS

    author: Person


class Review(ProjectEvent):
    """The state of a review: the record under review, its author and the post in charge."""

    TOPIC = topics.REVIEWS

    record: Record
    author: Person
    post: PostRef
    demonstration: bool = False


class ReviewOpened(Review):
    """Emitted by moderation when a submitted revision enters the post's queue; `resubmitted` after the first time."""

    TYPE = "org.bourse-projets.review.opened.v1"

    resubmitted: bool = False


class FieldRemark(BaseModel):
    """What the post asks to change in one field; `field` is its path, such as `project.budget`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    remark: str = ""


class ReviewChangesRequested(Review):
    """Emitted by moderation when the post asks the author for changes."""

    TYPE = "org.bourse-projets.review.changes-requested.v1"

    reason: str
    fields: list[FieldRemark] = Field(default_factory=list[FieldRemark])


class ReviewRejected(Review):
    """Emitted by moderation when the post rejects the sheet."""

    TYPE = "org.bourse-projets.review.rejected.v1"

    reason: str


class ReviewReopened(Review):
    """Emitted by moderation when a decided review goes back to the queue."""

    TYPE = "org.bourse-projets.review.reopened.v1"


class ReviewClosed(Review):
    """Emitted by moderation when a review ends: the sheet is published, unpublished, or was withdrawn."""

    TYPE = "org.bourse-projets.review.closed.v1"

    outcome: Literal["published", "unpublished", "withdrawn"]
    reason: str | None = None


class ProjectPublished(ProjectEvent):
    """Emitted by moderation when a sheet is published, and again for each later change of what is public of it."""

    TYPE = "org.bourse-projets.project.published.v1"
    TOPIC = topics.PUBLICATIONS

    sheet: PublicSheet


class ProjectUnpublished(ProjectEvent):
    """Emitted by moderation when a published sheet leaves the public; kept, so that a rebuild knows it is gone."""

    TYPE = "org.bourse-projets.project.unpublished.v1"
    TOPIC = topics.PUBLICATIONS


class PostUpdated(Event):
    """Emitted by moderation for each post at its start and at every change: public, professional contacts only."""

    TYPE = "org.bourse-projets.post.updated.v1"
    TOPIC = topics.POSTS

    code: str
    city: str
    country: str
    name: Mapping[str, str]
    countries: list[str]
    languages: list[str]
    lat: float
    lon: float
    time_zone: str
    contacts: list[PublicContact] = Field(default_factory=list[PublicContact])

    @property
    def key(self) -> str:
        return self.code


class ProjectStateChanged(Event):
    """Emitted by moderation at each change of a project's state: for statistics, without any name or text."""

    TYPE = "org.bourse-projets.project.state-changed.v1"
    TOPIC = topics.ACTIVITY

    project: str
    revision: int
    kind: Kind
    countries: list[str]
    continents: list[Continent]
    themes: list[str]
    from_state: str
    to_state: str

    @property
    def key(self) -> str:
        return self.project


class AccountEvent(Event):
    TOPIC = topics.ACCOUNTS

    account: str

    @property
    def key(self) -> str:
        return self.account


class AccountCreated(AccountEvent):
    """Emitted by accounts when someone registers; `verification_token` goes into the e-mail that confirms it."""

    TYPE = "org.bourse-projets.account.created.v1"

    email: str
    name: str
    language: str
    role: str
    authority: Authority | None = None
    verification_token: str


class AccountVerified(AccountEvent):
    """Emitted by accounts when the owner of an account confirmed its e-mail address."""

    TYPE = "org.bourse-projets.account.verified.v1"

    email: str
    name: str
    language: str


class AccountDeleted(AccountEvent):
    """Emitted by accounts when an account is deleted: who keeps personal data of it forgets it."""

    TYPE = "org.bourse-projets.account.deleted.v1"


class Subscriber(BaseModel):
    """Who saved searches: `account` where it is the owner of one; `manage_token` opens all searches of this address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    account: str | None = None
    email: str
    language: SheetLanguage = "fr"
    manage_token: str


class SavedSearch(BaseModel):
    """A saved search as the e-mails name it: `query` is its query string; `unsubscribe_token` ends it, and only it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    query: str
    frequency: Frequency
    unsubscribe_token: str


class MatchedSheet(BaseModel):
    """A published sheet that saved searches found: its card, and the ids of those `searches`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Kind
    language: SheetLanguage
    title: str
    summary: str
    authority: str
    place: str
    countries: list[str]
    themes: list[str]
    demonstration: bool = False
    searches: list[str]


class AlertEvent(Event):
    TOPIC = topics.ALERTS

    subscriber: Subscriber
    demonstration: bool = False

    @property
    def key(self) -> str:
        return self.subscriber.account or self.subscriber.id


class SearchConfirmationRequested(AlertEvent):
    """Emitted by search when someone without an account saves a search: `confirmation_token` goes into the e-mail."""

    TYPE = "org.bourse-projets.search.confirmation-requested.v1"

    search: SavedSearch
    confirmation_token: str


class SearchMatched(AlertEvent):
    """Emitted by search when the alerts of a person are due: all that is told in one e-mail, each sheet once."""

    TYPE = "org.bourse-projets.search.matched.v1"

    searches: list[SavedSearch] = Field(min_length=1)
    sheets: list[MatchedSheet] = Field(min_length=1)


_ALL: tuple[type[Event], ...] = (
    ProjectSubmitted,
    ProjectRevised,
    ProjectWithdrawn,
    ReviewOpened,
    ReviewChangesRequested,
    ReviewRejected,
    ReviewReopened,
    ReviewClosed,
    ProjectPublished,
    ProjectUnpublished,
    PostUpdated,
    ProjectStateChanged,
    AccountCreated,
    AccountVerified,
    AccountDeleted,
    SearchConfirmationRequested,
    SearchMatched,
)

EVENTS: Final[Mapping[str, type[Event]]] = {event.TYPE: event for event in _ALL}
