"""HTTP of the open data: `/export.<format>`, with the filters of the list."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from backbone.database import Database
from backbone.http import FRESH, router
from services.catalog import service
from services.catalog.exports import FORMATS, Format
from services.catalog.filters import Filters

routes = router(tags=["open data"])
BATCH: Final = 200


async def _batches(database: Database, filters: Filters) -> AsyncIterator[Sequence[str]]:
    # a transaction a batch: a slow reader holds no connection, and each sheet is as it is when its turn comes
    after = ""
    while True:
        async with database.transaction() as tx:
            texts, after = await service.batch_of_sheets(tx, filters, after, BATCH)
        if texts:
            yield texts
        if not after:
            return


async def _begun(batches: AsyncIterator[Sequence[str]]) -> AsyncIterator[Sequence[str]]:
    """The same batches, the first one fetched: what is away is told before the answer begins."""
    first = await anext(batches, None)

    async def all_of_them() -> AsyncIterator[Sequence[str]]:
        if first is not None:
            yield first
        async for batch in batches:
            yield batch

    return all_of_them()


def _add(form: Format) -> None:
    @routes.get(
        f"/export.{form.extension}",
        name=f"export_{form.extension}",
        response_class=Response,
        responses={200: {"description": "The sheets, streamed.", "content": {form.media_type: {}}}},
        description=form.write.__doc__,
    )
    async def export(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        batches = await _begun(_batches(request.app.state.database, filters))
        headers = {**FRESH, "Content-Disposition": f'attachment; filename="bourse-projets.{form.extension}"'}
        return StreamingResponse(form.write(batches), headers=headers, media_type=form.media_type)


for _form in FORMATS:
    _add(_form)
