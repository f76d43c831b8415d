"""The kinds of text of a sheet: what their JSON Schemas cannot say."""

import pytest
from pydantic import TypeAdapter, ValidationError

from backbone.contracts.text import Month


@pytest.mark.parametrize("month", ["2027-13", "27-03", "2027-3", "2027-03-01", "20٢٧-03", "2027-0３"])
def test_a_month_is_a_year_and_a_month_in_plain_figures(month: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Month)
    assert adapter.validate_python("2027-03") == "2027-03"
    with pytest.raises(ValidationError):
        adapter.validate_python(month)
