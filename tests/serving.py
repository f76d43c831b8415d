"""An application of a test's own, behind a real server."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str, None]:
    """The application behind a real server; its URL."""
    # with the protocol named, or asyncio leaves Nagle's algorithm on and each answer takes 40 ms
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, http="httptools"))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
