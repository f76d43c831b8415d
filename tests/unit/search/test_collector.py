"""Python's collector, where much is read that stays."""

import gc

import pytest

from services.search import collector


def test_the_collector_rests_and_goes_on() -> None:
    with collector.resting():
        assert not gc.isenabled()
        with collector.resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="unreadable"), collector.staying():
        raise ValueError("unreadable")
    assert gc.isenabled()


def test_what_stays_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    with collector.staying():
        kept = [[number] for number in range(1000)]
    assert gc.get_freeze_count() >= before + len(kept)
