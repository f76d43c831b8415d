"""Amounts in euros, to compare the budgets of sheets: indicative, never shown."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def rates() -> Mapping[str, float]:
    """Units of each currency in one euro."""
    data = json.loads(resources.files("services.search").joinpath("amounts.json").read_text(encoding="utf-8"))
    return {**data["indicative"], **data["fixed"]}


def in_euros(budget: Mapping[str, Any] | None) -> int | None:
    """A sheet's total in whole euros; None without a budget or where the currency has no known rate."""
    rate = rates().get(budget["currency"]) if budget else None
    return round(budget["total"] / rate) if budget and rate else None
