"""`pytest tests/unit/notifier --record` writes the goldens anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the e-mails' goldens anew")


@pytest.fixture
def record_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written instead of compared."""
    return bool(request.config.getoption("--record", default=False))
