"""Administration of the search: `python -m services.search.admin`, or `./bourse search`."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from backbone.admin import create_admin
from backbone.consumer import Consumer
from backbone.database import Database
from backbone.errors import Unavailable
from services.search import rebuild as rebuilding
from services.search import relevance
from services.search.app import consumer_of, database_of
from services.search.engine import Engine
from services.search.index import Index
from services.search.settings import Settings
from services.search.thesaurus import Thesaurus
from services.search.vocabulary import Vocabulary

console = Console()
errors = Console(stderr=True)


def _build() -> tuple[Database, Consumer[Any]]:
    settings = Settings()
    database = database_of(settings)
    return database, consumer_of(settings, database, Index(Engine(settings), settings))


app = create_admin("search", _build, Settings)


def _with_index(do: Callable[[Index, Settings], Awaitable[None]]) -> None:
    async def within() -> None:
        settings = Settings()
        engine = Engine(settings)
        try:
            await do(Index(engine, settings), settings)
        finally:
            await engine.stop()

    try:
        asyncio.run(within())
    except Unavailable as error:
        console.print(f"not now: {error}")
        raise typer.Exit(1) from error


@app.command()
def rebuild(
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on though the log lacks sheets that the present index has.")
    ] = False,
    accept_worse: Annotated[
        bool, typer.Option("--accept-worse", help="Go on though judged queries find worse in the new index.")
    ] = False,
) -> None:
    """Build a new index from bourse.publications alone and put it in the place of the old one; searches go on."""

    async def do(index: Index, settings: Settings) -> None:
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            task = bar.add_task("opening the log", total=None)
            done = await rebuilding.rebuild(
                index,
                settings,
                lambda what, count, total: bar.update(task, description=what, completed=count, total=total),
                accept_loss=accept_loss,
                accept_worse=accept_worse,
            )
        console.print(
            f"{done.sheets} sheets and {done.tombstones} tombstones in {done.seconds:.1f} s "
            f"({done.judging_seconds:.1f} s of it for judged queries): {done.index}",
            soft_wrap=True,
        )
        console.print(f"checksum {done.checksum}", soft_wrap=True)
        if done.refused:
            console.print(f"{done.refused} records were left out: see the log above", style="bold")

    try:
        _with_index(do)
    except rebuilding.AlreadyRebuildingError as error:
        console.print("another rebuild is under way: this one does nothing")
        raise typer.Exit(1) from error
    except (rebuilding.DiffersError, rebuilding.WorseError) as error:
        console.print(f"the new index was dropped and the old one stays: {error}", soft_wrap=True, markup=False)
        raise typer.Exit(1) from error


@app.command(name="relevance")
def show_relevance(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with what each query found.")] = False,
) -> None:
    """Ask the judged queries of the index at hand: the score of each, the worst first, of each kind, and the mean."""

    async def do(index: Index, settings: Settings) -> None:
        judgments = relevance.judged(settings.search_judgments)
        scores = await relevance.evaluate(index, judgments, thesaurus=await _thesaurus(index, settings))
        if as_json:
            console.print_json(data=relevance.report(scores) if scores else {"queries": []})
        elif scores:
            _show(scores)
        if left := len(judgments) - len(scores):
            errors.print(f"{left} of {len(judgments)} judged queries left out: their sheets are not in the index")

    _with_index(do)


async def _thesaurus(index: Index, settings: Settings) -> Thesaurus:
    """What the service searches with now."""
    database, vocabulary = database_of(settings), Vocabulary(index.engine)
    await database.start()
    try:
        await vocabulary.look(database)
    finally:
        await database.stop()
    return vocabulary.now


def _show(scores: Sequence[relevance.Score]) -> None:
    table = Table("nDCG@10", "best at", "nearly", "language", "kind", "query")
    for one in relevance.worst_first(scores):
        judgment = one.judgment
        place = "–" if one.best_at is None else str(one.best_at)
        nearly = "yes" if one.relaxed else ""
        table.add_row(f"{one.ndcg:.3f}", place, nearly, judgment.language, judgment.kind, escape(judgment.q))
    console.print(table)
    kinds = Table("kind", "queries", "mean nDCG@10", "best in the first three")
    for kind, of in [*relevance.by_kind(scores).items(), ("all", scores)]:
        first = sum(one.best_is_first for one in of)
        kinds.add_row(escape(kind), str(len(of)), f"{relevance.mean(of):.3f}", str(first))
    console.print(kinds)


@app.command()
def checksum() -> None:
    """Print the count and the checksum of the published sheets, as the catalogue prints its own."""

    async def do(index: Index, _: Settings) -> None:
        total = await index.checksum()
        console.print(f"{total.count} {total.hexdigest()}", soft_wrap=True)

    _with_index(do)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        app()
