"""The engine behind the search: the official client, on Elasticsearch 9 and on OpenSearch 3 alike."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, cast

import structlog
from elastic_transport import AiohttpHttpNode, HttpHeaders, TransportError
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import ApiError, AsyncElasticsearch
from elasticsearch.serializer import DEFAULT_SERIALIZERS, OrjsonSerializer

from backbone.errors import Unavailable
from services.search.settings import Settings

log = structlog.get_logger()

# as many searches as wait for the engine at once; each is one connection
CONNECTIONS: Final = 64

_COMPATIBLE = "application/vnd.elasticsearch+"
_AWAY = frozenset({401, 403, 429, 500, 502, 503, 504})


class EngineRefusedError(Exception):
    """The engine understood and refused: a fault of ours. `reason` is what it said."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class IndexMissing(Unavailable):
    """There is no such index or alias, yet or any more."""


class OpenSearchNode(AiohttpHttpNode):
    """Lets the Elasticsearch client talk to OpenSearch, which knows neither its media types nor its product header."""

    async def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        plain = HttpHeaders({str(name): _plain(str(value)) for name, value in (headers or HttpHeaders()).items()})
        response = await super().perform_request(method, target, body, plain, request_timeout)
        # without the warnings, which are about settings of the engine's own
        received = {name: value for name, value in response.meta.headers.items() if name.lower() != "warning"}
        headers = HttpHeaders({**received, "x-elastic-product": "Elasticsearch"})
        return response._replace(meta=replace(response.meta, headers=headers))


def _plain(value: str) -> str:
    return f"application/{value.removeprefix(_COMPATIBLE).split(';')[0]}" if value.startswith(_COMPATIBLE) else value


class _Orjson(OrjsonSerializer):
    mimetype = "application/vnd.elasticsearch+json"


class Engine:
    """A lazily made client: which engine it is, is asked once, when it first answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AsyncElasticsearch | None = None
        self._asking = asyncio.Lock()

    async def client(self) -> AsyncElasticsearch:
        """The client of this engine. Raises `Unavailable` while it is away."""
        if self._client is None:
            async with self._asking:
                if self._client is None:
                    self._client = await self._find()
        return self._client

    @property
    def name(self) -> str:
        return "engine"

    async def start(self) -> None:
        await self.client()

    async def check(self) -> str | None:
        try:
            async with self.calling() as client:
                await client.info()
        except Unavailable:
            return "away"
        return None

    async def stop(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    @asynccontextmanager
    async def calling(self) -> AsyncGenerator[AsyncElasticsearch, None]:
        """The client, its errors told in our words: `Unavailable`, `IndexMissing`, `EngineRefusedError`."""
        client = await self.client()
        with _in_our_words():
            yield client

    async def _find(self) -> AsyncElasticsearch:
        # OpenSearch's adapter is good enough to ask any engine what it is
        asking = self._make(OpenSearchNode)
        try:
            with _in_our_words():
                version: dict[str, Any] = (await asking.info())["version"]
        finally:
            await asking.close()
        opensearch = version.get("distribution") == "opensearch"
        log.info("engine found", distribution="opensearch" if opensearch else "elasticsearch", number=version["number"])
        return self._make(OpenSearchNode if opensearch else AiohttpHttpNode)

    def _make(self, node_class: type[AiohttpHttpNode]) -> AsyncElasticsearch:
        settings = self._settings
        options: dict[str, Any] = {}
        if settings.search_api_key is not None:
            options["api_key"] = settings.search_api_key.get_secret_value()
        if settings.search_ca is not None:
            options["ca_certs"] = str(settings.search_ca)
        return AsyncElasticsearch(
            settings.search_url.split(","),
            node_class=node_class,
            request_timeout=settings.search_timeout_s,
            connections_per_node=CONNECTIONS,
            # a kept connection that the engine's restart broke, or a moment without memory, is worth another try
            max_retries=2,
            retry_on_timeout=False,
            retry_on_status=(429,),
            retry_backoff_base=0.05,
            retry_backoff_cap=0.2,
            serializers={
                **DEFAULT_SERIALIZERS,
                "application/json": OrjsonSerializer(),
                "application/vnd.elasticsearch+json": _Orjson(),
            },
            **options,
        )


@contextlib.contextmanager
def _in_our_words() -> Generator[None]:
    try:
        yield
    except ApiError as error:
        raise refusal(error.meta.status, error.body) from error
    except (TransportError, OSError, TimeoutError) as error:
        raise Unavailable("the search engine is away") from error


def refusal(status: int, body: object) -> Exception:
    """What an engine's error is in our words."""
    if status == 404:
        return IndexMissing("the index is not there yet")
    if status in _AWAY:
        return Unavailable("the search engine cannot answer now")
    return EngineRefusedError(status, _reason(body))


def _reason(body: object) -> str:
    said = cast("Any", body)
    try:
        error = said["error"]
        return str((error.get("root_cause") or [error])[0]["reason"])
    except (TypeError, KeyError, IndexError, AttributeError):
        return str(said)[:300]
