"""Removes the public copies of documents that are published no more."""

import asyncio
import contextlib
from typing import Final

from backbone.components import Supervised
from backbone.database import Database
from backbone.errors import Unavailable
from services.catalog import service
from services.catalog.service import OBSOLETE, Copies

LOOK_EVERY_S: Final = 60.0
TRY_AGAIN_S: Final = 5.0


class Cleaner(Supervised):
    """Works off the files noted as obsolete: at once after the commit that noted them, else within a minute."""

    def __init__(self, database: Database, copies: Copies) -> None:
        super().__init__("cleaner", self._clean)
        self._database = database
        self._copies = copies

    async def _clean(self) -> None:
        bell = self._database.bell(OBSOLETE)
        while True:
            bell.clear()
            await self._work_off()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TRY_AGAIN_S if self.trouble else LOOK_EVERY_S):
                    await bell.wait()

    async def _work_off(self) -> None:
        try:
            more = True
            while more:
                # after its commit: a file is never removed for a sheet that turns out to be still published
                async with self._database.transaction() as tx:
                    more = await service.remove_obsolete(tx, self._copies)
        except Unavailable as away:
            self.trouble = f"degraded: files of unpublished documents wait to be removed ({away.detail})"
        else:
            self.well()
