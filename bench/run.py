"""`./bourse bench`: what the stack reaches beside its raw engines, in one run; a table, and the same as JSON.

./bourse bench                      everything, on a stack of its own
./bourse bench submissions search   some of it
./bourse bench search --sheets 12000,120000,1200000   at these sizes (the first two by default)
./bourse bench --json FILE          where the JSON goes (bench/results/ by default)

1,200,000 sheets take some 25 minutes, 20 GB of disk, and BOURSE_SEARCH_HEAP=2g for the engine.
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from bench import latency, scale, searching, submissions, web
from bench.measure import Figure
from bench.stack import BASE_PORT, ROOT, Client, Stack, bourse, status, up

NAMES = ("start", "submissions", "latency", "search", "web", "rebuild", "memory")
console = Console()


async def _measure(stack: Stack, names: Sequence[str], sizes: Sequence[int], rebuilt: int) -> list[Figure]:
    figures: list[Figure] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
        client = Client(stack, session)
        if "latency" in names:
            console.print("delays …")
            figures += await latency.measure(stack, client)
        if "submissions" in names:
            console.print("submissions …")
            figures += await submissions.measure(stack, client)
        pages = web.prepare(stack) if "web" in names else ()
        loaded = 0
        if "web" in names:
            figures.append(await _loaded(stack, client, searching.SHEETS))
            loaded = searching.SHEETS
            console.print("pages …")
            figures += await web.measure(stack, pages)
        if "rebuild" in names:
            if rebuilt > loaded:
                figures.append(await _loaded(stack, client, rebuilt, loaded))
            console.print("rebuilds …")
            figures += await searching.measure_rebuild(stack)
        if "search" in names:  # the last: it puts an index of its own in the place of the stack's
            figures += await scale.measure(stack, sizes)
    return figures


async def _loaded(stack: Stack, client: Client, count: int, already: int = 0) -> Figure:
    console.print(f"loading {count - already:,} sheets …")
    seconds = await searching.load(stack, client, count, already)
    return Figure("indexed from the log", (count - already) / seconds, "sheets/s")


def _sizes(text: str) -> list[int]:
    return sorted({int(size) for size in text.split(",")})


def _memory(data: Path) -> list[Figure]:
    now = status(data)
    processes: dict[str, float] = {
        **{name: entry["rss_mb"] for name, entry in now["services"].items()},
        **{f"engine {name}": entry["rss_mb"] for name, entry in now["engines"].items()},
        "mail catcher": now["mail"]["rss_mb"],
        "supervisor": now["supervisor"]["rss_mb"],
    }
    figures = [Figure(f"memory: {name}", rss, "MB") for name, rss in processes.items()]
    whole = sum(processes.values())
    return [*figures, Figure("memory: all of it", whole, "MB", None, "≤ 2560 MB", whole <= 2560)]


def _show(figures: Sequence[Figure]) -> None:
    table = Table("measure", "reached", "raw engine", "ratio", "bar", "held")
    for figure in figures:
        raw = "" if figure.raw is None else f"{figure.raw:,.1f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        held = "" if figure.held is None else ("yes" if figure.held else "NO")
        table.add_row(figure.name, f"{figure.reached:,.1f} {figure.unit}", raw, ratio, figure.bar, held)
    console.print(table)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./bourse bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--sheets", type=_sizes, default=[12_000, 120_000], help="sizes of `search`, by commas")
    parser.add_argument("--rebuilt", type=int, default=searching.SHEETS, help="sheets of `rebuild`, at least")
    parser.add_argument("--base-port", type=int, default=BASE_PORT, help="of the stack that is measured")
    parser.add_argument("--json", type=Path, help="where the figures go as JSON")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    names = options.names or NAMES
    target = options.json or ROOT / "bench" / "results" / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    with tempfile.TemporaryDirectory(prefix="bourse-bench-") as folder:
        data = Path(folder) / "stack"
        console.print("starting a stack …")
        stack, seconds = up(data, options.base_port)
        figures = [Figure("start with demonstration data", seconds, "s")] if "start" in names else []
        try:
            if "memory" in names:
                figures += _memory(data)
            figures += asyncio.run(_measure(stack, names, options.sheets, options.rebuilt))
        finally:
            bourse(data, "down")
        if "start" in names:
            _, again = up(data, options.base_port)
            figures.append(Figure("start again", again, "s", None, "≤ 30 s", again <= 30))
            bourse(data, "down")
    _show(figures)
    target.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    target.write_text(json.dumps({"machine": machine, "figures": [figure.as_json() for figure in figures]}, indent=1))
    console.print(f"written to {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
