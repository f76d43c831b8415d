"""Fixtures shared by all tests: real engines, each started when the first test asks for it, once for the whole run."""

import asyncio
import itertools
import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from deploy.provision import provision_databases, provision_topics
from tests.engines import Engines
from tests.engines import engines as running_engines

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """PostgreSQL, Kafka and the search engine, started on demand."""
    with running_engines(tmp_path_factory.mktemp("engines")) as started:
        yield started


@pytest.fixture(scope="session")
def new_database(engines: Engines) -> Callable[[str], str]:
    """Make a fresh, empty database for a service, owned by a role of its own; its URL."""

    def make(service: str) -> str:
        admin, name = engines.postgres(), f"{service}_t{next(_numbers)}"
        asyncio.run(provision_databases(admin, {name: "for-tests-only"}))
        parts = urlsplit(admin)
        netloc = f"bourse_{name}:for-tests-only@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=netloc, path=f"/bourse_{name}"))

    def make_anywhere(service: str) -> str:
        # an async test has its loop running: the work goes to a thread with a loop of its own
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(make, service).result()

    return make_anywhere


@pytest.fixture(scope="session")
def kafka_bootstrap(engines: Engines) -> str:
    """A broker with the topics of the contracts."""
    bootstrap = engines.kafka()
    asyncio.run(provision_topics(bootstrap))
    return bootstrap


@pytest.fixture(scope="session")
def search_url(engines: Engines) -> str:
    """The embedded search engine."""
    return engines.search()


@pytest.fixture(scope="session", params=["opensearch", "elasticsearch"])
def each_search_url(request: pytest.FixtureRequest, engines: Engines) -> str:
    """Each search engine there is: the embedded one, and Elasticsearch where BOURSE_ELASTICSEARCH_URL is given."""
    if request.param == "opensearch":
        return engines.search()
    return os.environ["BOURSE_ELASTICSEARCH_URL"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without an Elasticsearch, its variants are not part of the run (and the run says so at its head)."""
    if os.environ.get("BOURSE_ELASTICSEARCH_URL"):
        return
    variants = [item for item in items if "elasticsearch]" in item.name or "[elasticsearch-" in item.name]
    if variants:
        config.hook.pytest_deselected(items=variants)
        items[:] = [item for item in items if item not in variants]


def pytest_report_header() -> str:
    elasticsearch = os.environ.get("BOURSE_ELASTICSEARCH_URL") or "none (BOURSE_ELASTICSEARCH_URL not given)"
    return f"engines: {os.environ.get('BOURSE_TEST_ENGINES', 'embedded')}; Elasticsearch: {elasticsearch}"
