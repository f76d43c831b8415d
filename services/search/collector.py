"""Python's collector of garbage, where much is read at once that stays: it would look at all of it again and again."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def resting() -> Generator[None]:
    """Nothing is collected meanwhile: so many new objects, all in use, are not worth a look."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def staying() -> Generator[None]:
    """What is read within stays as long as the process: nothing is collected meanwhile, and it is never looked at."""
    with resting():
        yield
        gc.freeze()
