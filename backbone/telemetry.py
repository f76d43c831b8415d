"""Traces that follow one project from the HTTP request through Kafka to the index, and logs that carry their ids.

Spans are recorded and sent where `BOURSE_OTLP_ENDPOINT` names a collector; without one the ids still travel, so that
the logs of every service can be joined.
"""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict, WrappedLogger

from backbone.kafka import EventMeta
from backbone.settings import ServiceSettings

_propagator = TraceContextTextMapPropagator()
current_event: ContextVar[EventMeta | None] = ContextVar("current_event", default=None)


def traceparent() -> str | None:
    """The current span as a W3C `traceparent`."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def parent(value: str | None) -> context.Context:
    """The context that a `traceparent` stands for."""
    return _propagator.extract({"traceparent": value} if value else {})


def _add_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = format(span.trace_id, "032x")
    meta = current_event.get()
    if meta is not None:
        event.setdefault("event_id", meta.id)
    return event


def configure(service: str, settings: ServiceSettings) -> None:
    """Set up this process's logs (JSON lines on standard output) and traces."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_ids,
        structlog.processors.format_exc_info,
    ]

    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    structlog.configure(
        processors=[*shared, name_service, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                name_service,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    # a broker that is away is said by /health/ready; the client would repeat it many times a second
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    exported = bool(settings.otlp_endpoint)
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=ParentBased(TraceIdRatioBased(1.0)) if exported else ALWAYS_OFF,
    )
    if exported:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
