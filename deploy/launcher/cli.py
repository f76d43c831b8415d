"""The commands of `./bourse`."""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.table import Table

from deploy.launcher import environment, logs, pages, start, status, stop
from deploy.launcher.environment import Surroundings
from deploy.launcher.errors import LauncherError
from deploy.launcher.ports import SERVICES, service_named
from deploy.launcher.progress import console
from deploy.launcher.state import ROOT, Folder, RunState, StackSettings, data_option, existing, folder_at

_READY_AGAIN_SECONDS: Final = 120.0

app = typer.Typer(
    name="bourse",
    help="Run the Bourse on this machine.",
    epilog="./bourse SERVICE --help shows a service's own commands (search rebuild, moderation parked list, ...).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The stack's folder (default: .bourse in the checkout).")
]
_PASS_ON: Final[dict[str, Any]] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def up(
    base_port: Annotated[
        int | None,
        typer.Option(
            "--base-port", metavar="N", help="The portal's port; the others follow (remembered; 8000 at first)."
        ),
    ] = None,
    data: Data = None,
    *,
    empty: Annotated[bool, typer.Option("--empty", help="Without the demonstration's sheets.")] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C, then stop the stack.")] = False,
) -> None:
    """Start everything and return when it is ready."""
    folder = folder_at(data)
    began = time.monotonic()
    if folder.is_stack and RunState.load(folder).is_supervised:
        stack = _already_up(folder, base_port)
    else:
        stack = _start(folder, base_port, empty=empty, foreground=foreground)
        console.print(f"Ready in {time.monotonic() - began:.0f} s.")
    _print_addresses(stack)
    if foreground:
        _stay(folder)


def _already_up(folder: Folder, base_port: int | None) -> Surroundings:
    _, settings = existing(folder.path)
    if base_port not in (None, settings.base_port):
        where = data_option(folder)
        raise LauncherError(
            f"This stack runs on base port {settings.base_port}. To move it: ./bourse down{where}, then up."
        )
    console.print(f"The stack in {folder.path} is up already.")
    stack = Surroundings(folder, settings)
    start.wait_until_ready(stack)
    _wait_until_all_answer(stack)
    return stack


def _wait_until_all_answer(stack: Surroundings) -> None:
    end = time.monotonic() + _READY_AGAIN_SECONDS
    while (known := status.collect(stack.folder, stack.settings))["state"] != "ready":
        if time.monotonic() > end:
            raise LauncherError(f"It is {known['state']}; see ./bourse status{data_option(stack.folder)}")
        time.sleep(0.3)


def _start(folder: Folder, base_port: int | None, *, empty: bool, foreground: bool) -> Surroundings:
    try:
        stack = start.start(folder, base_port, empty=empty, guardian=os.getpid() if foreground else None)
        start.wait_until_ready(stack)
        if not stack.settings.empty and not stack.settings.demonstration_loaded:
            _load_demonstration(stack)
    except KeyboardInterrupt:
        _stop(folder, "Interrupted: stopping what was started ...")
        raise LauncherError("Stopped.", code=130) from None
    return stack


def _load_demonstration(stack: Surroundings) -> None:
    if not (stack.is_demonstration and start.has_module("deploy.demo")):
        return
    if start.run_module("deploy.demo", "--data", str(stack.folder.path)):
        where = data_option(stack.folder)
        raise LauncherError(f"The stack runs, but the demonstration was not loaded whole. Again: ./bourse demo{where}")
    stack.settings.demonstration_loaded = True
    stack.settings.save(stack.folder)


def _stay(folder: Folder) -> None:
    console.print("Ctrl-C stops the stack.")
    try:
        while RunState.load(folder).is_supervised:
            time.sleep(0.5)
    except KeyboardInterrupt:
        _stop(folder, "Stopping ...")
        return
    error = RunState.load(folder).error
    if error:
        raise LauncherError(error)


def _print_addresses(stack: Surroundings) -> None:
    known = status.collect(stack.folder, stack.settings)
    table = Table.grid(padding=(0, 2))
    table.add_row("Portal", known["portal"])
    for name, service in known["services"].items():
        if name != "portal":
            table.add_row(name.capitalize(), f"{service['url']}/docs")
    table.add_row("Mails", f"{known['mail']['page'] or known['mail']['smtp']}")
    table.add_row("Mail folder", known["mail"]["maildir"] or "(the given SMTP server's)")
    table.add_row("Data", str(stack.folder.path))
    console.print(table)
    if not stack.is_demonstration:
        return
    console.print(
        "Demonstration accounts: agent-<country code>@example.org (posts), <authority's ref>@example.org, "
        "daect@example.org, admin@example.org"
    )
    console.print(f"Password of all: {known['demonstration']['password']}")


@app.command()
def down(data: Data = None) -> None:
    """Stop everything that `up` started; the data stays."""
    folder, _ = existing(data)
    console.print("Stopped." if _stop(folder, "Stopping ...") else "The stack is not running.")


def _stop(folder: Folder, message: str) -> bool:
    with console.status(message) as shown:
        return stop.stop(folder, lambda left: shown.update(f"{message} {', '.join(left)}"))


@app.command("status")
def show_status(
    data: Data = None, *, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Say what runs, where, and how it is."""
    folder, settings = existing(data)
    if as_json:
        sys.stdout.write(status.as_json(folder, settings))
    else:
        _print_table(status.collect(folder, settings))


def _print_table(known: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("Process", "State", "Pid", "MB", "Restarts", "Address"):
        table.add_column(column, justify="right" if column in ("Pid", "MB", "Restarts") else "left", overflow="fold")
    mail = {"mail": known["mail"] | {"url": known["mail"]["page"] or known["mail"]["smtp"]}}
    total = known["supervisor"]["rss_mb"] or 0
    engines = {"opensearch" if name == "search" else name: part for name, part in known["engines"].items()}
    for name, part in (known["services"] | engines | mail).items():
        total += part["rss_mb"] or 0
        cells = (part["pid"], part["rss_mb"], part["restarts"])
        address = part.get("url") or part.get("bootstrap")
        table.add_row(name, part["state"], *("-" if cell is None else str(cell) for cell in cells), address)
    console.print(f"State: {known['state']}   Memory: {total} MB   Data: {known['data']}")
    console.print(table)
    if orphans := known.get("orphans"):
        console.print(
            f"The supervisor was killed and left {', '.join(orphans)} running; ./bourse up or down clears that."
        )
    if error := known.get("error"):
        console.print(f"The last start failed: {error}")


@app.command("logs")
def show_logs(
    service: Annotated[str, typer.Argument(help="A service or engine, or supervisor.")],
    data: Data = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is added, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", help="How many of the last lines.", min=1)] = 50,
) -> None:
    """Show the log of a process."""
    folder, _ = existing(data)
    logs.show(folder, service, follow=follow, lines=lines)


@app.command()
def reset(data: Data = None, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the stack and delete its data folder."""
    folder, _ = existing(data)
    if not yes and not typer.confirm(f"Delete {folder.path} with all sheets, accounts and mails in it?"):
        raise LauncherError("Nothing was deleted.")
    _stop(folder, "Stopping ...")
    try:
        shutil.rmtree(folder.path)
    except OSError as error:
        raise LauncherError(f"{folder.path} could not be deleted whole: {error}") from error
    console.print(f"{folder.path} is deleted.")


@app.command()
def demo(data: Data = None) -> None:
    """Load the demonstration's sheets into a running stack."""
    folder, settings = _running(data)
    if not start.has_module("deploy.demo"):
        raise LauncherError("This checkout has no demonstration (deploy/demo.py).")
    _load_demonstration(Surroundings(folder, settings))


@app.command("run")
def run_alone(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="One of the services that `status` lists.")],
    port: Annotated[int, typer.Option("--port", metavar="N", help="Where it listens.")],
    data: Data = None,
) -> None:
    """Run one more replica of a service here, in this terminal, for working on it; Ctrl-C ends it."""
    known = service_named(service)
    if known is None:
        raise LauncherError(f"There is no service {service}. There are: {', '.join(SERVICE_NAMES)}.", code=2)
    folder, settings = _running(data)
    stack = Surroundings(folder, settings)
    if known.name == "portal":
        pages.prepare(stack)
    environ = environment.of_service(known, stack)
    # a name of its own, so that Kafka does not take it for the one that the stack runs
    environ |= {"BOURSE_PORT": str(port), "BOURSE_REPLICA": f"alone-{os.getpid()}"}
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-P", "-m", f"services.{service}.app"], environ)  # noqa: S606


def _running(data: Path | None) -> tuple[Folder, StackSettings]:
    folder, settings = existing(data)
    if not RunState.load(folder).is_supervised:
        raise LauncherError(f"The stack in {folder.path} is not running: ./bourse up{data_option(folder)}")
    return folder, settings


@app.command(context_settings=_PASS_ON, add_help_option=False)
def test(context: typer.Context) -> None:
    """Run the tests and quality gates (./bourse test --help)."""
    _become("tests.run", context.args)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def bench(context: typer.Context) -> None:
    """Run the benchmarks (./bourse bench --help)."""
    _become("bench.run", context.args)


def _become(module: str, arguments: list[str]) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606 - there is no shell to go through


def administer(name: str, arguments: list[str]) -> NoReturn:
    """`./bourse SERVICE COMMAND ...`: the service's own admin command, in the service's environment.

    Raises:
        LauncherError: there is no such service or no running stack.
    """
    service = service_named(name)
    if service is None:
        raise LauncherError(f"There is no service {name}.")
    data, passed_on = without_data_option(arguments)
    folder, settings = _running(data)
    if not start.has_module(f"services.{name}.admin"):
        raise LauncherError(f"The service {name} has no admin commands.")
    os.chdir(ROOT)
    command = [sys.executable, "-P", "-m", f"services.{name}.admin", *passed_on]
    os.execve(sys.executable, command, environment.of_service(service, Surroundings(folder, settings)))  # noqa: S606


def without_data_option(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """`--data DIR` taken out of a command's arguments, wherever it stands."""
    data: Path | None = None
    left: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--data":
            value = next(words, None)
            if value is None:
                raise LauncherError("--data needs a folder.", code=2)
            data = Path(value)
        elif word.startswith("--data="):
            data = Path(word.removeprefix("--data="))
        else:
            left.append(word)
    return data, left


SERVICE_NAMES: Final = tuple(service.name for service in SERVICES)
