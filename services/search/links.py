"""The key of the links in e-mails: one for all replicas, in the service's own database, as accounts keeps its own."""

import secrets

from backbone.database import Transaction
from services.search import saved_repository, signed


async def signing_key(tx: Transaction) -> bytes:
    """The key of the links in e-mails; made when it is first needed."""
    key = await saved_repository.link_key(tx)
    while key is None:
        await saved_repository.add_link_key(tx, secrets.token_bytes(signed.KEY_BYTES))
        key = await saved_repository.link_key(tx)
    return key
