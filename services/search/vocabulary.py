"""The thesaurus as it is now: what the service began with, and what the DAECT changed since.

A change is in PostgreSQL; every replica looks for a newer one every two seconds. Searches go on with what they had
where the database is away.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from backbone.components import Supervised
from backbone.contracts.text import Code, Country, ThemeCode
from backbone.contracts.vocabularies import SheetLanguage
from backbone.database import Database, Transaction
from backbone.errors import FieldError, Invalid, NotFound, Unavailable
from backbone.http import if_match
from services.search import thesaurus_repository as repository
from services.search.engine import Engine
from services.search.lexicon import Terms, terms_of
from services.search.spelling import keys
from services.search.thesaurus import LONGEST_NAME, Concept, Form, Thesaurus, seed

LOOK_EVERY_S: Final = 2.0
MOST_FORMS: Final = 50  # of a concept in one language
Origin = Literal["seed", "changed", "added"]


class Content(BaseModel):
    """A concept as the DAECT writes it: its forms by language, the preferred one first; the rest as in `Concept`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forms: dict[SheetLanguage, list[Form]]
    theme: ThemeCode | None = None
    near: list[Code] = Field(default_factory=list[Code], max_length=50)
    countries: list[Country] = Field(default_factory=list[Country], max_length=100)


@dataclass(frozen=True)
class Entry:
    """A concept with where it comes from and its version (0 for one of the seed)."""

    concept: Concept
    origin: Origin
    version: int

    def as_json(self) -> dict[str, Any]:
        return {**self.concept.model_dump(mode="json"), "origin": self.origin}


class Vocabulary:
    """The thesaurus that searches are answered with, its names cut by the engine; another one after a change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        seed()  # read before anything is answered
        self._now: Thesaurus | None = None
        self._version = -1

    @property
    def now(self) -> Thesaurus:
        """Raises `Unavailable` until it was first had."""
        if self._now is None:
            raise Unavailable("the thesaurus is not ready yet")
        return self._now

    async def take(self, thesaurus: Thesaurus, version: int = 0) -> None:
        """Answer with this one from here on. Raises `Unavailable`."""
        known: Terms = self._now.terms if self._now else {}
        new = {
            language: [name for name in names if (language, name) not in known]
            for language, names in thesaurus.names().items()
        }
        terms = {**known, **await terms_of(self._engine, new)}
        self._now, self._version = replace(thesaurus, terms=terms), version

    async def look(self, database: Database) -> None:
        """Take up what was changed since the last look, by this process or another one."""
        async with database.connection() as tx:
            newest = await repository.newest_version(tx)
            if newest == self._version:
                return
            rows = await repository.changes(tx)
        changes = {row["id"]: _concept(row["concept"]) for row in rows}
        # beside the searches that go on: there are many names to put in order
        changed = await asyncio.to_thread(seed().changed, changes) if changes else seed()
        await self.take(changed, max((row["version"] for row in rows), default=0))


class VocabularyKeeper(Supervised):
    """Keeps the vocabulary of this process up to date."""

    def __init__(self, vocabulary: Vocabulary, database: Database) -> None:
        super().__init__("vocabulary", self._keep)
        self._vocabulary = vocabulary
        self._database = database

    async def _keep(self) -> None:
        while True:
            await self._vocabulary.look(self._database)
            self.well()
            await asyncio.sleep(LOOK_EVERY_S)


def _concept(content: Any) -> Concept | None:
    return None if content is None else Concept.model_validate(content)


async def entries(tx: Transaction) -> dict[str, Entry]:
    """All concepts by id, as the database has them now."""
    found = {concept.id: Entry(concept, "seed", 0) for concept in seed().concepts.values()}
    for row in await repository.changes(tx):
        concept = _concept(row["concept"])
        if concept is None:
            found.pop(row["id"], None)
        else:
            origin: Origin = "changed" if row["id"] in seed().concepts else "added"
            found[row["id"]] = Entry(concept, origin, row["version"])
    return dict(sorted(found.items()))


async def entry(tx: Transaction, concept: str) -> Entry:
    """One concept. Raises `NotFound`."""
    found = (await entries(tx)).get(concept)
    if found is None:
        raise NotFound(f"there is no concept {concept[:100]}")
    return found


async def save(tx: Transaction, concept: str, content: Content, match: str | None, account: str) -> tuple[Entry, bool]:
    """Write a concept, new or in the place of the present one; whether it is new. Raises `Stale`, `Invalid`."""
    held = await repository.change_of(tx, concept)
    known = await entries(tx)
    there = known.get(concept)
    if_match(match, there.version if there else held["version"] if held else 0)
    made = _checked(concept, content, known)
    version = await repository.save_change(tx, concept, made.model_dump(mode="json"), account)
    return Entry(made, "changed" if concept in seed().concepts else "added", version), there is None


async def remove(tx: Transaction, concept: str, match: str | None, account: str) -> None:
    """Take a concept away. Raises `NotFound`, `Stale`."""
    await repository.change_of(tx, concept)
    if_match(match, (await entry(tx, concept)).version)
    await repository.save_change(tx, concept, None, account)


def _checked(concept: str, content: Content, known: dict[str, Entry]) -> Concept:
    errors: list[FieldError] = []
    for language, forms in content.forms.items():
        if len(forms) > MOST_FORMS:
            errors.append(FieldError(f"forms.{language}", f"must be at most {MOST_FORMS}", "too_long"))
        for place, form in enumerate(forms):
            if len(form) > 100 or not 1 <= len(keys(form)) <= LONGEST_NAME:
                detail = f"must have 1 to {LONGEST_NAME} words and at most 100 characters"
                errors.append(FieldError(f"forms.{language}.{place}", detail, "form"))
    if not any(content.forms.values()):
        errors.append(FieldError("forms", "must have at least one form", "missing"))
    errors += [
        FieldError(f"near.{place}", "must be the id of a concept", "unknown_concept")
        for place, other in enumerate(content.near)
        if other not in known
    ]
    if errors:
        raise Invalid(errors=errors)
    return Concept(id=concept, **content.model_dump())
