"""The composition of a service: its components, its routes, and what all services answer alike."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backbone.components import Component
from backbone.errors import BadRequest, Invalid, Problem, Unavailable, field_errors
from backbone.http import JSON
from backbone.settings import ServiceSettings
from backbone.telemetry import configure, parent

log = structlog.get_logger()
tracer = trace.get_tracer(__name__)

REQUESTS = Histogram("bourse_http_seconds", "Time of an HTTP request, in seconds.", ["method", "route", "status"])
COMPONENT_UP = Gauge("bourse_component_up", "1 where a component is well.", ["component"])
UNEXPECTED = Counter("bourse_unexpected_errors_total", "Requests that ended in an error nobody foresaw.")
QUIET: Final = ("/health/", "/metrics")


class ProblemResponse(JSON):
    media_type = "application/problem+json"


def answer(problem: Problem) -> Response:
    """A problem as its HTTP answer."""
    return ProblemResponse(problem.body(), status_code=problem.status, headers=problem.headers)


async def _on_problem(_: Request, error: Problem) -> Response:
    return answer(error)


async def _on_invalid(_: Request, error: RequestValidationError) -> Response:
    details: Sequence[Any] = error.errors()
    if any(detail["type"] == "json_invalid" for detail in details):
        return answer(BadRequest("not JSON", code="bad-json"))
    # the first part of a path says where it was (body, query, header): the rest is the field's name
    return answer(Invalid(errors=field_errors([{**detail, "loc": detail["loc"][1:]} for detail in details])))


async def _on_http(_: Request, error: HTTPException) -> Response:
    if isinstance(error.__cause__, Problem):  # raised while FastAPI read the body, and wrapped by it
        return answer(error.__cause__)
    problem = {"type": "about:blank", "title": error.detail, "status": error.status_code, "code": "http"}
    return ProblemResponse(problem, status_code=error.status_code, headers=error.headers)


async def _on_timeout(_: Request, error: TimeoutError) -> Response:
    log.warning("something took too long", exc_info=error)
    return answer(Unavailable("something that is needed does not answer in time"))


async def _on_unexpected(_: Request, error: Exception) -> Response:
    UNEXPECTED.inc()
    log.error("unexpected error", exc_info=error)
    return answer(Problem())


class _Observed:
    """Each request: a span that continues the caller's, its time, a log line, the headers that all answers carry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(QUIET):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        received = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
            await send(message)

        context = parent(received.decode("latin-1"))
        with tracer.start_as_current_span(scope["method"], context=context, kind=SpanKind.SERVER) as span:
            try:
                await self._app(scope, receive, send_observed)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                seconds = time.perf_counter() - started
                REQUESTS.labels(scope["method"], route, status).observe(seconds)
                log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


class _Keeper:
    """Starts the components and keeps trying while what they need is away; HTTP answers meanwhile."""

    def __init__(self, components: Sequence[Component]) -> None:
        self._components = components
        self._started: set[str] = set()

    async def start(self) -> None:
        """In their order: each may count on those before it."""
        for component in self._components:
            pause = 0.1
            while component.name not in self._started:
                try:
                    await component.start()
                    self._started.add(component.name)
                except Exception as error:
                    log.warning("waiting for a component", component=component.name, error=repr(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2.0)

    async def stop(self) -> None:
        for component in reversed(self._components):
            try:
                async with asyncio.timeout(8):
                    await component.stop()
            except Exception as error:
                log.warning("component did not stop well", component=component.name, error=repr(error))

    async def checks(self) -> dict[str, str]:
        """Component name to "ok" or what is wrong; what starts with "degraded" does not make the service unready."""

        async def check(component: Component) -> str:
            if component.name not in self._started:
                return "starting"
            try:
                async with asyncio.timeout(3):
                    return await component.check() or "ok"
            except TimeoutError:
                return "does not answer"

        found = await asyncio.gather(*(check(component) for component in self._components))
        for component, said in zip(self._components, found, strict=True):
            COMPONENT_UP.labels(component.name).set(said == "ok")
        return dict(zip((component.name for component in self._components), found, strict=True))


def create(
    name: str,
    settings: ServiceSettings,
    *,
    routers: Sequence[APIRouter] = (),
    components: Sequence[Component] = (),
    state: Mapping[str, object] | None = None,
    title: str | None = None,
) -> FastAPI:
    """The service's application: `components` in the order in which they start, `state` for the routes."""
    configure(name, settings)
    keeper = _Keeper(components)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        starting = asyncio.create_task(keeper.start())
        try:
            yield
        finally:
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await starting
            await keeper.stop()

    # FastAPI's own page of documentation loads its scripts from another host
    app = FastAPIOffline(
        redoc_url=None,
        title=title or f"Bourse-projets: {name}",
        version="1",
        lifespan=lifespan,
        default_response_class=JSON,
        # spans, metrics and logs are made once, by _Observed: FastAPI's own cost a third of a request's time
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={
            Problem: _on_problem,
            RequestValidationError: _on_invalid,
            HTTPException: _on_http,
            TimeoutError: _on_timeout,
            Exception: _on_unexpected,
        },
    )
    for key, value in (state or {}).items():
        setattr(app.state, key, value)
    for router in routers:
        app.include_router(router)

    async def live(_: Request) -> Response:
        return JSON({"service": name, "status": "live"})

    async def ready(_: Request) -> Response:
        checks = await keeper.checks()
        well = all(said == "ok" or said.startswith("degraded") for said in checks.values())
        body = {"service": name, "status": "ready" if well else "not ready", "checks": checks}
        return JSON(body, status_code=200 if well else 503, headers={} if well else {"Retry-After": "5"})

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.router.routes.extend([Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)])
    app.add_middleware(_Observed)
    return app


def run(build: Callable[[], tuple[FastAPI, ServiceSettings]]) -> None:
    """Serve until SIGTERM: requests under way are answered, then the components stop."""
    app, settings = build()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who is behind a proxy is for those to say who know how many there are
        timeout_keep_alive=75,  # longer than what proxies and clients keep a connection for
        timeout_graceful_shutdown=10,
    )
