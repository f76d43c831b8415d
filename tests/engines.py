"""Real engines for the tests: the embedded ones, or containers where `BOURSE_TEST_ENGINES=containers` asks for them."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

from deploy.embedded import jars
from deploy.embedded.engine import Engine
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.search import Search
from deploy.launcher.ports import HOST, SEARCH_PORTS, is_free

STARTS_WITHIN_S: Final = 60
_PASSWORD: Final = "for-tests-only"


class Engines(Protocol):
    """Starts each engine when it is first asked for."""

    def postgres(self) -> str:
        """An administrator's URL."""
        ...

    def kafka(self) -> str:
        """Bootstrap address."""
        ...

    def search(self) -> str:
        """URL of the search engine."""
        ...


def free_port(start: int) -> int:
    """A free port in the thousand from `start`; two runs at the same time begin at different places."""
    first = os.getpid() * 7 % 1000
    return next(port for port in (start + (first + step) % 1000 for step in range(1000)) if is_free(port))


class EmbeddedEngines:
    """The engines of `deploy/embedded`, in a folder of their own, ended with the stack."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._urls: dict[str, str] = {}

    def postgres(self) -> str:
        port = free_port(25000)
        engine = Postgres(self._folder / "postgres", port, _PASSWORD, os.environ)
        return self._started(engine, f"postgresql://postgres:{_PASSWORD}@{HOST}:{port}/postgres")

    def kafka(self) -> str:
        port, controller = free_port(28000), free_port(29000)
        return self._started(Kafka(self._folder / "kafka", port, controller, os.environ), f"{HOST}:{port}")

    def search(self) -> str:
        # the far end of the range: the near end is where stacks begin
        mine = os.getpid() % 20
        port = next(
            port for port in (*reversed(SEARCH_PORTS[-20 - mine : -mine or None]), *SEARCH_PORTS) if is_free(port)
        )
        engine = Search(self._folder / "search", port, f"tests-{os.getpid()}", os.environ)
        return self._started(engine, f"http://{HOST}:{port}")

    def _started(self, engine: Engine, url: str) -> str:
        if engine.name not in self._urls:
            self._stack.enter_context(running(engine, self._folder / f"{engine.name}.log"))
            self._urls[engine.name] = url
        return self._urls[engine.name]


@contextmanager
def running(engine: Engine, log: Path) -> Generator["subprocess.Popen[bytes]"]:
    """The engine as a child process, ready."""
    launch = engine.launch()
    uid, gid = launch.user or (None, None)
    with log.open("ab") as out:
        process = subprocess.Popen(
            launch.argv,
            env=dict(launch.environment),
            cwd=launch.folder,
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
        )
    try:
        end = time.monotonic() + STARTS_WITHIN_S
        while not engine.is_ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{engine.name} did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(launch.stop_signal)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ContainerEngines:
    """The engines of `docker-compose.yml`, by testcontainers."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._urls: dict[str, str] = {}

    def postgres(self) -> str:
        from testcontainers.postgres import PostgresContainer

        if "postgres" not in self._urls:
            container = self._stack.enter_context(PostgresContainer("postgres:18.6", driver=None))
            self._urls["postgres"] = container.get_connection_url()
        return self._urls["postgres"]

    def kafka(self) -> str:
        from testcontainers.kafka import KafkaContainer

        if "kafka" not in self._urls:
            container = self._stack.enter_context(KafkaContainer("apache/kafka:4.4.0").with_kraft())
            self._urls["kafka"] = container.get_bootstrap_server()
        return self._urls["kafka"]

    def search(self) -> str:
        from testcontainers.elasticsearch import ElasticSearchContainer

        if "search" not in self._urls:
            container = self._stack.enter_context(ElasticSearchContainer("elasticsearch:9.5.3", mem_limit="1G"))
            self._urls["search"] = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9200)}"
        return self._urls["search"]


@contextmanager
def engines(folder: Path) -> Generator[Engines]:
    """The engines that this run was asked for."""
    with ExitStack() as stack:
        if os.environ.get("BOURSE_TEST_ENGINES") == "containers":
            yield ContainerEngines(stack)
        else:
            jars.download(jars.missing([*jars.WANTED]))  # a new machine has none
            yield EmbeddedEngines(folder, stack)
