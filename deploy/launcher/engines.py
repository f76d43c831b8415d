"""The embedded engines of a stack: all but those that the user's environment replaces."""

import sys
from pathlib import Path

from deploy.embedded.engine import Engine
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.search import Search
from deploy.embedded.smtp import MailCatcher
from deploy.launcher import ports, secrets
from deploy.launcher.environment import Surroundings, plain, python
from deploy.launcher.state import ROOT

JAVA_ENGINES = ("kafka", "search")


def embedded(stack: Surroundings) -> list[Engine]:
    """The engines to start, those that take longest first."""
    folder, environment = stack.folder, plain(stack)
    engines: list[Engine] = []
    if not stack.external("search"):
        port, cluster = stack.settings.search_port, stack.settings.cluster
        heap = stack.user.get("BOURSE_SEARCH_HEAP", "")
        engines.append(Search(folder.engine("search"), port, cluster, environment, heap=heap))
    if not stack.external("kafka"):
        broker, controller = stack.port(ports.KAFKA_OFFSET), stack.port(ports.KAFKA_CONTROLLER_OFFSET)
        engines.append(Kafka(folder.engine("kafka"), broker, controller, environment))
    if not stack.external("postgres"):
        password = secrets.postgres_admin_password(folder.secrets)
        engines.append(Postgres(folder.engine("postgres"), stack.port(ports.POSTGRES_OFFSET), password, environment))
    if not stack.external("smtp"):
        smtp, page = stack.port(ports.SMTP_OFFSET), stack.port(ports.MAIL_PAGE_OFFSET)
        engines.append(MailCatcher(folder.mail, smtp, page, Path(sys.executable), python(stack), ROOT))
    return engines


def own_ports(stack: Surroundings) -> set[int]:
    """Every port that the stack is going to listen on."""
    offsets = {service.offset for service in ports.SERVICES}
    if not stack.external("smtp"):
        offsets |= {ports.SMTP_OFFSET, ports.MAIL_PAGE_OFFSET}
    if not stack.external("kafka"):
        offsets |= {ports.KAFKA_OFFSET, ports.KAFKA_CONTROLLER_OFFSET}
    if not stack.external("postgres"):
        offsets.add(ports.POSTGRES_OFFSET)
    found = {stack.port(offset) for offset in offsets}
    return found if stack.external("search") else found | {stack.settings.search_port}
