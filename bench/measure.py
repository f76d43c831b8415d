"""What a measurement is: figures with their unit, beside the raw engine in the same run."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was reached, the raw engine beside it, their ratio, and the bar that was set."""

    name: str
    reached: float
    unit: str
    raw: float | None = None
    bar: str = ""
    held: bool | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.raw else self.reached / self.raw

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "ratio": self.ratio}


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
