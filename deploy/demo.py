"""Loads the demonstration's sheets through the services' own HTTP APIs, as the authorities and the posts would.

`python -m deploy.demo --data DIR`, or `--status-file FILE` with what `./bourse status --json` prints (`-`: standard
input). Most sheets are published, some wait, some are sent back or rejected; which ones follows from their ref alone.
Run again, it goes on where it stopped and repeats nothing.
"""

import argparse
import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backbone.contracts import vocabularies
from deploy.demo_api import Api, RefusedError
from deploy.demo_pdf import document

ROOT: Final = Path(__file__).parent.parent
SHEETS: Final = ROOT / "data" / "demo"
AT_ONCE: Final = 8
_REVIEW_WITHIN_S: Final = 60.0
_FOUND_WITHIN_S: Final = 120.0

T = TypeVar("T")
Json = dict[str, Any]
Outcome = Literal["published", "waiting", "sent back", "rejected"]

_UNPUBLISHED: Final[tuple[tuple[Outcome, int], ...]] = (("waiting", 8), ("sent back", 5), ("rejected", 4))

_REASONS: Final[dict[Outcome, dict[str, list[str]]]] = {
    "sent back": {
        "fr": [
            "Le projet intéresse le poste. Merci de préciser le budget (ce qui est acquis, ce qui est cherché) et le"
            " calendrier, puis de redéposer la fiche.",
            "Merci de dire plus précisément ce qui est attendu du partenaire français : expertise, formation,"
            " cofinancement ? La fiche sera publiée dès cette précision apportée.",
        ],
        "en": [
            "The post finds this project of interest. Please detail the budget (what is secured, what is sought) and"
            " the calendar, then submit the sheet again.",
            "Please say more precisely what is expected of the French partner: expertise, training, co-funding? The"
            " sheet will be published as soon as this is clear.",
        ],
    },
    "rejected": {
        "fr": [
            "Ce projet est déjà accompagné par un autre programme jusqu’à son terme et n’appelle pas de second"
            " partenaire ; le poste reste à votre disposition pour préparer sa suite.",
            "Une fiche très proche de la même collectivité est déjà publiée : merci de la compléter plutôt que d’en"
            " déposer une seconde.",
        ],
        "en": [
            "This project is already supported by another programme until its end and does not call for a second"
            " partner; the post remains at your disposal to prepare what follows.",
            "A very similar sheet of the same authority is already published: please complete that one instead of"
            " submitting a second.",
        ],
    },
}
_ACTIONS: Final[dict[Outcome, tuple[str, str]]] = {
    "published": ("publish", "published"),
    "sent back": ("request-changes", "changes_requested"),
    "rejected": ("reject", "rejected"),
}


@dataclass(frozen=True)
class Sheet:
    """A sheet to be loaded, and what becomes of it."""

    authority: Json
    project: Json
    outcome: Outcome

    @property
    def ref(self) -> str:
        return str(self.project["ref"])

    @property
    def author(self) -> str:
        return f"{self.authority['ref']}@example.org"

    def reviewer(self) -> str:
        """The agent of the authority's country for a demand that a post covers, else the DAECT."""
        country = self.authority["country"]
        covered = any(country in post["covers"] for post in vocabularies.seed_posts())
        if self.project["kind"] == "offer" or not covered:
            return "daect@example.org"
        return f"agent-{country.lower()}@example.org"

    def words(self) -> Json:
        """What the reviewer says: nothing to publish, else a reason in French or English."""
        if self.outcome == "published":
            return {}
        reasons = _REASONS[self.outcome]["fr" if self.project["language"] == "fr" else "en"]
        which = _draw(self.ref) % len(reasons)
        if self.outcome == "rejected":
            return {"reason": reasons[which]}
        return {
            "reason": reasons[which],
            "fields": [["project.budget", "project.period"], ["project.partner_sought"]][which],
        }


def _draw(ref: str) -> int:
    return int.from_bytes(hashlib.sha256(ref.encode()).digest()[:8], "big")


def sheets(folder: Path = SHEETS) -> list[Sheet]:
    """The demonstration's sheets, each with its outcome, the same each time."""
    files = sorted(folder.glob("*.json"))
    records = [record for file in files for record in json.loads(file.read_text(encoding="utf-8"))]
    drawn = sorted(records, key=lambda record: _draw(record["project"]["ref"]))
    return [Sheet(record["authority"], record["project"], _outcome(rank)) for rank, record in enumerate(drawn)]


def _outcome(rank: int) -> Outcome:
    for outcome, count in _UNPUBLISHED:
        if rank < count:
            return outcome
        rank -= count
    return "published"


class Loader:
    """Takes the sheets through the chain."""

    def __init__(self, api: Api, chosen: Sequence[Sheet], console: Console) -> None:
        self._api = api
        self._sheets = chosen
        self._console = console
        self._ids: dict[str, str] = {}
        self._states: dict[str, str] = {}

    async def load(self) -> None:
        """All of it. Raises `RefusedError`."""
        authors = sorted({sheet.author for sheet in self._sheets})
        await self._each("Looking at what is there", authors, self._look)
        await self._each("Depositing", self._sheets, self._deposit)
        undecided = [sheet for sheet in self._sheets if self._is_undecided(sheet)]
        await self._each("Deciding", undecided, self._decide)
        await self._until_found()

    def _is_undecided(self, sheet: Sheet) -> bool:
        return sheet.outcome != "waiting" and self._states[sheet.ref] in {"submitted", "in_review"}

    async def _look(self, author: str) -> None:
        """Remember the author's projects by their ref."""
        cursor: str | None = None
        while True:
            query = {"size": 100, **({"cursor": cursor} if cursor else {})}
            page = (await self._api.call("submission", "GET", "/projects", who=author, params=query)).body
            for item in page["items"]:
                self._remember(item)
            cursor = page["cursor"]
            if cursor is None:
                return

    def _remember(self, item: Json) -> None:
        ref = item["project"].get("ref")
        if ref is not None:
            self._ids[ref], self._states[ref] = item["id"], item["state"]

    async def _deposit(self, sheet: Sheet) -> None:
        """Draft, documents, submission; from where it stopped."""
        if self._states.get(sheet.ref, "draft") != "draft":
            return
        if sheet.ref in self._ids:
            path = f"/projects/{self._ids[sheet.ref]}"
            draft = (await self._api.call("submission", "GET", path, who=sheet.author)).body
        else:
            deposit, key = {"project": sheet.project}, f"demo-{sheet.ref}"
            draft = (
                await self._api.call("submission", "POST", "/projects", who=sheet.author, key=key, json=deposit)
            ).body
        self._remember(draft)
        path = f"/projects/{draft['id']}"
        for number, announced in enumerate(draft["project"].get("documents", ())):
            if not announced.get("id"):
                await self._attach(sheet, path, number, announced)
        # 409: the answer to a first submission was lost on its way
        await self._api.call("submission", "POST", f"{path}/submit", who=sheet.author, accepted=(200, 409))
        self._states[sheet.ref] = "submitted"

    async def _attach(self, sheet: Sheet, path: str, number: int, announced: Json) -> None:
        content = document(announced["title"], sheet.authority, sheet.project)
        await self._api.call(
            "submission",
            "POST",
            f"{path}/documents",
            who=sheet.author,
            key=f"demo-{sheet.ref}-{number}",
            files={"file": (f"{sheet.ref}-{number + 1}.pdf", content, "application/pdf")},
            data={"title": announced["title"], "language": announced.get("language") or sheet.project["language"]},
        )

    async def _decide(self, sheet: Sheet) -> None:
        """The post's decision, as soon as the submission reached its queue."""
        action, state = _ACTIONS[sheet.outcome]
        path = f"/reviews/{self._ids[sheet.ref]}/{action}"
        end = time.monotonic() + _REVIEW_WITHIN_S
        while True:
            answer = await self._api.call(
                "moderation", "POST", path, who=sheet.reviewer(), accepted=(200, 404, 409), json=sheet.words()
            )
            if answer.status == 200 or (answer.status == 409 and answer.body.get("state") == state):
                self._states[sheet.ref] = state
                return
            if answer.status == 409 or time.monotonic() > end:
                raise RefusedError(f"{sheet.ref} cannot be {sheet.outcome}: {answer.body}")
            await asyncio.sleep(0.2)

    async def _until_found(self) -> None:
        """Wait until the search shows every published sheet."""
        wanted = {self._ids[sheet.ref] for sheet in self._sheets if self._states[sheet.ref] == "published"}
        end = time.monotonic() + _FOUND_WITHIN_S
        while missing := wanted - await self._found():
            if time.monotonic() > end:
                raise RefusedError(f"the search lacks {len(missing)} of {len(wanted)} published sheets")
            await asyncio.sleep(0.3)
        self._console.print(f"The search shows all {len(wanted)} published sheets.")

    async def _found(self) -> set[str]:
        found: set[str] = set()
        cursor: str | None = None
        while True:
            query = {"size": 100, **({"cursor": cursor} if cursor else {})}
            page = (await self._api.call("search", "GET", "/projects", params=query)).body
            found |= {item["id"] for item in page["items"]}
            cursor = page["cursor"]
            if cursor is None:
                return found

    async def _each(self, what: str, things: Sequence[T], do: Callable[[T], Awaitable[None]]) -> None:
        """Do it for all, a few at a time, and show how far it is. Raises the first `RefusedError`."""
        began = time.monotonic()
        places = asyncio.Semaphore(AT_ONCE)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            task = progress.add_task(what, total=len(things))

            async def one(thing: T) -> None:
                async with places:
                    await do(thing)
                progress.advance(task)

            try:
                async with asyncio.TaskGroup() as group:
                    for thing in things:
                        group.create_task(one(thing))
            except* RefusedError as refused:
                raise refused.exceptions[0] from None
        self._console.print(f"{what}: {len(things)} in {time.monotonic() - began:.1f} s")


def status_of(data: Path | None, file: str | None) -> Json:
    """The stack's status, from a file, from standard input (`-`) or from the launcher. Raises `RefusedError`."""
    if file == "-":
        return dict(json.load(sys.stdin))
    if file is not None:
        return dict(json.loads(Path(file).read_text(encoding="utf-8")))
    told = [str(ROOT / "bourse"), "status", "--json", *(["--data", str(data)] if data else [])]
    answer = subprocess.run(told, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RefusedError(f"./bourse status failed: {answer.stderr.strip()}")
    return dict(json.loads(answer.stdout))


async def load(status: Json, console: Console) -> None:
    """Load the demonstration into the stack with this status. Raises `RefusedError`."""
    password = status.get("demonstration", {}).get("password")
    if not password:
        raise RefusedError("this stack is not a demonstration: it has no demonstration accounts")
    api = Api({name: service["url"] for name, service in status["services"].items()}, password)
    try:
        await Loader(api, sheets(), console).load()
    finally:
        await api.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 where all is loaded."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description="Load the demonstration's sheets.")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, help="the stack's folder, as given to ./bourse")
    source.add_argument("--status-file", help="what ./bourse status --json printed; - for standard input")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    try:
        asyncio.run(load(status_of(options.data, options.status_file), console))
    except RefusedError as refused:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"Not loaded: {refused}", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
