"""`python -m deploy.launcher`: what `./bourse` hands over to."""

import signal
import sys
from pathlib import Path
from types import FrameType

from deploy.launcher.errors import LauncherError


def main(arguments: list[str]) -> int:
    """Run a command; its exit code. Every foreseeable failure is one message without a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)  # ended by a service manager: stop cleanly as on Ctrl-C
    try:
        if (data := _quick_status(arguments)) is not None:
            return _print_status(data)
        return _run(arguments)
    except LauncherError as error:
        sys.stderr.write(f"bourse: {error}\n")
        return error.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _quick_status(arguments: list[str]) -> str | None:
    """The folder (empty for the default) where the command is `status --json [--data DIR]`, else None.

    Programs ask for it often: it is answered without the time that the command line's libraries take to load.
    """
    match arguments:
        case ["status", "--json"]:
            return ""
        case ["status", "--json", "--data", folder] | ["status", "--data", folder, "--json"]:
            return folder
        case _:
            return None


def _print_status(data: str) -> int:
    from deploy.launcher.state import existing
    from deploy.launcher.status import as_json

    sys.stdout.write(as_json(*existing(Path(data) if data else None)))
    return 0


def _run(arguments: list[str]) -> int:
    from deploy.launcher import cli

    if arguments and arguments[0] in cli.SERVICE_NAMES:
        cli.administer(arguments[0], arguments[1:])
    cli.app(arguments, prog_name="./bourse")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
