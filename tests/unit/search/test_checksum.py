"""The checksum is of the sheets as any reader of the events parses them."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.contracts.checksum import SheetsChecksum, canonical, sheet_digest

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-1e-3, 1e-3)
    | st.floats(1e14, 1e18)
    | st.text(st.characters(codec="utf-8"))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values))
def test_the_quick_way_gives_what_the_slow_one_gives(sheet: dict[str, Any]) -> None:
    slow = json.dumps(sheet, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(sheet) == slow


def test_the_recipe() -> None:
    sheets = {"a": (2, {"title": "Été", "lat": 1e-7}), "b": (1, {"total": 240000.0})}
    total, mine = hashlib.sha256(), SheetsChecksum()
    for project, (version, sheet) in sheets.items():
        text = json.dumps(sheet, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(f"{project}\n{version}\n{text}".encode()).hexdigest()
        assert sheet_digest(project, version, sheet) == digest
        total.update(f"{digest}\n".encode())
        mine.add(project, version, sheet)
    assert (mine.count, mine.hexdigest()) == (2, total.hexdigest())


def test_another_order_is_refused() -> None:
    total = SheetsChecksum()
    total.add("b", 1, {})
    for project in ("a", "b"):
        with pytest.raises(ValueError, match="order"):
            total.add(project, 1, {})
