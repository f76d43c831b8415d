"""The posts: their SQL, their seed, and what of them is public."""

from collections.abc import Sequence
from datetime import UTC, datetime

from backbone import outbox
from backbone.contracts import vocabularies
from backbone.contracts.events import PostRef, PostUpdated
from backbone.contracts.sheet import Contact, PublicContact, PublicPost, public_contact
from backbone.database import Database, Row, Transaction

DAECT = "daect"
_DAECT_NAME = {
    "fr": "Délégation pour l’action extérieure des collectivités territoriales (DAECT)",
    "en": "Delegation for the external action of local authorities (DAECT)",
}
_WITH_COUNTRIES = (
    "select posts.*, array(select country from post_countries where post = posts.code order by country) as countries"
    " from posts"
)


async def list_posts(tx: Transaction) -> list[Row]:
    return await tx.fetch(f"{_WITH_COUNTRIES} order by code")


async def find_post(tx: Transaction, code: str) -> Row | None:
    return await tx.fetchrow(f"{_WITH_COUNTRIES} where code = $1", code)


async def post_of(tx: Transaction, country: str) -> str | None:
    """The code of the post that covers a country, if one does."""
    return await tx.fetchval("select post from post_countries where country = $1", country)


async def covered_by_others(tx: Transaction, code: str, countries: Sequence[str]) -> dict[str, str]:
    """Of these countries, those that another post covers: country to post."""
    rows = await tx.fetch(
        "select country, post from post_countries where country = any($2::text[]) and post <> $1", code, list(countries)
    )
    return {row["country"]: row["post"] for row in rows}


async def save_post(
    tx: Transaction, code: str, *, countries: Sequence[str], contacts: Sequence[Contact], email: str | None
) -> Row:
    """Replace what a post covers and whom it names, and tell the readers."""
    await tx.execute(
        "update posts set version = version + 1, contacts = $2, email = $3, updated_at = now() where code = $1",
        code,
        [contact.model_dump(mode="json") for contact in contacts],
        email,
    )
    await tx.execute("delete from post_countries where post = $1 and country <> all($2::text[])", code, list(countries))
    await tx.execute(
        "insert into post_countries (country, post) select unnest($2::text[]), $1 on conflict do nothing",
        code,
        list(countries),
    )
    row = await find_post(tx, code)
    if row is None:
        raise LookupError(code)
    await outbox.emit(tx, updated(row))
    return row


def contacts_of(row: Row) -> list[Contact]:
    return [Contact.model_validate(contact) for contact in row["contacts"]]


def public_contacts(row: Row) -> list[PublicContact]:
    """The contacts of a post that were marked public."""
    return [shown for contact in contacts_of(row) if (shown := public_contact(contact)) is not None]


def public_post(row: Row) -> PublicPost:
    return PublicPost(code=row["code"], city=row["city"], name=row["name"], contacts=public_contacts(row))


def updated(row: Row) -> PostUpdated:
    """The event that tells of a post as it is now."""
    return PostUpdated(
        version=row["version"],
        occurred_at=datetime.now(UTC),
        code=row["code"],
        city=row["city"],
        country=row["country"],
        name=row["name"],
        countries=row["countries"],
        languages=row["languages"],
        lat=row["lat"],
        lon=row["lon"],
        time_zone=row["time_zone"],
        contacts=public_contacts(row),
    )


async def in_charge(tx: Transaction, code: str, daect_email: str) -> PostRef:
    """Who is written to for a review; the DAECT where there is no post, or one without an address."""
    row = await find_post(tx, code)
    if row is None:
        return PostRef(code=DAECT, name=_DAECT_NAME, email=daect_email, languages=["fr"])
    return PostRef(
        code=row["code"],
        name=row["name"],
        email=row["email"] or daect_email,
        languages=row["languages"],
        city=row["city"],
    )


class Seed:
    """Fills an empty table of posts with those that a new stack starts with; in a demonstration, with addresses."""

    def __init__(self, database: Database, *, demonstration: bool) -> None:
        self._database = database
        self._demonstration = demonstration

    @property
    def name(self) -> str:
        return "posts"

    async def start(self) -> None:
        async with self._database.transaction() as tx:
            await tx.execute("select pg_advisory_xact_lock(hashtext('seed posts'))")
            if await tx.fetchval("select exists (select from posts)"):
                return
            for seed in vocabularies.seed_posts():
                await self._add(tx, seed["code"], seed["covers"])

    async def _add(self, tx: Transaction, code: str, covers: Sequence[str]) -> None:
        seed = next(seed for seed in vocabularies.seed_posts() if seed["code"] == code)
        email = f"scac-{code}@example.org" if self._demonstration else None
        contacts = [_demonstration_contact(code)] if self._demonstration else []
        await tx.execute(
            "insert into posts (code, city, country, name, languages, lat, lon, time_zone, email, version)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
            code,
            seed["city"],
            seed["country"],
            seed["name"],
            seed["languages"],
            seed["location"]["lat"],
            seed["location"]["lon"],
            seed["time_zone"],
            email,
        )
        await save_post(tx, code, countries=covers, contacts=contacts, email=email)

    async def stop(self) -> None: ...

    async def check(self) -> str | None:
        return None


def _demonstration_contact(code: str) -> Contact:
    return Contact(
        name="Service de coopération et d’action culturelle",
        function="Démonstration",
        email=f"scac-{code}@example.org",
        public=True,
    )
