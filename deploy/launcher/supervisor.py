"""The background process that keeps a stack up: starts engines, provisions, starts services, restarts what dies.

`python -m deploy.launcher.supervisor --data DIR [--guardian PID]`. It tells what it does in `run/state.json`. It
ends on SIGTERM, and with `--guardian` also when that process (an `up --foreground`) is gone.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from deploy.embedded.engine import Engine, EngineError, Launch
from deploy.embedded.kafka import Kafka
from deploy.embedded.search import Search
from deploy.launcher import health, logs, processes
from deploy.launcher.child import Child
from deploy.launcher.engines import embedded
from deploy.launcher.environment import Surroundings, of_service, python
from deploy.launcher.errors import LauncherError
from deploy.launcher.ports import SERVICES, Service
from deploy.launcher.state import ROOT, Folder, Lock, ProcessState, RunState, StackSettings

START_SECONDS: Final = 180.0
DEATHS_AT_START: Final = 5  # of one process, before the start is given up
SERVICES_STOP_SECONDS: Final = 8.0
ENGINES_STOP_SECONDS: Final = 9.0
_HOUSEKEEPING_SECONDS: Final = 2.0
_ARCHIVES_AFTER_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.1
_PROVISIONING: Final = "provisioning"


class StartFailedError(Exception):
    """The stack could not be started; the message is for the user."""


class Supervisor:
    """Owns every process of one stack from `run` to its end."""

    def __init__(self, stack: Surroundings, guardian: processes.Recorded | None = None) -> None:
        self._stack = stack
        self._folder = stack.folder
        self._guardian = guardian
        self._engines = embedded(stack)
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._untold = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._state = RunState(phase="starting", supervisor_pid=os.getpid())
        self._state.supervisor_identity = processes.identity(os.getpid())

    async def run(self) -> int:
        """Keep the stack up until told to stop; the process's exit code."""
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(sig, self._stop.set)
        background = [asyncio.create_task(job) for job in (self._keep_house(), self._make_archives())]
        error = await self._start_and_wait()
        for task in background:
            task.cancel()
        self._tell(phase="stopping", doing="")
        await self._stop_everything()
        self._state.error = error
        self._tell(phase="failed" if error else "stopped")
        return 1 if error else 0

    async def _start_and_wait(self) -> str | None:
        """Until the stack is to stop; the error that made it, None where it was told to."""
        stopping = asyncio.create_task(self._stop.wait())
        starting = asyncio.create_task(self._start())
        try:
            await asyncio.wait((stopping, starting, self._failed), return_when=asyncio.FIRST_COMPLETED)
            for outcome in (starting, self._failed):
                if outcome.done():
                    outcome.result()
            await stopping
        except (StartFailedError, LauncherError) as error:
            return str(error)
        except Exception as error:  # a fault of ours: the user gets a sentence, the log the traceback
            traceback.print_exc()
            return f"The launcher failed ({type(error).__name__}: {error}). See {self._folder.log('supervisor')}."
        finally:
            for task in (starting, stopping):
                task.cancel()
        return None

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                for engine in self._engines:
                    self._keep_up(engine.name, "engine", engine.launch)
                await asyncio.gather(self._provision(), *(self._wait_for_engine(engine) for engine in self._engines))
        except TimeoutError:
            raise StartFailedError(self._unready_text()) from None
        self._tell(phase="ready", doing="")
        self._ready.set()

    async def _make_archives(self) -> None:
        """Make later starts of the Java engines quick, once this one is over and there is nothing better to do."""
        await self._ready.wait()
        await asyncio.sleep(_ARCHIVES_AFTER_SECONDS)
        for engine in self._engines:
            if isinstance(engine, Kafka | Search) and engine.archive.can_be_made():
                try:
                    await _make_archive(engine)
                except (EngineError, OSError) as error:  # it is a cache: the stack does without
                    _complain(f"no class archive for {engine.name}: {error}")

    async def _provision(self) -> None:
        """Databases and topics, then the services, which find both; the search engine may still be starting."""
        self._tell(doing="databases and topics")
        environment = python(self._stack) | {
            "BOURSE_POSTGRES_URL": self._stack.postgres_admin_url,
            "BOURSE_DATABASE_PASSWORDS": json.dumps(self._stack.database_passwords()),
            "BOURSE_KAFKA_BOOTSTRAP": self._stack.kafka_bootstrap,
            "BOURSE_PROVISION_SECONDS": "120",
        }
        with logs.open_log(self._folder.log(_PROVISIONING)) as log:
            command = (sys.executable, "-P", "-m", "deploy.provision")
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
        if code:
            tail = logs.tail(self._folder.log(_PROVISIONING), 5)
            raise StartFailedError(f"Databases and topics could not be made:\n{tail}")
        self._state.ready.append(_PROVISIONING)
        self._tell(doing="services")
        for service in SERVICES:
            self._keep_up(service.name, "service", lambda service=service: service_launch(service, self._stack))
        await asyncio.gather(*(self._wait_for_service(service) for service in SERVICES))

    def _keep_up(self, name: str, kind: str, launch: Callable[[], Launch]) -> None:
        state = self._state.processes[name] = ProcessState(kind)
        child = self._children[name] = Child(name, state, launch, self._folder.log(name), self._tell)
        self._tasks[name] = asyncio.create_task(child.run(self._died))

    async def _died(self, child: Child) -> None:
        """Give a start up that goes nowhere; once the stack was ready, a process is restarted for ever."""
        if child.name in self._state.ready:
            self._state.ready.remove(child.name)
        if self._state.phase != "starting" or child.deaths < DEATHS_AT_START or self._failed.done():
            return
        log = self._folder.log(child.name)
        text = f"{child.name} died {child.deaths} times while starting ({child.state.last_exit}). The end of {log}:\n"
        self._failed.set_exception(StartFailedError(text + logs.tail(log)))

    async def _wait_for_engine(self, engine: Engine) -> None:
        await _until(engine.is_ready)
        self._note_ready(engine.name)

    async def _wait_for_service(self, service: Service) -> None:
        port = self._stack.port(service.offset)
        await _until(partial(health.is_ready, port, 5.0))
        self._note_ready(service.name)

    def _note_ready(self, name: str) -> None:
        self._state.ready.append(name)
        self._tell()

    def _unready_text(self) -> str:
        waited = [name for name in self._state.processes if name not in self._state.ready]
        tails = "".join(f"\nThe end of {self._folder.log(n)}:\n{logs.tail(self._folder.log(n), 8)}\n" for n in waited)
        return f"Not ready after {START_SECONDS:.0f} s: {', '.join(waited) or _PROVISIONING}.{tails}"

    async def _stop_everything(self) -> None:
        """The services first, which finish what they have begun; then the engines."""
        for kind, seconds in (("service", SERVICES_STOP_SECONDS), ("engine", ENGINES_STOP_SECONDS)):
            await self._stop_kind(kind, seconds)

    async def _stop_kind(self, kind: str, seconds: float) -> None:
        children = [child for child in self._children.values() if child.state.kind == kind]
        tasks = [self._tasks[child.name] for child in children]
        if not tasks:
            return
        for child in children:
            child.stop()
        _, running = await asyncio.wait(tasks, timeout=seconds)
        if running:
            for child in children:
                child.kill()
            await asyncio.wait(running, timeout=5)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            if self._guardian and not self._guardian.alive:
                self._stop.set()
            if self._untold:
                self._tell()
            try:
                logs.rotate(self._folder.logs)
            except OSError as error:
                _complain(f"the logs could not be cut: {error}")

    def _tell(self, *, phase: str | None = None, doing: str | None = None) -> None:
        self._state.phase = self._state.phase if phase is None else phase
        self._state.doing = self._state.doing if doing is None else doing
        try:
            self._state.save(self._folder)
            self._untold = False
        except OSError as error:  # a full disk must not end the supervision; it is told again later
            self._untold = True
            _complain(f"the state could not be written: {error}")


def _complain(text: str) -> None:
    """A line in the supervisor's log; on a full disk there is nobody to tell."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")


async def _until(ready: Callable[[], bool]) -> None:
    while True:
        if await asyncio.to_thread(ready):
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _make_archive(engine: Kafka | Search) -> None:
    process = engine.archive.make(await asyncio.to_thread(engine.classpath))
    try:
        await asyncio.to_thread(process.wait)
    finally:  # also when the stack is told to stop meanwhile
        if process.poll() is None:
            process.kill()
        engine.archive.keep(process.wait())


def service_launch(service: Service, stack: Surroundings) -> Launch:
    """How to start a service. `BOURSE_SERVICE_COMMAND` (with `{name}`) replaces Python's arguments, for tests."""
    template = stack.user.get("BOURSE_SERVICE_COMMAND") or "-m services.{name}.app"
    arguments = shlex.split(template.format(name=service.name))
    return Launch([sys.executable, "-P", *arguments], of_service(service, stack), ROOT)


async def supervise(folder: Folder, environment: Mapping[str, str], guardian: processes.Recorded | None) -> int:
    """Run the stack in the folder.

    Raises:
        LauncherError: there is no stack there.
    """
    settings = StackSettings.load(folder)
    if settings is None:
        raise LauncherError(f"There is no stack in {folder.path}.")
    return await Supervisor(Surroundings(folder, settings, environment), guardian).run()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Keep a stack up.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--guardian", type=int)
    options = parser.parse_args(arguments)
    folder = Folder(options.data)
    lock = Lock(folder)
    if not lock.take():
        sys.stderr.write("another supervisor keeps this stack\n")
        return 2
    guardian = processes.record(options.guardian) if options.guardian else None
    return asyncio.run(supervise(folder, dict(os.environ), guardian))


if __name__ == "__main__":
    sys.exit(main())
