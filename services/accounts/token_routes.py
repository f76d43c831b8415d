"""`POST /token`: OAuth 2 (RFC 6749), its errors as problem documents that also have the `error` member."""

from typing import Any, Final, cast
from urllib.parse import parse_qsl

from fastapi import Request, Response
from prometheus_client import Counter

from backbone.addresses import email_key
from backbone.errors import BadRequest, Problem, TooLarge
from backbone.http import JSON, router
from backbone.throttle import Throttle
from services.accounts import grants, throttle
from services.accounts.routes import caller_of
from services.accounts.settings import Settings

routes = router(tags=["tokens"])

_LONGEST_FORM: Final = 16_000
TOKENS = Counter("bourse_accounts_tokens_total", "Answers of POST /token.", ["grant", "outcome"])

_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "grant_type": {"enum": ["password", "refresh_token"], "default": "password"},
                        "username": {"type": "string", "description": "e-mail address"},
                        "password": {"type": "string", "format": "password"},
                        "refresh_token": {"type": "string"},
                    },
                }
            }
        },
    }
}


@routes.post("/token", openapi_extra=_FORM)
async def token(request: Request) -> Response:
    """Change a password or a refresh token for an access token (10 minutes) and a new refresh token."""
    form = await _form(request)
    kind = form.get("grant_type", "password")
    if kind not in _GRANTS:
        raise BadRequest(
            "grant_type is password or refresh_token", code="unsupported-grant-type", error="unsupported_grant_type"
        )
    limits = cast("Throttle", request.app.state.throttle)
    await limits.spend(throttle.TOKENS_OF_CALLER, "tokens of caller", caller_of(request))
    try:
        grant = await _GRANTS[kind](request, form)
    except Problem as refused:
        TOKENS.labels(kind, refused.code).inc()
        raise
    TOKENS.labels(kind, "granted").inc()
    return JSON({**vars(grant), "token_type": "Bearer"}, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _by_password(request: Request, form: dict[str, str]) -> grants.Grant:
    username, password = _field(form, "username"), _field(form, "password")
    state, limits = request.app.state, cast("Throttle", request.app.state.throttle)
    caller = caller_of(request)
    account = (caller, email_key(username)[:254])
    await limits.spend(throttle.TOKENS_OF_ACCOUNT, "tokens of account", *account)
    await limits.check(throttle.FAILURES_OF_ACCOUNT, "failures of account", *account)
    await limits.check(throttle.FAILURES_OF_CALLER, "failures of caller", caller)
    # two transactions: none stays open, with its connection, for the time that a hash takes
    async with state.database.transaction() as tx:
        user = await grants.find_user(tx, username)
    try:
        user = await grants.check_password(state.passwords, user, password)
    except grants.InvalidGrant:
        await limits.count(throttle.FAILURES_OF_ACCOUNT, "failures of account", *account)
        await limits.count(throttle.FAILURES_OF_CALLER, "failures of caller", caller)
        raise
    async with state.database.transaction() as tx:
        return await grants.log_in(tx, user, refresh_days=_settings(request).refresh_days)


async def _by_refresh_token(request: Request, form: dict[str, str]) -> grants.Grant:
    async with request.app.state.database.transaction() as tx:
        grant = await grants.refresh(tx, _field(form, "refresh_token"), refresh_days=_settings(request).refresh_days)
    if grant is None:
        raise grants.InvalidGrant("the refresh token is unknown, expired or was used before: log in again")
    return grant


_GRANTS: Final = {"password": _by_password, "refresh_token": _by_refresh_token}


async def _form(request: Request) -> dict[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise _bad_request("the body must be application/x-www-form-urlencoded")
    body = await request.body()
    if len(body) > _LONGEST_FORM:
        raise TooLarge(f"a form has at most {_LONGEST_FORM} bytes", error="invalid_request")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError as error:
        raise _bad_request("the body is not a well-formed form in UTF-8") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _bad_request("a parameter stands twice in the form")
    return form


def _field(form: dict[str, str], name: str) -> str:
    # as RFC 6749 says, a parameter without a value is taken as left out
    if not form.get(name):
        raise _bad_request(f"{name} is missing")
    return form[name]


def _bad_request(detail: str) -> BadRequest:
    members: dict[str, Any] = {"error": "invalid_request"}
    return BadRequest(detail, code="invalid-request", **members)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)
