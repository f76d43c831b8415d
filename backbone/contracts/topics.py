"""The topics: what each is keyed by, how long it is kept and who may read it."""

from dataclasses import dataclass
from typing import Final, Literal

DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True)
class Topic:
    """A Kafka topic. `retention_ms` None keeps it for ever; a compacted topic keeps the last event of each key."""

    name: str
    key: str
    access: Literal["public", "internal"]
    compacted: bool = False
    retention_ms: int | None = None
    partitions: int = 6


SUBMISSIONS: Final = Topic("bourse.submissions", "project", "internal", retention_ms=30 * DAY_MS)
REVIEWS: Final = Topic("bourse.reviews", "project", "internal", retention_ms=30 * DAY_MS)
PUBLICATIONS: Final = Topic("bourse.publications", "project", "public", compacted=True)
POSTS: Final = Topic("bourse.posts", "post", "public", compacted=True, partitions=1)
ACTIVITY: Final = Topic("bourse.activity", "project", "public")
ACCOUNTS: Final = Topic("bourse.accounts", "account", "internal", retention_ms=7 * DAY_MS, partitions=3)
ALERTS: Final = Topic("bourse.alerts", "subscriber", "internal", retention_ms=7 * DAY_MS, partitions=3)

TOPICS: Final = (SUBMISSIONS, REVIEWS, PUBLICATIONS, POSTS, ACTIVITY, ACCOUNTS, ALERTS)
