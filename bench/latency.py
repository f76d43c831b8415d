"""Submit → mail accepted by SMTP, publish → found by search; one at a time, as people wait for them."""

import asyncio
import email
import os
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from bench.measure import Figure, percentile
from bench.sheets import demands
from bench.stack import Client, Stack

TIMES: Final = 60
MAILS: Final = 3  # to the post, to the DAECT, to the author


async def _submitted(client: Client, number: int) -> tuple[str, str, float]:
    record = demands()[number % len(demands())]
    who = f"agent-{record['authority']['country'].lower()}@example.org"
    record["project"]["title"] = f"Mesure {uuid4().hex} {number}"
    made = await client.call("submission", "POST", "/projects", who, record)
    started = time.time()
    await client.call("submission", "POST", f"/projects/{made['id']}/submit", who)
    return made["id"], who, started


def _project_of(path: str) -> str:
    return str(email.message_from_bytes(Path(path).read_bytes())["x-bourse-project"])


async def _accepted(maildir: Path, project: str, known: set[str]) -> float:
    """When the last of the mails of a submission was accepted (a file is there once SMTP has answered 250)."""
    times: list[float] = []
    async with asyncio.timeout(30):
        while True:
            for entry in os.scandir(maildir / "new"):
                if entry.name not in known:
                    known.add(entry.name)
                    if _project_of(entry.path) == project:
                        times.append(entry.stat().st_mtime)
            if len(times) >= MAILS:
                return max(times)
            await asyncio.sleep(0.002)


async def _found(client: Client, project: str) -> float:
    async with asyncio.timeout(30):
        while True:
            answer = await client.call("search", "GET", f"/projects?q={project}&size=1")
            if answer["total"]:
                return time.time()
            await asyncio.sleep(0.005)


async def measure(stack: Stack, client: Client) -> list[Figure]:
    """Both delays, in milliseconds."""
    known = {entry.name for entry in os.scandir(stack.maildir / "new")}
    mailed: list[float] = []
    found: list[float] = []
    for number in range(TIMES):
        project, who, started = await _submitted(client, number)
        mailed.append((await _accepted(stack.maildir, project, known) - started) * 1000)
        title = (await client.call("submission", "GET", f"/projects/{project}", who))["project"]["title"].split()[1]
        started = time.time()
        await client.call("moderation", "POST", f"/reviews/{project}/publish", who)
        found.append((await _found(client, title) - started) * 1000)
    return [
        Figure("submit → mail p50", percentile(mailed, 0.5), "ms", None, "≤ 100 ms", percentile(mailed, 0.5) <= 100),
        Figure("submit → mail p95", percentile(mailed, 0.95), "ms"),
        Figure("publish → found p50", percentile(found, 0.5), "ms", None, "≤ 500 ms", percentile(found, 0.5) <= 500),
        Figure("publish → found p95", percentile(found, 0.95), "ms"),
    ]
