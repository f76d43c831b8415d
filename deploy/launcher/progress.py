"""What a start shows: bars on a terminal, a line for each event where the output is a file."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def downloading(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A bar over `total` bytes; the function it gives is told the bytes of each part that is there."""
    if not console.is_terminal:
        console.print(f"Downloading {what} ({total / 1e6:.0f} MB; the first start only) ...")
        yield lambda _: None
        return
    columns = (TextColumn("Downloading {task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda size: progress.advance(task, size)


class Steps:
    """The parts of a start and which of them are ready."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._shown: set[str] = set()
        self._began = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("Starting", total=len(names))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._progress.stop()

    def show(self, ready: Sequence[str]) -> None:
        """Show which parts are ready now."""
        waited = [name for name in self._names if name not in ready]
        text = "Waiting for " + ", ".join(waited) if waited else "All is ready"
        self._progress.update(self._task, completed=len(self._names) - len(waited), description=text)
        if not console.is_terminal:
            for name in ready:
                if name not in self._shown:
                    console.print(f"  {name} ready after {time.monotonic() - self._began:.1f} s")
        self._shown |= set(ready)
