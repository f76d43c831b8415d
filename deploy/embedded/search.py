"""OpenSearch, one node, started by the runner that Maven Central has it whole with."""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.embedded import jars, java
from deploy.embedded.archive import Archive
from deploy.embedded.engine import EngineError, Launch
from deploy.launcher.ports import HOST, SEARCH_PORTS, is_free

_HEAP_MB: Final = (384, 512)
_HEAP: Final = re.compile(r"(\d+)([mg])", re.IGNORECASE)
_OPTIONS: Final = (
    "--enable-native-access=ALL-UNNAMED",
    # The runtime has no Thai dictionary of its own, and OpenSearch's analyzers want one: ICU4J's provider has it.
    "-Djava.locale.providers=CLDR,SPI",
)
# Watermarks in bytes: a laptop's disk that is 95 % full has room enough for this index, until it has not.
_CONFIGURATION: Final = """\
discovery.type: single-node
network.host: {host}
transport.port: 9300-9399
action.auto_create_index: "false"
# The serial collector leaves garbage until the heap is full: counted as used, it would trip the breaker.
indices.breaker.total.use_real_memory: false
cluster.routing.allocation.disk.watermark.low: 1gb
cluster.routing.allocation.disk.watermark.high: 500mb
cluster.routing.allocation.disk.watermark.flood_stage: 250mb
"""


@dataclass(frozen=True)
class Search:
    """A node on `port` (of `SEARCH_PORTS`), its indices in `folder`; `cluster` tells it from another stack's."""

    folder: Path
    port: int
    cluster: str
    environment: Mapping[str, str]
    name: str = "opensearch"  # `search` is the service
    heap: str = ""  # such as 2g, as Java writes it: for indices that the usual half gigabyte is too small for

    @property
    def archive(self) -> Archive:
        return Archive(self.name, self.folder)

    def classpath(self) -> list[Path]:
        return jars.classpath("search", self.folder / "verified.json")

    def is_ready(self) -> bool:
        """Whether the node on the port is this one and its cluster has formed."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            connection.request("GET", "/_cluster/health")
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        return answer.get("cluster_name") == self.cluster and answer.get("status") in ("green", "yellow")

    def launch(self) -> Launch:
        if self.port not in SEARCH_PORTS:
            raise EngineError(f"OpenSearch's port must be one of {SEARCH_PORTS.start} to {SEARCH_PORTS.stop - 1}.")
        if not is_free(self.port):
            # The runner would silently take the next port, where nobody looks for it.
            raise EngineError(f"Port {self.port}, which this stack's OpenSearch uses, is taken by another program.")
        configuration = self._configure()
        runner = "org.codelibs.opensearch.runner.OpenSearchRunner"
        options = (*_OPTIONS, *self.archive.options())
        command = java.command(runner, self.classpath(), self.folder, heap_mb=self._heap_mb(), options=options)
        arguments = {
            "-basePath": self.folder,
            "-confPath": configuration,
            "-numOfNode": 1,
            "-clusterName": self.cluster,
            "-baseHttpPort": self.port - 1,  # the first node is on the next
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        # Without a logger the runner dies without a word.
        return Launch([*command, *words, "-useLogger"], self.environment, self.folder)

    def _heap_mb(self) -> tuple[int, int]:
        """The least and the most that Java takes."""
        if not self.heap:
            return _HEAP_MB
        said = _HEAP.fullmatch(self.heap)
        megabytes = int(said[1]) * (1024 if said[2].lower() == "g" else 1) if said else 0
        if megabytes < _HEAP_MB[0]:
            raise EngineError(f"BOURSE_SEARCH_HEAP must be at least {_HEAP_MB[0]}m, such as 2g; it is {self.heap!r}.")
        return megabytes, megabytes

    def _configure(self) -> Path:
        configuration = self.folder / "config"
        configuration.mkdir(mode=0o700, parents=True, exist_ok=True)
        (configuration / "opensearch.yml").write_text(_CONFIGURATION.format(host=HOST))
        (configuration / "log4j2.properties").write_text(java.LOG4J.format(level="info"))
        return configuration
