"""The published sheets as open data, a chunk at a time: CSV, JSON lines, GeoJSON."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from backbone.contracts.sheet import PublicSheet

# sheets as JSON texts, some at a time
Batches = AsyncIterable[Sequence[str]]

# with these a spreadsheet takes a text for a formula (the wide forms too, and what it skips before them)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SEPARATOR: Final = " | "


@dataclass(frozen=True)
class Format:
    """One format of the export: its file extension, media type and writer."""

    extension: str
    media_type: str
    write: Callable[[Batches], AsyncIterator[bytes]]


def _listed(values: Sequence[Any]) -> str:
    return _SEPARATOR.join(str(value) for value in values)


COLUMNS: Final[Mapping[str, Callable[[PublicSheet], Any]]] = {
    "id": lambda s: s.id,
    "ref": lambda s: s.ref,
    "revision": lambda s: s.revision,
    "kind": lambda s: s.kind,
    "status": lambda s: s.status,
    "language": lambda s: s.language,
    "title": lambda s: s.title,
    "summary": lambda s: s.summary,
    "objectives": lambda s: _listed(s.objectives),
    "description": lambda s: s.description,
    "partner_sought": lambda s: s.partner_sought,
    "expected_results": lambda s: _listed(s.expected_results),
    "themes": lambda s: _listed(s.themes),
    "sdgs": lambda s: _listed(s.sdgs),
    "budget_total": lambda s: s.budget and s.budget.total,
    "budget_secured": lambda s: s.budget and s.budget.secured,
    "budget_currency": lambda s: s.budget and s.budget.currency,
    "period_start": lambda s: s.period.start,
    "period_end": lambda s: s.period.end,
    "location_name": lambda s: s.location.name,
    "location_lat": lambda s: s.location.lat,
    "location_lon": lambda s: s.location.lon,
    "countries": lambda s: _listed(s.countries),
    "continents": lambda s: _listed(s.continents),
    "authority_ref": lambda s: s.authority.ref,
    "authority_name": lambda s: s.authority.name,
    "authority_type": lambda s: s.authority.type,
    "authority_country": lambda s: s.authority.country,
    "authority_region": lambda s: s.authority.region,
    "authority_population": lambda s: s.authority.population,
    "authority_website": lambda s: s.authority.website,
    "contact_name": lambda s: s.authority.contact and s.authority.contact.name,
    "contact_function": lambda s: s.authority.contact and s.authority.contact.function,
    "contact_email": lambda s: s.authority.contact and s.authority.contact.email,
    "contact_phone": lambda s: s.authority.contact and s.authority.contact.phone,
    "post": lambda s: s.post and s.post.code,
    "documents": lambda s: _listed([document.title for document in s.documents]),
    "first_published_at": lambda s: s.first_published_at.isoformat(),
    "published_at": lambda s: s.published_at.isoformat(),
    "demonstration": lambda s: "true" if s.demonstration else "false",
}


async def as_csv(batches: Batches) -> AsyncIterator[bytes]:
    """RFC 4180, UTF-8, a header line; several values of a cell are separated by a bar."""
    yield _csv_lines([list(COLUMNS)])
    async for texts in batches:
        # as kept: only what is published is here, and it was checked when it came
        sheets = [PublicSheet.model_validate_json(text, extra="ignore") for text in texts]
        yield _csv_lines([[_guarded(read(sheet)) for read in COLUMNS.values()] for sheet in sheets])


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return lines.getvalue().encode()


def _guarded(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA):
        return f"'{value}"
    return value


async def as_jsonl(batches: Batches) -> AsyncIterator[bytes]:
    """One sheet a line, as it was published."""
    async for texts in batches:
        yield "".join(f"{text}\n" for text in texts).encode()


async def as_geojson(batches: Batches) -> AsyncIterator[bytes]:
    """RFC 7946: one point a sheet, whose properties are the sheet."""
    yield b'{"type":"FeatureCollection","features":['
    separator = b""
    async for texts in batches:
        for text in texts:
            yield separator + orjson.dumps(_feature(orjson.loads(text), text))
            separator = b",\n"
    yield b"]}\n"


def _feature(sheet: Mapping[str, Any], text: str) -> dict[str, Any]:
    place = sheet["location"]
    return {
        "type": "Feature",
        "id": sheet["id"],
        "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
        "properties": orjson.Fragment(text),
    }


FORMATS: Final = (
    Format("csv", "text/csv; charset=utf-8; header=present", as_csv),
    Format("jsonl", "application/x-ndjson", as_jsonl),
    Format("geojson", "application/geo+json", as_geojson),
)
