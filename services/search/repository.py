"""SQL of the search service: only locks yet. They order those who write to the index.

The index itself cannot be locked, so PostgreSQL's advisory locks stand for it: whoever indexes events shares it, the
end of a rebuild has it alone, and one process at a time rebuilds.
"""

from typing import Final

from backbone.database import Transaction

INDEX: Final = 0x696E6478  # "indx"
REBUILD: Final = 0x72656275  # "rebu"


async def share_index(tx: Transaction) -> None:
    """Until the transaction ends, no rebuild swaps the index."""
    await tx.execute("select pg_advisory_xact_lock_shared($1)", INDEX)


async def have_index_alone(tx: Transaction) -> None:
    """Until the transaction ends, nobody indexes; waits for those who do."""
    await tx.execute("select pg_advisory_xact_lock($1)", INDEX)


async def become_the_rebuilder(connection: Transaction) -> bool:
    """Whether nobody else rebuilds: then nobody will while this connection lives."""
    return await connection.fetchval("select pg_try_advisory_lock($1)", REBUILD)


async def end_rebuild(connection: Transaction) -> None:
    await connection.execute("select pg_advisory_unlock($1)", REBUILD)
