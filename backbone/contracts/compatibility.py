"""What changed between two JSON Schemas, and whether those who rely on the old one can live with it.

Only for the keywords that our models give rise to; a change of any other one counts as one nobody can live with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

Schema = Mapping[str, Any]
Effect = Literal["narrower", "wider", "addition"]

# keyword to whether more of it accepts more
_LIMITS: Final = {
    "minimum": False,
    "exclusiveMinimum": False,
    "minLength": False,
    "minItems": False,
    "minProperties": False,
    "maximum": True,
    "exclusiveMaximum": True,
    "maxLength": True,
    "maxItems": True,
    "maxProperties": True,
}
_RESTRICTIONS: Final = ("pattern", "format", "multipleOf", "uniqueItems")
_NOTES: Final = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"})
_JUDGED: Final = frozenset(
    {*_LIMITS, *_RESTRICTIONS, *_NOTES}
    | {"type", "anyOf", "enum", "const", "default", "items", "properties", "required", "additionalProperties"}
)


@dataclass(frozen=True)
class Change:
    """One difference. `narrower` refuses something that was accepted, `wider` accepts something that was refused,
    `addition` is a new optional field."""

    path: str
    what: str
    effect: Effect

    def __str__(self) -> str:
        return f"{self.path or '(whole)'}: {self.what}"


def changes(old: Schema, new: Schema) -> list[Change]:
    """All that changed from `old` to `new`, notes such as titles and descriptions left out."""
    return list(_Comparison(old, new).values(old, new, ""))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._roots = (old, new)

    def values(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        """The changes of one value, each of whose alternatives is compared with the one of the same type."""
        if old.get("default") != new.get("default"):
            yield Change(path, f"its default was {old.get('default')!r}, is {new.get('default')!r}", "narrower")
        before, after = self._alternatives(old, 0), self._alternatives(new, 1)
        for kind, schema in before.items():
            if kind in after:
                yield from self._alternative(schema, after[kind], path)
            elif kind == "integer" and "number" in after:
                yield Change(path, "was a whole number, may be any number", "wider")
            else:
                yield Change(path, f"may no longer be of type {kind}", "narrower")
        for kind in after.keys() - before.keys():
            if not (kind == "number" and "integer" in before):
                yield Change(path, f"may now be of type {kind}", "wider")

    def _alternatives(self, schema: Schema, side: int) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        for option in cast("Sequence[Schema]", schema.get("anyOf", [schema])):
            whole = self._resolved(option, side)
            if "anyOf" in whole:
                found |= self._alternatives(whole, side)
                continue
            kinds = whole.get("type", "any")
            for kind in cast("list[str]", kinds if isinstance(kinds, list) else [kinds]):
                if kind in found:
                    raise ValueError(f"cannot compare two alternatives of type {kind}: {schema}")
                found[kind] = whole
        return found

    def _resolved(self, schema: Schema, side: int) -> Schema:
        while "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            schema = {**self._roots[side]["$defs"][name], **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def _alternative(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        yield from _limits(old, new, path)
        yield from _choices(old, new, path)
        yield from _restrictions(old, new, path)
        yield from self._fields(old, new, path)
        yield from self._inner("items", old, new, f"{path}[]")
        yield from self._inner("additionalProperties", old, new, f"{path}.*")

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        before, after = _fields_of(old), _fields_of(new)
        were, are = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            field = f"{path}.{name}".lstrip(".")
            if name not in after:
                yield Change(field, "was removed", "narrower")
                continue
            if name in are - were:
                yield Change(field, "is now required", "narrower")
            if name in were - are:
                yield Change(field, "may now be missing", "wider")
            yield from self.values(schema, after[name], field)
        for name in after.keys() - before.keys():
            field = f"{path}.{name}".lstrip(".")
            if name in are:
                yield Change(field, "is new and required", "narrower")
            else:
                yield Change(field, "is new", "addition")

    def _inner(self, keyword: str, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        before, after = old.get(keyword, True), new.get(keyword, True)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.values(cast("Schema", before), cast("Schema", after), path.lstrip("."))
        elif before != after:
            # true accepts all, false nothing, a schema something in between
            wider = before is False or after is True
            yield Change(path.lstrip("."), f"{keyword} was {before}, is {after}", "wider" if wider else "narrower")


def _fields_of(schema: Schema) -> Mapping[str, Schema]:
    return cast("Mapping[str, Schema]", schema.get("properties", {}))


def _limits(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    for keyword, more_is_wider in _LIMITS.items():
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        wider = after is None or (before is not None and (after > before) is more_is_wider)
        yield Change(path, f"{keyword} was {before}, is {after}", "wider" if wider else "narrower")


def _choices(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    before, after = _choices_of(old), _choices_of(new)
    if before is None or after is None:
        if before is not after:
            yield Change(path, "may now be anything" if after is None else f"must be one of {after}", _freed(after))
        return
    for value in before:
        if value not in after:
            yield Change(path, f"may no longer be {value!r}", "narrower")
    for value in after:
        if value not in before:
            yield Change(path, f"may now be {value!r}", "wider")


def _choices_of(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _restrictions(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    for keyword in _RESTRICTIONS:
        before, after = old.get(keyword), new.get(keyword)
        if before != after:
            yield Change(path, f"{keyword} was {before!r}, is {after!r}", _freed(after))
    for keyword in (old.keys() | new.keys()) - _JUDGED:
        if old.get(keyword) != new.get(keyword):
            yield Change(path, f"{keyword} changed, and nobody can say what that means", "narrower")


def _freed(after: object) -> Effect:
    return "wider" if after is None else "narrower"
