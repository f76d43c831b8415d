"""Apache Kafka in KRaft mode: one process, broker and controller."""

import base64
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.embedded import jars, java
from deploy.embedded.archive import Archive
from deploy.embedded.engine import EngineError, Launch
from deploy.launcher.ports import HOST, answers

_HEAP_MB: Final = (64, 384)
_OPTIONS: Final = ("-XX:TieredStopAtLevel=1", "--sun-misc-unsafe-memory-access=allow")
# A stack may sleep for months: its consumers' offsets must not be forgotten meanwhile (minutes in a year).
_OFFSETS_KEPT: Final = 525_600


@dataclass(frozen=True)
class Kafka:
    """A broker on `port` and its controller on `controller_port`, its log in `folder`."""

    folder: Path
    port: int
    controller_port: int
    environment: Mapping[str, str]
    name: str = "kafka"

    @property
    def archive(self) -> Archive:
        return Archive(self.name, self.folder)

    def classpath(self) -> list[Path]:
        return jars.classpath("kafka", self.folder / "verified.json")

    def is_ready(self) -> bool:
        return answers(self.port)

    def launch(self) -> Launch:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        classpath = self.classpath()
        configuration = self._configure()
        self._format(classpath, configuration)
        return Launch([*self._java("kafka.Kafka", classpath), str(configuration)], self.environment, self.folder)

    def _java(self, main: str, classpath: list[Path]) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return java.command(
            main, classpath, self.folder, heap_mb=_HEAP_MB, options=(*_OPTIONS, logging, *self.archive.options())
        )

    def _configure(self) -> Path:
        (self.folder / "log4j2.properties").write_text(java.LOG4J.format(level="warn"))
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        return path

    def _settings(self) -> dict[str, str | int]:
        address, controller = f"PLAINTEXT://{HOST}:{self.port}", f"{HOST}:{self.controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{address},CONTROLLER://{controller}",
            "advertised.listeners": address,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            # one machine and a handful of clients: few threads and small buffers
            "num.network.threads": 2,
            "num.io.threads": 3,
            "background.threads": 2,
            "log.cleaner.dedupe.buffer.size": 16 * 2**20,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 8,
            "offsets.retention.minutes": _OFFSETS_KEPT,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
        }

    def _format(self, classpath: list[Path], configuration: Path) -> None:
        """Give a new data folder its cluster id; only once, a Java start takes a second."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        # with a dash at its head it would be taken for an option
        cluster = "b" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:].rstrip("=")
        command = [*self._java("kafka.tools.StorageTool", classpath), "format", "-t", cluster, "-c", str(configuration)]
        done = subprocess.run(
            [*command, "--ignore-formatted"], env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise EngineError(f"Kafka's folder could not be formatted:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
