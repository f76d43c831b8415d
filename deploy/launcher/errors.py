"""The launcher's error: said to the user in one message, without a traceback."""


class LauncherError(Exception):
    """Something the user can act on. `str(error)` is the whole message; the process ends with `code`."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
