"""Submissions per second, against the same rows written raw with asyncpg in the same two transactions."""

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import asyncpg
import orjson
import psutil

from bench.measure import Figure, median
from bench.sheets import demands
from bench.stack import Client, Stack

CLIENTS: Final = 16
ROUND: Final = 400
ROUNDS: Final = 5

_SCRATCH = """
create table if not exists bench_project (like project including all);
create table if not exists bench_revision (like revision including all);
create table if not exists bench_outbox (like outbox including all);
"""


async def _together(work: Callable[[int], Awaitable[None]], count: int) -> float:
    """Do it `count` times with that many clients at once; how many a second."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(worker())
    return count / (time.perf_counter() - started)


def _agent(record: dict[str, Any]) -> str:
    return f"agent-{record['authority']['country'].lower()}@example.org"


async def _raw(pool: "asyncpg.Pool[asyncpg.Record]", records: Iterator[dict[str, Any]]) -> None:
    record = next(records)
    authority, project = (orjson.dumps(record[part]).decode() for part in ("authority", "project"))
    whole = orjson.dumps(record).decode()
    async with pool.acquire() as connection:
        async with connection.transaction():
            identity = await connection.fetchval(
                "insert into bench_project (authority_ref, post, account, demonstration, authority, project)"
                " values ($1, 'dakar', 'bench', true, $2, $3) returning id",
                record["authority"]["ref"],
                authority,
                project,
            )
        async with connection.transaction():
            await connection.execute(
                "update bench_project set state = 'submitted', revision = 1, version = 1, edition = 2,"
                " submitted_at = now() where id = $1",
                identity,
            )
            await connection.execute(
                "insert into bench_revision (project, revision, record, author, on_behalf)"
                " values ($1, 1, $2, '{}', true)",
                identity,
                whole,
            )
            await connection.execute(
                "insert into bench_outbox (topic, key, type, payload) values ('bench', $1, 'bench', $2)",
                str(identity),
                whole,
            )


def _cpu(stack: Stack) -> dict[str, float]:
    """CPU seconds of each process of the stack so far, PostgreSQL's with its backends that are alive."""
    status = stack.status
    pids = {
        **{f"engine {name}": entry["pid"] for name, entry in status["engines"].items()},
        **{name: entry["pid"] for name, entry in status["services"].items()},
        "mail catcher": status["mail"]["pid"],
        "this client": os.getpid(),
    }
    return {name: sum(map(_own_cpu, _family(pid))) for name, pid in pids.items() if pid}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _own_cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # a backend that ended meanwhile
    return times.user + times.system


async def measure(stack: Stack, client: Client) -> list[Figure]:
    """Rounds of the service and of the raw inserts in turn, the whole chain at work behind the service."""
    records = itertools.cycle(demands())
    for record in demands():
        await client.token(_agent(record))

    async def submit(_: int) -> None:
        record = next(records)
        who = _agent(record)
        made = await client.call("submission", "POST", "/projects", who, record)
        await client.call("submission", "POST", f"/projects/{made['id']}/submit", who)

    pool = await asyncpg.create_pool(stack.database("submission"), min_size=CLIENTS, max_size=CLIENTS)
    reached: list[float] = []
    raw: list[float] = []
    spent: list[dict[str, float]] = []
    try:
        await pool.execute(_SCRATCH)
        await _together(submit, 100)
        for _ in range(ROUNDS):
            before = _cpu(stack)
            reached.append(await _together(submit, ROUND))
            await asyncio.sleep(5)  # the chain behind catches up, so that the raw round has the machine to itself
            spent.append({name: seconds - before.get(name, 0) for name, seconds in _cpu(stack).items()})
            raw.append(await _together(lambda _: _raw(pool, records), ROUND))
    finally:
        await pool.execute("drop table if exists bench_project, bench_revision, bench_outbox")
        await pool.close()
    ratio = median([ours / theirs for ours, theirs in zip(reached, raw, strict=True)])
    return [
        Figure("submissions", median(reached), "/s", median(raw), "≥ 0.4 × raw inserts", ratio >= 0.4),
        *(
            Figure(f"CPU a submission: {name}", median([one[name] for one in spent]) / ROUND * 1000, "ms")
            for name in spent[0]
        ),
    ]
