"""The JSON Schemas of the contracts: made from the models, committed, and kept compatible.

`python -m backbone.contracts.schema_gate` writes them again after a change that their readers can live with (a new
optional field), and refuses any other: that one needs a new event class, of the next version, beside the old one.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from backbone.contracts.compatibility import Change, Schema, changes
from backbone.contracts.events import EVENTS
from backbone.contracts.sheet import PublicSheet, Record

FOLDER: Final = Path(__file__).parent / "schemas"
BASE: Final = "https://schemas.bourse-projets.example.org"
COMMAND: Final = "python -m backbone.contracts.schema_gate"

CONTRACTS: Final[Mapping[str, type[BaseModel]]] = {**EVENTS, "PublicSheet": PublicSheet, "Record": Record}
# what others give us: to accept more of it breaks nobody
TAKEN: Final = frozenset({"Record"})

NEW_VERSION: Final = f"""\
Its readers cannot live with that. Leave the old class as it is and add a new one whose TYPE ends in the next version
(vN+1), emitted beside the old one until its readers have moved; then run `{COMMAND}`.
Only new optional fields keep the version."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a contract, by its name in `CONTRACTS`."""
    made = CONTRACTS[name].model_json_schema()
    if name not in TAKEN:
        made = opened(made)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{BASE}/{name}.json", **made}


def opened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as readers should take it: fields that they do not know may have been added since."""
    return cast("dict[str, Any]", _open(schema))


def _open(part: object) -> object:
    if isinstance(part, dict):
        fields = cast("dict[str, object]", part)
        return {k: _open(v) for k, v in fields.items() if not (k == "additionalProperties" and v is False)}
    return [_open(item) for item in cast("list[object]", part)] if isinstance(part, list) else part


def text_of(schema: Schema) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def current() -> dict[str, str]:
    """The schemas as they follow from the models, by name."""
    return {name: text_of(schema_of(name)) for name in CONTRACTS}


def committed(folder: Path = FOLDER) -> dict[str, str]:
    """The schemas as they are committed, by name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}


def incompatibilities(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What in `new` those who rely on `old` cannot live with; each names the contract and the field."""
    found = [f"{name}: was removed" for name in old if name not in new]
    for name in old.keys() & new.keys():
        breaking = [change for change in changes(json.loads(old[name]), json.loads(new[name])) if _breaks(name, change)]
        found += [f"{name}: {change}" for change in breaking]
    return sorted(found)


def _breaks(name: str, change: Change) -> bool:
    return change.effect == "narrower" or (change.effect == "wider" and name not in TAKEN)


def verdict(old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """What is to be done before `new` may be committed over `old`; None where they are the same."""
    breaking = incompatibilities(old, new)
    if breaking:
        return "\n".join([*breaking, NEW_VERSION])
    stale = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return f"The committed schemas are not current ({', '.join(stale)}): run `{COMMAND}`." if stale else None


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write the schemas, or with `--check` only say whether they are current. The exit status."""
    old, new = committed(folder), current()
    breaking = incompatibilities(old, new)
    said = verdict(old, new)
    if breaking or "--check" in arguments:
        sys.stderr.write(f"{said}\n" if said else "")
        return 1 if said else 0
    folder.mkdir(exist_ok=True)
    for name, text in new.items():
        if old.get(name) != text:
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
            sys.stdout.write(f"{folder.name}/{name}.json\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
