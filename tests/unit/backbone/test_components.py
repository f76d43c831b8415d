"""Parts of a service that are kept running."""

import asyncio

from backbone.components import Supervised


async def test_what_fails_is_started_again_whatever_it_fails_with() -> None:
    runs: list[int] = []

    async def run() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise OSError("away")
        if len(runs) == 2:
            # what a library does that awaits a task of its own after it cancelled it
            inner = asyncio.create_task(asyncio.sleep(60))
            inner.cancel()
            await inner
        component.well()
        works.set()
        await asyncio.sleep(60)

    works = asyncio.Event()
    component = Supervised("part", run)
    await component.start()
    async with asyncio.timeout(5):
        await works.wait()
    assert await component.check() is None
    assert runs == [0, 1, 2]
    await component.stop()
    assert await component.check() == "ended"
    assert runs == [0, 1, 2]


async def test_it_ends_with_the_loop_too() -> None:
    async def run() -> None:
        await asyncio.sleep(60)

    component = Supervised("part", run)
    await component.start()
    await asyncio.sleep(0)
    (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "part"]
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({task})
    assert task.cancelled()


async def test_it_ends_even_if_its_cancellation_is_forgotten_once() -> None:
    forgotten: list[bool] = []

    async def run() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            forgotten.append(True)
        await asyncio.sleep(60)

    component = Supervised("part", run)
    await component.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(15):
        await component.stop()
    assert forgotten == [True]
