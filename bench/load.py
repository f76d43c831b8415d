"""A client apart: as many requests as 32 connections carry in some seconds, in a process of its own.

It reads `{"clients", "seconds", "requests": [{"method", "url", "body"}]}` on its standard input, and writes
`{"per_second", "p50_ms", "p95_ms"}`. The answers are read whole and not parsed: it costs the same whoever answers.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import uvloop

from bench.measure import percentile
from bench.stack import ROOT


async def _run(clients: int, seconds: float, requests: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    times: list[float] = []
    queue = itertools.cycle(requests)
    connector = aiohttp.TCPConnector(limit=clients)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector) as session:
        end = time.perf_counter() + seconds

        async def client() -> None:
            while (started := time.perf_counter()) < end:
                one = next(queue)
                body = one["body"].encode() if one["body"] else None
                async with session.request(one["method"], one["url"], data=body, headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()
                times.append(time.perf_counter() - started)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(clients):
                tasks.create_task(client())
        took = time.perf_counter() - started
    return {
        "per_second": len(times) / took,
        "p50_ms": percentile(times, 0.5) * 1000,
        "p95_ms": percentile(times, 0.95) * 1000,
    }


def measured(clients: int, seconds: float, requests: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What another process reaches with these requests, taken in turn."""
    asked = json.dumps({"clients": clients, "seconds": seconds, "requests": requests})
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the client failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_run(**json.load(sys.stdin)))))
