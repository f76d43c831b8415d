"""The AsyncAPI 3 document, made from the topics and the events: `python -m backbone.contracts.asyncapi`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from backbone.contracts.events import EVENTS, Event
from backbone.contracts.schema_gate import opened
from backbone.contracts.topics import TOPICS, Topic

FILE: Final = Path(__file__).parents[2] / "docs" / "events" / "asyncapi.json"
COMMAND: Final = "python -m backbone.contracts.asyncapi"

_DESCRIPTION: Final = (
    "What happens on the Bourse, as CloudEvents 1.0 in binary mode on Kafka: the attributes are record headers, the "
    "value is plain JSON, the key is the aggregate's id. Each event carries the whole state that its readers need. "
    "Topics tagged `public` are for anyone whom the operator lets in; those tagged `internal` hold personal data and "
    "are described here for the Bourse's own services. Ignore fields that you do not know: new optional ones are added "
    "without a new version. `guide.md`, beside this document, says how to consume."
)

_ATTRIBUTES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "ce_specversion": ("Version of CloudEvents.", {"const": "1.0"}),
    "ce_id": ("Unique to the event: what comes twice (at least once is promised) has the same.", {"format": "uuid"}),
    "ce_type": ("What happened, and the version of its schema.", {}),
    "ce_source": ("The service that tells it.", {"format": "uri-reference"}),
    "ce_subject": ("The aggregate's id, as in the record's key.", {}),
    "ce_time": ("When it was written down, RFC 3339 UTC.", {"format": "date-time"}),
    "content-type": ("The value's media type.", {"const": "application/json"}),
}


def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bourse-projets: events",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
            "tags": [
                {"name": "public", "description": "Open to outside consumers; no personal data but public contacts."},
                {"name": "internal", "description": "Between the Bourse's own services only."},
            ],
        },
        "defaultContentType": "application/json",
        "servers": {
            "operator": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The operator tells the address, and the credentials where there are any.",
                "variables": {"bootstrap": {"default": "kafka.bourse-projets.example.org:9092"}},
            },
            "local": {
                "host": "127.0.0.1:{port}",
                "protocol": "kafka",
                "description": "A stack started with `./bourse up`: its base port + 92.",
                "variables": {"port": {"default": "8092"}},
            },
        },
        "channels": {_channel_name(topic): _channel(topic) for topic in TOPICS},
        "operations": {f"tell-{_channel_name(topic)}": _operation(topic) for topic in TOPICS},
        "components": {
            "messages": {event.__name__: _message(event) for event in EVENTS.values()},
            "messageTraits": {"cloudEvent": _cloud_event()},
            "schemas": _schemas(),
        },
    }


def _channel_name(topic: Topic) -> str:
    return topic.name.removeprefix("bourse.")


def _events_of(topic: Topic) -> list[type[Event]]:
    return [event for event in EVENTS.values() if topic == event.TOPIC]


def _channel(topic: Topic) -> dict[str, Any]:
    kept: dict[str, Any] = {"cleanup.policy": ["compact" if topic.compacted else "delete"]}
    if not topic.compacted:
        kept["retention.ms"] = -1 if topic.retention_ms is None else topic.retention_ms
    return {
        "address": topic.name,
        "description": f"Keyed by {topic.key}. {_kept(topic)} In order within a {topic.key}.",
        "messages": {e.__name__: {"$ref": f"#/components/messages/{e.__name__}"} for e in _events_of(topic)},
        "tags": [{"name": topic.access}],
        "bindings": {
            "kafka": {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": kept}
            | {"bindingVersion": "0.5.0"}
        },
    }


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return f"Compacted: the last event of each {topic.key} is kept for ever."
    if topic.retention_ms is None:
        return "Kept for ever."
    return f"Kept {topic.retention_ms // (24 * 3600 * 1000)} days."


def _operation(topic: Topic) -> dict[str, Any]:
    name = _channel_name(topic)
    return {
        "action": "send",
        "summary": f"The Bourse tells what happened on {topic.name}.",
        "channel": {"$ref": f"#/channels/{name}"},
        "tags": [{"name": topic.access}],
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": "application/json",
        "tags": [{"name": event.TOPIC.access}],
        "headers": {"type": "object", "properties": {"ce_type": {"const": event.TYPE}}},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"The {event.TOPIC.key}'s id."},
                "bindingVersion": "0.5.0",
            }
        },
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
    }


def _cloud_event() -> dict[str, Any]:
    properties = {
        name: {"type": "string", "description": description, **more}
        for name, (description, more) in _ATTRIBUTES.items()
    }
    properties["ce_traceparent"] = {"type": "string", "description": "W3C Trace Context, where the cause was traced."}
    return {"headers": {"type": "object", "required": sorted(_ATTRIBUTES), "properties": properties}}


def _schemas() -> Mapping[str, Any]:
    _, made = models_json_schema(
        [(event, "validation") for event in EVENTS.values()], ref_template="#/components/schemas/{model}"
    )
    return opened(made["$defs"])


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str], file: Path = FILE) -> int:
    """Write the document, or with `--check` only say whether it is current. The exit status."""
    is_current = file.exists() and file.read_text(encoding="utf-8") == text()
    if "--check" in arguments:
        sys.stderr.write("" if is_current else f"{file.name} is not current: run `{COMMAND}`.\n")
        return 0 if is_current else 1
    if not is_current:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(), encoding="utf-8")
        sys.stdout.write(f"{file.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
