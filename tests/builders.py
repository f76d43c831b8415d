"""What tests build: a complete record, and the events made of it."""

import copy
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from backbone.contracts.events import Person, ProjectSubmitted
from backbone.contracts.sheet import Record

_RECORD: dict[str, Any] = {
    "authority": {
        "ref": "sn-pikine",
        "name": "Ville de Pikine",
        "type": "commune",
        "country": "SN",
        "region": "Dakar",
        "location": {"lat": 14.7646, "lon": -17.3907},
        "population": 1170791,
        "languages": ["fr", "wo"],
        "website": "https://pikine.example.org",
        "presentation": "Une grande ville de la banlieue de Dakar.",
        "existing_partnerships": ["Région de démonstration"],
        "contact": {
            "name": "Awa Ndiaye",
            "function": "Directrice de la coopération",
            "email": "cooperation@pikine.example.org",
            "phone": "+221 33 000 00 00",
            "public": True,
        },
    },
    "project": {
        "ref": "sn-pikine-marche",
        "kind": "demand",
        "language": "fr",
        "title": "Assainir le marché central de Thiaroye",
        "summary": "Drainer et équiper le marché central, avec les commerçantes.",
        "objectives": ["Drainer le marché", "Former un comité de gestion"],
        "description": "Le marché est inondé trois mois par an.\n\nLe projet le met hors d’eau.",
        "partner_sought": "Une ville qui a l’expérience des marchés couverts.",
        "expected_results": ["Un marché hors d’eau", "Un comité en place"],
        "themes": ["water-sanitation", "economy-tourism"],
        "sdgs": [6, 11],
        "budget": {"total": 240000.0, "secured": 60000.0, "currency": "EUR"},
        "period": {"start": "2027-03", "end": "2029-02"},
        "location": {"name": "Thiaroye", "lat": 14.7517, "lon": -17.3717},
        "documents": [{"title": "Étude de faisabilité", "language": "fr"}],
    },
}


def record(authority: dict[str, Any] | None = None, **project: Any) -> dict[str, Any]:
    """A complete record as JSON; `authority` and the other arguments replace single fields."""
    made = copy.deepcopy(_RECORD)
    made["authority"].update(authority or {})
    made["project"].update(project)
    return made


def author(**changes: Any) -> Person:
    return Person(**{"account": "a1", "email": "sn-pikine@example.org", "name": "Ville de Pikine", **changes})


def submitted(project: str | None = None, version: int = 1, revision: int = 1, **changes: Any) -> ProjectSubmitted:
    """The event of a submission; `changes` are fields of the project."""
    return ProjectSubmitted(
        version=version,
        revision=revision,
        occurred_at=datetime.now(UTC),
        project=project or str(uuid4()),
        record=Record.model_validate(record(**changes)),
        author=author(),
    )
