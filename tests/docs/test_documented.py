"""The documentation says what the code has: settings, metrics, events, topics, commands, links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from backbone.contracts.events import EVENTS
from backbone.contracts.topics import TOPICS
from services.search import correcting, ranking, reaching, text, thesaurus, words
from tools import reference

ROOT = Path(__file__).parent.parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", reference.pages(), ids=lambda page: page.name)
def test_the_generated_pages_are_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == reference.pages()[page], "run: python -m tools.reference"


def test_every_setting_says_what_it_is_for() -> None:
    for service in reference.services():
        for name, field in reference.own_settings(service).items():
            assert field.description, f"{service}: {name}"


def test_every_event_and_topic_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "events" / "guide.md").read_text(encoding="utf-8")
    for topic in TOPICS:
        assert f"`{topic.name}`" in guide
    asyncapi = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "events").glob("asyncapi.*"))
    for event in EVENTS:
        assert event in asyncapi


def commands() -> list[str]:
    """The launcher's commands, as its help lists them."""
    helped = subprocess.run(
        [sys.executable, "-m", "deploy.launcher", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"^[ │]*\s{1,3}([a-z][a-z-]+)\s{2,}\S", helped, re.MULTILINE)


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = commands()
    assert {"up", "down", "status", "logs", "test", "bench", "demo", "reset"} <= set(found)
    for command in found:
        assert f"`{command}" in page or f"bourse {command}" in page, command


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


def test_the_page_of_the_order_names_the_weights_that_there_are() -> None:
    page = (ROOT / "docs" / "ranking.md").read_text(encoding="utf-8")
    rooms = {room: vars(room) for room in (words, text, ranking, reaching, correcting, thesaurus)}
    named = set(re.findall(r"`(_?[A-Z]{2}[A-Z_]*)`", page))
    assert len(named) > 20
    assert [name for name in sorted(named) if not any(name in there for there in rooms.values())] == []
    # every weight of the second step is on it, and they are one together: a fifth is all that they can take away
    weights = {name: rooms[ranking][name] for name in ("_SAID", "_OPEN", "_FRESH", "_COMPLETE")}
    assert weights.keys() <= named
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["_SAID"] >= 0.8
