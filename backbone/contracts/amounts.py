"""Amounts in euros, to compare the budgets of sheets: indicative, never shown. And the brackets that they fall into."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from backbone.contracts.vocabularies import BUDGET_BRACKETS, BudgetBracket

Edges = tuple[int | None, int | None]  # the first is within, the second is not; None is open


@cache
def rates() -> Mapping[str, float]:
    """Units of each currency in one euro."""
    text = resources.files("backbone.contracts").joinpath("data", "amounts.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return {**data["indicative"], **data["fixed"]}


def in_euros(budget: Mapping[str, Any] | None) -> int | None:
    """A sheet's total in whole euros; None without a budget or where the currency has no known rate."""
    rate = rates().get(budget["currency"]) if budget else None
    return round(budget["total"] / rate) if budget and rate else None


@cache
def edges(bracket: str) -> Edges:
    """Where a bracket begins and ends, in euros; (None, None) for `none`."""
    low, dash, high = bracket.partition("-")
    return (int(low), int(high) if high else None) if dash else (None, None)


def bracket(euros: int | None) -> BudgetBracket:
    """The bracket of an amount in euros."""
    for name in BUDGET_BRACKETS:
        low, high = edges(name)
        if euros is not None and low is not None and low <= euros and (high is None or euros < high):
            return name
    return "none"
