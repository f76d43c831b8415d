"""The rules that need neither the network nor a database."""

import copy
from itertools import pairwise
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.contracts.sheet import Record
from backbone.errors import Invalid
from services.submission import rules
from services.submission.files import Deposited
from tests import builders
from tests.integration.submission.reviews import changes_requested, closed, opened, rejected, reopened

# -- merge patch -------------------------------------------------------------------------------------------------------

# RFC 7396, appendix A
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert rules.merge_patch(target, patch) == result


keys = st.sampled_from(["a", "b", "c"])
scalars = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x"])
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def reference(target: Any, patch: Any) -> Any:
    """The pseudocode of RFC 7396, section 2, as it stands there: it works on its arguments."""
    if isinstance(patch, dict):
        members = cast("dict[str, Any]", patch)
        kept = cast("dict[str, Any]", target if isinstance(target, dict) else {})
        for name in members:
            if members[name] is None:
                if name in kept:
                    del kept[name]
            else:
                kept[name] = reference(kept.get(name), members[name])
        return kept
    return patch


@given(values, values)
def test_a_patch_does_what_the_rfc_says_and_leaves_its_arguments_alone(target: Any, patch: Any) -> None:
    target_before, patch_before = copy.deepcopy(target), copy.deepcopy(patch)
    assert rules.merge_patch(target, patch) == reference(copy.deepcopy(target), copy.deepcopy(patch))
    assert (target, patch) == (target_before, patch_before)


# -- records -----------------------------------------------------------------------------------------------------------


@given(st.data())
def test_a_right_record_with_anything_missing_is_a_right_draft(data: st.DataObject) -> None:
    record = builders.record()

    def thin_out(inner: dict[str, Any]) -> None:
        for name in list(inner):
            if data.draw(st.booleans()):
                del inner[name]
            elif isinstance(inner[name], dict):
                thin_out(inner[name])

    thin_out(record["authority"])
    thin_out(record["project"])
    assert rules.wrong(record["authority"], record["project"]) == []


def test_a_complete_record_is_one() -> None:
    record = builders.record(title="  Titre  ")
    made = rules.complete(record["authority"], record["project"])
    assert made == Record.model_validate(record)
    assert made.project.title == "Titre"


def test_a_demand_that_seeks_countries_is_told_with_all_the_rest() -> None:
    record = builders.record(countries_sought=["SN"], title="")
    with pytest.raises(Invalid) as refused:
        rules.complete(record["authority"], record["project"])
    assert [error.field for error in refused.value.errors] == ["project.title", "project.countries_sought"]


@pytest.mark.parametrize(
    ("authority", "ref"),
    [
        ({"ref": "sn-x", "country": "ML", "name": "Y"}, "sn-x"),
        ({"country": "SN", "name": "Ville de Saint-Louis"}, "sn-ville-de-saint-louis"),
        ({"country": "CI", "name": "  Mairie d’Abobo (Abidjan) "}, "ci-mairie-d-abobo-abidjan"),
        ({"country": "DE", "name": "Landkreis Gießen"}, "de-landkreis-giessen"),
        ({"country": "MA", "name": "فاس"}, "ma-641-627-633"),
        ({"country": "SN", "name": "x" * 200}, "sn-" + "x" * 90),
        ({"country": "SN"}, None),
        ({"name": "Ville"}, None),
        ({}, None),
    ],
)
def test_the_reference_of_an_authority(authority: dict[str, Any], ref: str | None) -> None:
    assert rules.reference(authority) == ref


@given(st.text(min_size=1, max_size=200).filter(lambda name: bool(name.strip())))
def test_any_name_makes_a_reference_that_the_contract_takes(name: str) -> None:
    ref = rules.reference({"country": "SN", "name": name})
    made = rules.wrong({"ref": ref}, {})
    assert made == []


# -- documents ---------------------------------------------------------------------------------------------------------


def deposited() -> Deposited:
    return Deposited(uuid4(), "a" * 64, 3, "application/pdf", "x.pdf", submitted=False)


def test_what_a_client_says_of_a_file_is_not_kept() -> None:
    file = deposited()
    project = {
        "documents": [
            {"title": "B", "id": str(file.id), "size": 9, "sha256": "b" * 64, "media_type": "text/html"},
            {"title": "A", "language": "fr", "size": 9},
        ]
    }
    documents, errors = rules.own_documents(project, {str(file.id): file})
    assert errors == []
    assert documents == [
        {"title": "B", "id": str(file.id), "size": 3, "sha256": "a" * 64, "media_type": "application/pdf"},
        {"title": "A", "language": "fr"},
    ]


def test_unknown_and_repeated_documents_are_named() -> None:
    file = deposited()
    known = {"title": "A", "id": str(file.id)}
    _, errors = rules.own_documents({"documents": [known, known, {"id": "x"}]}, {str(file.id): file})
    assert [(error.field, error.code) for error in errors] == [
        ("project.documents.1.id", "repeated"),
        ("project.documents.2.id", "unknown_id"),
    ]


def test_a_title_that_was_announced_is_found() -> None:
    documents = [{"title": "Étude", "id": "1"}, {"title": "E\u0301tude  de faisabilité"}, {"language": "fr"}]
    assert rules.announced(documents, "étude de faisabilité") == 1
    assert rules.announced(documents, "Étude") is None


# -- reviews -----------------------------------------------------------------------------------------------------------


def _follow(events: list[Any], *, state: str = "submitted", revision: int = 1) -> rules.Followed:
    known = rules.Followed(state, None, None, 0)
    for event in events:
        known = (
            rules.follow(
                event,
                state=known.state,
                revision=revision,
                published_revision=known.published_revision,
                review=known.review,
                review_version=known.review_version,
            )
            or known
        )
    return known


LIFE = [
    opened("p", 1),
    changes_requested("p", 2),
    opened("p", 3, 2),
    rejected("p", 4, 2),
    reopened("p", 5, 2),
    closed("p", 6, "published", 2),
    closed("p", 7, "unpublished", 2, "Périmé"),
]


@given(st.lists(st.sampled_from(LIFE), max_size=12))
def test_repeated_and_late_events_change_nothing(noise: list[Any]) -> None:
    # whatever comes again or late between the events in their order, the end is the same
    for before, event in pairwise(LIFE):
        late = [old for old in noise if old.version <= before.version]
        upto = LIFE[: LIFE.index(event)]
        assert _follow([*upto, *late, event], revision=2) == _follow([*upto, event], revision=2)


def test_the_last_reason_is_shown() -> None:
    assert _follow(LIFE, revision=2).review == {
        "reason": "Périmé",
        "fields": [],
        "at": "2026-11-22T12:00:00+00:00",
    }
    assert _follow(LIFE[:6], revision=2).review is None
