"""What an embedded engine is to its supervisor."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class EngineError(Exception):
    """An engine cannot be prepared; the message is for the user."""


@dataclass(frozen=True)
class Launch:
    """How to start one process: `user` is a (uid, gid) to start it as, instead of the caller's own."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: tuple[int, int] | None = field(default=None)


class Engine(Protocol):
    """An engine with its data in one folder, started as a child process of the supervisor."""

    @property
    def name(self) -> str: ...

    def launch(self) -> Launch:
        """Prepare the folder (first start, leftovers of a killed one) and say how to start. May take seconds.

        Raises:
            EngineError: it cannot be prepared.
        """
        ...

    def is_ready(self) -> bool:
        """Whether it answers now."""
        ...
