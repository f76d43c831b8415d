"""Asking processes how they are, several at once."""

import http.client
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from deploy.launcher.ports import HOST


def is_ready(port: int, timeout: float = 1.0) -> bool:
    """Whether the service on the port answers `GET /health/ready` with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def ready_ports(ports: Iterable[int], timeout: float = 1.0) -> set[int]:
    """Those of the ports whose service is ready."""
    asked = list(ports)
    if not asked:
        return set()
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(partial(is_ready, timeout=timeout), asked)
        return {port for port, ready in zip(asked, answers, strict=True) if ready}
