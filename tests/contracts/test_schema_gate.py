"""The committed schemas are current, say what the models say, and cannot be changed under their readers."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict

from backbone.contracts import schema_gate
from backbone.contracts.compatibility import changes
from backbone.contracts.events import EVENTS, Event, ProjectPublished
from backbone.contracts.schema_gate import committed, current, incompatibilities, main, verdict
from backbone.contracts.sheet import PublicSheet, Record, public_sheet
from tests.builders import record, submitted

PUBLISHED = ProjectPublished.TYPE
Plant = Callable[[dict[str, Any]], object]


def sheet() -> PublicSheet:
    now = datetime.now(UTC)
    return public_sheet(
        Record.model_validate(record()),
        project_id="0198c0de-0000-7000-8000-000000000001",
        revision=1,
        post=None,
        first_published_at=now,
        published_at=now,
        demonstration=True,
    )


def test_the_committed_schemas_are_current() -> None:
    said = verdict(committed(), current())
    assert said is None, said


def test_every_event_has_a_schema_with_title_and_id() -> None:
    schemas = {name: json.loads(text) for name, text in committed().items()}
    assert set(schemas) == {*EVENTS, "PublicSheet", "Record"}
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"https://schemas.bourse-projets.example.org/{name}.json"
        assert schema["title"] == schema_gate.CONTRACTS[name].__name__
        assert schema["description"]


def test_what_is_emitted_fits_the_schema() -> None:
    published = ProjectPublished(project="p", version=1, revision=1, occurred_at=datetime.now(UTC), sheet=sheet())
    events: list[Event] = [submitted(), published]
    for event in events:
        schema = json.loads(committed()[event.TYPE])
        Draft202012Validator(schema).validate(json.loads(event.model_dump_json()))


def test_readers_ignore_what_they_do_not_know_and_deposits_do_not() -> None:
    schemas = {name: json.loads(text) for name, text in committed().items()}
    later = json.loads(sheet().model_dump_json()) | {"added_later": 1}
    later["budget"]["added_later"] = 1
    Draft202012Validator(schemas["PublicSheet"]).validate(later)
    unknown = record() | {"unknown": 1}
    assert not Draft202012Validator(schemas["Record"]).is_valid(unknown)


def planted(name: str, change: Plant) -> list[str]:
    """What the gate says of a committed schema to which `change` was made."""
    schema = json.loads(committed()[name])
    changed = copy.deepcopy(schema)
    change(changed)
    return incompatibilities({name: json.dumps(schema)}, {name: json.dumps(changed)})


def budget(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"]["Budget"]["properties"]


def title_of_project(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"]["Project"]["properties"]["title"]


def of_sheet(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"]["PublicSheet"]["properties"]


def number_for(schema: dict[str, Any], field: str, kind: str) -> None:
    of_sheet(schema)[field]["type"] = kind


# fmt: off
VIOLATIONS: list[tuple[str, str, Plant, str]] = [
    ("a field removed", PUBLISHED, lambda s: of_sheet(s).pop("summary"), "sheet.summary: was removed"),
    ("a nested field removed", PUBLISHED, lambda s: budget(s).pop("secured"), "sheet.budget.secured: was removed"),
    ("an optional field made required", PUBLISHED, lambda s: s["$defs"]["Budget"]["required"].append("secured"),
     "sheet.budget.secured: is now required"),
    ("a new required field", PUBLISHED,
     lambda s: (of_sheet(s).update(new={"type": "string"}), s["$defs"]["PublicSheet"]["required"].append("new")),
     "sheet.new: is new and required"),
    ("a required field made optional, in what others read", PUBLISHED,
     lambda s: s["$defs"]["PublicSheet"]["required"].remove("title"), "sheet.title: may now be missing"),
    ("another type", PUBLISHED, lambda s: number_for(s, "title", "integer"), "sheet.title: may no longer be of type s"),
    ("a narrower type", PUBLISHED, lambda s: budget(s)["total"].update(type="integer"),
     "sheet.budget.total: may no longer be of type number"),
    ("null refused", PUBLISHED, lambda s: of_sheet(s)["post"]["anyOf"].pop(), "sheet.post: may no longer be of type n"),
    ("null accepted, in what others read", PUBLISHED,
     lambda s: of_sheet(s).update(title={"anyOf": [{"type": "string"}, {"type": "null"}]}),
     "sheet.title: may now be of type null"),
    ("a value of an enumeration removed", PUBLISHED, lambda s: of_sheet(s)["kind"]["enum"].remove("offer"),
     "sheet.kind: may no longer be 'offer'"),
    ("a value of an enumeration added, in what others read", PUBLISHED,
     lambda s: of_sheet(s)["kind"]["enum"].append("gift"), "sheet.kind: may now be 'gift'"),
    ("an enumeration where there was none", "Record", lambda s: title_of_project(s).update(enum=["a"]),
     "project.title: must be one of ['a']"),
    ("a lower limit", "Record", lambda s: title_of_project(s).update(maxLength=80),
     "project.title: maxLength was 120, is 80"),
    ("a limit where there was none", PUBLISHED, lambda s: of_sheet(s)["title"].update(maxLength=80),
     "sheet.title: maxLength was None, is 80"),
    ("a higher least", "Record", lambda s: title_of_project(s).update(minLength=3),
     "project.title: minLength was 1, is 3"),
    ("a pattern", PUBLISHED, lambda s: of_sheet(s)["title"].update(pattern="^A"),
     "sheet.title: pattern was None, is '^A'"),
    ("a format", PUBLISHED, lambda s: of_sheet(s)["title"].update(format="email"),
     "sheet.title: format was None, is 'email'"),
    ("another type of items", PUBLISHED, lambda s: of_sheet(s)["themes"].update(items={"type": "integer"}),
     "sheet.themes[]: may no longer be of type string"),
    ("other values in a map", "org.bourse-projets.post.updated.v1",
     lambda s: s["properties"]["name"].update(additionalProperties={"type": "integer"}),
     "name.*: may no longer be of type string"),
    ("unknown fields refused", PUBLISHED, lambda s: s["$defs"]["Budget"].update(additionalProperties=False),
     "sheet.budget.*: additionalProperties was True, is False"),
    ("another default", PUBLISHED, lambda s: of_sheet(s)["status"].update(default="expired"),
     "sheet.status: its default was 'open', is 'expired'"),
    ("a keyword that the gate does not know", PUBLISHED, lambda s: of_sheet(s)["title"].update({"not": {"const": "x"}}),
     "sheet.title: not changed"),
]
# fmt: on


@pytest.mark.parametrize(("name", "plant", "said"), [v[1:] for v in VIOLATIONS], ids=[v[0] for v in VIOLATIONS])
def test_a_change_that_readers_cannot_live_with_is_named(name: str, plant: Plant, said: str) -> None:
    assert any(found.startswith(f"{name}: {said}") for found in planted(name, plant)), planted(name, plant)


# fmt: off
HARMLESS: list[tuple[str, str, Plant]] = [
    ("a new optional field", PUBLISHED, lambda s: of_sheet(s).update(new={"type": "string", "default": ""})),
    ("a new optional field further in", PUBLISHED, lambda s: budget(s).update(new={"type": "string", "default": ""})),
    ("words", PUBLISHED, lambda s: of_sheet(s)["title"].update(description="the title", title="A title")),
    ("a new optional field of a deposit", "Record",
     lambda s: s["$defs"]["Project"]["properties"].update(new={"type": "string"})),
    ("a higher limit of a deposit", "Record", lambda s: title_of_project(s).update(maxLength=150)),
    ("one more choice in a deposit", "Record",
     lambda s: s["$defs"]["Project"]["properties"]["kind"]["enum"].append("gift")),
    ("a field of a deposit made optional", "Record", lambda s: s["$defs"]["Project"]["required"].remove("summary")),
    ("any number where a whole one was asked", "Record",
     lambda s: s["$defs"]["Project"]["properties"]["sdgs"]["items"].update(type="number")),
]
# fmt: on


@pytest.mark.parametrize(("name", "plant"), [v[1:] for v in HARMLESS], ids=[v[0] for v in HARMLESS])
def test_a_change_that_readers_can_live_with_passes(name: str, plant: Plant) -> None:
    assert planted(name, plant) == []


def test_a_removed_event_is_named() -> None:
    assert incompatibilities({"gone.v1": "{}"}, {}) == ["gone.v1: was removed"]


def test_the_verdict_says_what_to_do() -> None:
    old = current()
    changed = json.loads(old[PUBLISHED])
    of_sheet(changed).update(new={"type": "string"})
    assert "python -m backbone.contracts.schema_gate" in (verdict(old, {**old, PUBLISHED: json.dumps(changed)}) or "")
    of_sheet(changed).pop("title")
    refusal = verdict(old, {**old, PUBLISHED: json.dumps(changed)}) or ""
    assert "sheet.title: was removed" in refusal
    assert "vN+1" in refusal
    assert "python -m backbone.contracts.schema_gate" in refusal


def test_the_command_writes_what_is_stale_and_refuses_what_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "schemas"
    assert main([], folder) == 0
    assert committed(folder) == current()
    assert main(["--check"], folder) == 0

    file = folder / f"{PUBLISHED}.json"
    older = json.loads(file.read_text())
    del older["$defs"]["PublicSheet"]["properties"]["ref"]
    file.write_text(json.dumps(older))
    assert main(["--check"], folder) == 1
    assert main([], folder) == 0
    assert committed(folder) == current()

    older["$defs"]["PublicSheet"]["properties"]["once"] = {"type": "string"}
    file.write_text(json.dumps(older))
    assert main([], folder) == 1
    assert "sheet.once: was removed" in capsys.readouterr().err
    assert json.loads(file.read_text()) == older


def test_models_are_compared_as_they_are_written() -> None:
    class Old(BaseModel):
        model_config = ConfigDict(title="T")
        a: int | None = None
        b: list[str]

    class New(BaseModel):
        model_config = ConfigDict(title="T")
        a: float | None = None
        b: list[str | int]
        c: bool = False

    found = {str(change): change.effect for change in changes(Old.model_json_schema(), New.model_json_schema())}
    assert found == {
        "a: was a whole number, may be any number": "wider",
        "b[]: may now be of type integer": "wider",
        "c: is new": "addition",
    }
