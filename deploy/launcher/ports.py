"""What runs and where: the services, what each needs, and every port as an offset from the base port.

To add a service, add one line to `SERVICES`.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOST: Final = "127.0.0.1"
DEFAULT_BASE_PORT: Final = 8000
LARGEST_BASE_PORT: Final = 65535 - 93

MAIL_PAGE_OFFSET: Final = 9
SMTP_OFFSET: Final = 25
POSTGRES_OFFSET: Final = 54
KAFKA_OFFSET: Final = 92
KAFKA_CONTROLLER_OFFSET: Final = 93
# OpenSearch's runner takes ports of this range only, so its port does not follow the base port.
SEARCH_PORTS: Final = range(9201, 9300)


class Need(StrEnum):
    """Something a service is given in its environment, and no service without the need is."""

    DATABASE = "database"
    KAFKA = "kafka"
    SEARCH = "search"
    SMTP = "smtp"
    TOKENS = "tokens"  # verifies the tokens that accounts signs
    DEPOSITS = "deposits"  # the store of deposited documents
    PUBLIC_DOCUMENTS = "public documents"
    DAECT_EMAIL = "daect email"
    DEMONSTRATION_PASSWORD = "demonstration password"  # noqa: S105 - the name of a need
    DIRECTORY = "directory"  # the addresses of all services and of the mail page


@dataclass(frozen=True)
class Service:
    """A service process: `python -m services.<name>.app` on base port + `offset`."""

    name: str
    offset: int
    needs: frozenset[Need]

    @property
    def has_database(self) -> bool:
        return Need.DATABASE in self.needs


def _service(name: str, offset: int, *needs: Need) -> Service:
    return Service(name, offset, frozenset(needs))


_EVENTS: Final = (Need.DATABASE, Need.KAFKA)

# Offsets 7, 8 and 10 are kept for partnership, analytics and atlas.
SERVICES: Final = (
    _service("portal", 0, Need.DEMONSTRATION_PASSWORD, Need.DIRECTORY),
    _service("submission", 1, *_EVENTS, Need.TOKENS, Need.DEPOSITS),
    _service("accounts", 2, *_EVENTS, Need.DEMONSTRATION_PASSWORD),
    _service("moderation", 3, *_EVENTS, Need.TOKENS, Need.DAECT_EMAIL),
    _service("catalog", 4, *_EVENTS, Need.TOKENS, Need.DEPOSITS, Need.PUBLIC_DOCUMENTS),
    _service("search", 5, *_EVENTS, Need.TOKENS, Need.SEARCH),
    _service("notifier", 6, *_EVENTS, Need.TOKENS, Need.SMTP, Need.DAECT_EMAIL),
)


def service_named(name: str) -> Service | None:
    return next((service for service in SERVICES if service.name == name), None)


def url(base_port: int, offset: int) -> str:
    return f"http://{HOST}:{base_port + offset}"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now (a connection that lingers from an old one does not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = HOST, timeout: float = 0.3) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def taken(ports: Iterable[int]) -> list[int]:
    return [port for port in sorted(ports) if not is_free(port)]
