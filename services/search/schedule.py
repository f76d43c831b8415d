"""When alerts are due: pure functions of a clock that is given."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from backbone.contracts.vocabularies import Frequency

ZONE: Final = ZoneInfo("Europe/Paris")
MONDAY: Final = 0


def due(frequency: Frequency, found_at: datetime, hour: int) -> datetime:
    """When a match found at `found_at` (with its zone) is told: at once, or at the next `hour` in Paris, of a Monday.

    An hour that the clock skips in spring is told when it has been skipped; one that it repeats in autumn, at the
    first.
    """
    if frequency == "immediate":
        return found_at
    here = found_at.astimezone(ZONE)
    day = here.date()
    while True:
        slot = datetime.combine(day, time(hour), ZONE)
        # compared in UTC: Python compares times of one zone by what their clocks show
        if slot.timestamp() >= found_at.timestamp() and (frequency == "daily" or day.weekday() == MONDAY):
            return slot.astimezone(UTC)
        day += timedelta(days=1)
