"""What the tests of rebuilds share."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from backbone.contracts.checksum import SheetsChecksum
from backbone.contracts.sheet import PublicSheet
from tests.integration.search.running import Running, ready, until
from tests.integration.search.sheets import publication
from tests.integration.search.test_events import settled


async def at_rest(running: Running) -> None:
    """Wait until the index has all that was sent."""
    await until(lambda: ready(running.http))
    await settled(running)


def same(one: SheetsChecksum, other: SheetsChecksum) -> bool:
    return (one.count, one.hexdigest()) == (other.count, other.hexdigest())


def new_word() -> str:
    """A word of letters alone that no other sheet says."""
    return "".join(chr(ord("a") + int(figure, 16)) for figure in uuid4().hex)


async def judged(running: Running, folder: Path) -> tuple[Any, PublicSheet]:
    """Settings with a judged query of a deployment, and the sheet that it looks for."""
    word = new_word()
    event = publication(ref=f"xx-{word}", title=f"Moulins du Logone {word}")
    await running.send(event)
    await until(lambda: running.has(event.project))
    file = folder / "judgments.json"
    grades = {event.sheet.ref: 3}
    file.write_text(json.dumps([{"q": f"moulins {word}", "language": "fr", "kind": "word", "grades": grades}]))
    return running.settings.model_copy(update={"search_judgments": file}), event.sheet
