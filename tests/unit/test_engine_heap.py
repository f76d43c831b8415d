"""The memory of the embedded search engine, as its setting says."""

from pathlib import Path

import pytest

from deploy.embedded.engine import EngineError
from deploy.embedded.search import Search


def heap_of(said: str) -> tuple[int, int]:
    return Search(Path(), 9201, "test", {}, heap=said)._heap_mb()  # pyright: ignore[reportPrivateUsage]


def test_it_is_half_a_gigabyte_unless_said() -> None:
    assert heap_of("") == (384, 512)


@pytest.mark.parametrize(("said", "megabytes"), [("2g", 2048), ("512m", 512), ("1G", 1024)])
def test_it_is_what_is_said(said: str, megabytes: int) -> None:
    assert heap_of(said) == (megabytes, megabytes)


@pytest.mark.parametrize("said", ["2", "g", "64m", "2gb", "-1g", "1.5g"])
def test_what_is_no_size_is_refused(said: str) -> None:
    with pytest.raises(EngineError, match="such as 2g"):
        heap_of(said)
