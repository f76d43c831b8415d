"""A sheet as a document of the index."""

import unicodedata
from typing import Any

import orjson
import pytest

from backbone.contracts import amounts
from backbone.contracts.checksum import sheet_digest
from services.search import documents, index
from tests.integration.search.sheets import demonstration, publication


def test_the_sheet_is_kept_whole_and_verbatim() -> None:
    for event in demonstration():
        sheet = event.sheet.model_dump(mode="json")
        write = documents.published(sheet, 7)
        assert (write.id, write.version) == (event.project, 7)
        document = orjson.loads(write.source)
        assert document["sheet"] == sheet
        assert document["digest"] == write.digest
        assert write.digest == sheet_digest(event.project, 7, sheet)
        assert set(document) <= set(documents.MAPPING["properties"])


def test_a_tombstone_says_nothing_but_that_it_is_one() -> None:
    write = documents.unpublished("p", 3)
    assert orjson.loads(write.source) == {"id": "p", "gone": True}
    assert write.digest is None


def test_names_of_what_the_codes_stand_for_are_searched_in_every_language() -> None:
    sheet = publication(themes=["health"]).sheet.model_dump(mode="json")
    names = orjson.loads(documents.published(sheet, 1).source)["names"]
    assert {"Santé", "hôpital", "Sénégal", "Afrique"} <= set(names["fr"])
    assert {"Senegal", "Africa"} <= set(names["en"])
    assert "السنغال" in names["ar"]


def test_accents_apart_from_their_letters_are_joined() -> None:
    sheet = publication(title=unicodedata.normalize("NFD", "Été à Thiès")).sheet.model_dump(mode="json")
    document = orjson.loads(documents.published(sheet, 1).source)
    assert document["title"] == {"fr": "Été à Thiès"}
    assert document["sheet"]["title"] != "Été à Thiès"


@pytest.mark.parametrize(
    ("budget", "euros"),
    [
        (None, None),
        ({"total": 240000.4, "currency": "EUR"}, 240000),
        ({"total": 655957.0, "currency": "XOF"}, 1000),
        ({"total": 0, "currency": "EUR"}, 0),
        ({"total": 5, "currency": "XAU"}, None),
    ],
)
def test_budgets_are_compared_in_euros(budget: dict[str, Any] | None, euros: int | None) -> None:
    assert amounts.in_euros(budget) == euros


def test_every_demonstration_budget_can_be_compared() -> None:
    budgets = [event.sheet.budget for event in demonstration() if event.sheet.budget]
    assert all(amounts.in_euros(budget.model_dump()) for budget in budgets)


def test_another_mapping_or_vocabulary_is_another_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    before = index.edition()
    assert before == index.edition()
    index.edition.cache_clear()
    monkeypatch.setattr(documents, "EDITION", documents.EDITION + 1)
    assert index.edition() != before
    index.edition.cache_clear()
    monkeypatch.undo()
    assert index.edition() == before
