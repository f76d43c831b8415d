"""What `./bourse status` says: read from the supervisor's state file and asked of the processes themselves, at once.

Without third-party imports, so that it answers in a fraction of a second.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.launcher import health, ports, processes, secrets
from deploy.launcher.environment import Surroundings, without_password
from deploy.launcher.ports import SERVICES
from deploy.launcher.state import Folder, ProcessState, RunState, StackSettings

Json = dict[str, Any]
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432, "smtp": 25}


def as_json(folder: Folder, settings: StackSettings) -> str:
    return json.dumps(collect(folder, settings), indent=1) + "\n"


def collect(folder: Folder, settings: StackSettings) -> Json:
    """The stack's status, of the shape documented in docs/operations.md."""
    stack = Surroundings(folder, settings)
    run = RunState.load(folder)
    service_ports = {service.name: stack.port(service.offset) for service in SERVICES}
    with ThreadPoolExecutor(2) as pool:
        ready = pool.submit(health.ready_ports, service_ports.values())
        answering = pool.submit(_answering, stack)
        ready_services = {name for name, port in service_ports.items() if port in ready.result()}
        engines_up = answering.result()
    status: Json = {"state": "", "portal": stack.url(0)}
    status["services"] = {
        service.name: {"url": stack.url(service.offset)} | _process(run, service.name, service.name in ready_services)
        for service in SERVICES
    }
    status["engines"] = {
        "postgres": {"url": without_password(stack.postgres_admin_url)}
        | _process(run, "postgres", "postgres" in engines_up),
        "kafka": {"bootstrap": stack.kafka_bootstrap} | _process(run, "kafka", "kafka" in engines_up),
        "search": {"url": without_password(stack.search_url)} | _process(run, "opensearch", "opensearch" in engines_up),
    }
    status["mail"] = _mail(stack) | _process(run, "mail", "mail" in engines_up)
    status["demonstration"] = {"password": secrets.demonstration_password(folder.secrets)}
    status["data"] = str(folder.path)
    status["supervisor"] = _supervisor(run)
    status["state"] = _overall(run, status)
    if orphans := run.orphans():
        status["orphans"] = {name: orphan.pid for name, orphan in orphans.items()}
    if run.error and not run.is_supervised:
        status["error"] = run.error
    return status


def _mail(stack: Surroundings) -> Json:
    address = stack.smtp_url.partition("://")[2].rpartition("@")[2]
    maildir = None if stack.external("smtp") else str(stack.folder.mail)
    return {"smtp": address, "maildir": maildir, "page": stack.mail_page_url}


def _answering(stack: Surroundings) -> set[str]:
    """The engines that accept connections."""
    addresses = {
        "postgres": stack.postgres_admin_url,
        "kafka": f"kafka://{stack.kafka_bootstrap.split(',')[0]}",
        "opensearch": stack.search_url,
        "mail": stack.smtp_url,
    }
    with ThreadPoolExecutor(len(addresses)) as pool:
        answers = pool.map(_answers, addresses.values())
        return {name for name, up in zip(addresses, answers, strict=True) if up}


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    return ports.answers(parts.port or _DEFAULT_PORTS.get(parts.scheme, 0), parts.hostname or ports.HOST)


def _process(run: RunState, name: str, answers: bool) -> Json:
    """A process's pid (null when it does not run, or is not ours), memory, restarts and state."""
    process = run.processes.get(name)
    if process is None:  # an engine of the user's, or a stack that never ran
        external = not run.processes or name in ("postgres", "kafka", "opensearch", "mail")
        state = "ready" if answers and external else "stopped"
        return {"state": state, "pid": None, "rss_mb": None, "restarts": 0}
    pid = process.recorded.pid if process.recorded and process.recorded.alive else None
    memory = processes.resident_mb(pid, with_children=name == "postgres") if pid else None
    known: Json = {"state": _state(run, name, process, pid, answers), "pid": pid, "rss_mb": memory}
    known["restarts"] = process.restarts
    if process.last_exit and process.restarts:
        known["last_exit"] = process.last_exit
    return known


def _state(run: RunState, name: str, process: ProcessState, pid: int | None, answers: bool) -> str:
    if not run.is_supervised:
        return "orphaned" if pid else "stopped"
    if pid is None:
        return "stopped" if run.phase in ("stopping", "stopped", "failed") else "restarting"
    if answers:
        return "ready"
    return "starting" if name not in run.ready or process.restarts else "degraded"


def _supervisor(run: RunState) -> Json:
    if run.supervisor is None or not run.supervisor.alive:
        return {"pid": None, "rss_mb": None}
    return {"pid": run.supervisor.pid, "rss_mb": processes.resident_mb(run.supervisor.pid)}


def _overall(run: RunState, status: Json) -> str:
    """ready, starting, degraded or stopped."""
    if not run.is_supervised:
        return "degraded" if run.orphans() else "stopped"
    if run.phase in ("starting", "stopping"):
        return run.phase if run.phase == "starting" else "degraded"
    parts = [*status["services"].values(), *status["engines"].values(), status["mail"]]
    return "ready" if all(part["state"] == "ready" for part in parts) else "degraded"
