"""What a stack starts with: the first signing key and, in a demonstration, its accounts."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import structlog

from backbone.contracts import vocabularies
from backbone.contracts.sheet import Authority
from backbone.database import Database, Transaction
from services.accounts import keys, repository
from services.accounts.passwords import Passwords
from services.accounts.settings import Settings

log = structlog.get_logger()
DOMAIN: Final = "example.org"


class FirstStart:
    """Makes what is missing, once, as soon as the database is there. Replicas that start together agree."""

    name = "first start"

    def __init__(self, database: Database, passwords: Passwords, settings: Settings) -> None:
        self._database = database
        self._passwords = passwords
        self._settings = settings

    async def start(self) -> None:
        async with self._database.transaction() as tx:
            await keys.ensure_key(tx)
        password = self._settings.demonstration_password
        if self._settings.demonstration and password:
            records = authorities(self._settings.demonstration_data)
            async with self._database.transaction() as tx:
                count = await seed(tx, self._passwords, password.get_secret_value(), records)
            log.info("demonstration accounts are there", count=count)

    async def stop(self) -> None:
        return

    async def check(self) -> str | None:
        return None


async def seed(tx: Transaction, passwords: Passwords, password: str, records: list[dict[str, Any]]) -> int:
    """Make the demonstration accounts, or bring them up to date; how many there are.

    One hash serves them all: hashing one password two hundred times would take seconds and protect nothing more.
    """
    await repository.lock_seeding(tx)
    hashed = await repository.demonstration_hash(tx)
    if hashed is None or not await passwords.verify(password, hashed):
        hashed = await passwords.hash(password)
    accounts = [*agents(), *offices(), *(_member(record) for record in records)]
    await repository.seed_authorities(tx, records)
    await repository.seed_accounts(tx, accounts, hashed)
    return len(accounts)


def agents() -> Iterable[dict[str, Any]]:
    """An agent for every country that a post covers."""
    for post in vocabularies.seed_posts():
        language = post["languages"][0]
        name = f"{post['name'].get(language, post['name']['fr'])}, {post['city']}"
        for country in post["covers"]:
            yield _account(
                f"agent-{country.lower()}", name, language, "agent", post=post["code"], countries=list(post["covers"])
            )


def offices() -> Iterable[dict[str, Any]]:
    """The central office and the administrator."""
    yield _account("daect", "DAECT", "fr", "daect")
    yield _account("admin", "Administration", "fr", "admin")


def authorities(folder: Path) -> list[dict[str, Any]]:
    """Each authority of the demonstration sheets once, checked, its contact made public: nobody real is named."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.json")):
        for record in json.loads(file.read_text(encoding="utf-8")):
            shown = record["authority"]
            contact = {**shown["contact"], "public": True}
            authority = Authority.model_validate({**shown, "contact": contact})
            found.setdefault(shown["ref"], authority.model_dump(mode="json"))
    return list(found.values())


def _member(record: Mapping[str, Any]) -> dict[str, Any]:
    spoken = [language for language in record["languages"] if language in vocabularies.LANGUAGES]
    language = spoken[0] if spoken else "fr"
    return _account(record["ref"], record["contact"]["name"], language, "authority", authority=record["ref"])


def _account(local: str, name: str, language: str, role: str, **more: Any) -> dict[str, Any]:
    email = f"{local}@{DOMAIN}"
    # the same id in every stack: a demonstration made anew keeps its links
    account = str(uuid5(NAMESPACE_URL, f"mailto:{email}"))
    said = {"id": account, "email": email, "name": name, "language": language, "role": role}
    return {"authority": None, "post": None, "countries": (), **said, **more}
