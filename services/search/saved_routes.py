"""HTTP of saved searches: for accounts by their token, for others by the links in the e-mails."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

import orjson
from fastapi import Depends, Header, Query, Request, Response
from limits import parse
from pydantic import Field, StringConstraints

from backbone import idempotency
from backbone.addresses import EmailAddress, email_key
from backbone.contracts.labels import preferred
from backbone.contracts.text import Line
from backbone.contracts.vocabularies import Frequency, SheetLanguage
from backbone.errors import FieldError, Invalid
from backbone.http import JSON, Body, router
from backbone.throttle import Throttle, caller
from backbone.tokens import Principal, optional
from services.search import parameters, saved
from services.search.naming import LONGEST_NAME
from services.search.saved import Wanted
from services.search.settings import Settings

saved_searches = router(tags=["saved searches"])

Caller = Annotated[Principal | None, Depends(optional)]
LinkToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Manage = Annotated[LinkToken | None, Query(description="Token of the link to all of one's searches, in each e-mail.")]
Name = Annotated[Line, Field(max_length=LONGEST_NAME)]

# a town hall is many people behind one address, and the portal asks for all that have no account
SAVES_OF_CALLER: Final = parse("120/hour")
SAVES_OF_ADDRESS: Final = parse("5/hour")
MOST_VALUES: Final = 500


class NewSearch(Body):
    """A search to be told of: `query` has the parameters of `GET /projects` that filter, each a text or a list of them.

    `email` is needed without an account, and refused with one, whose own it is.
    """

    query: dict[str, Any] = Field(examples=[{"q": "eau", "theme": ["water-sanitation"], "country": ["SN", "ML"]}])
    frequency: Frequency
    name: Name | None = None
    language: SheetLanguage | None = None
    email: EmailAddress | None = None


class Change(Body):
    """What is changed of a saved search."""

    frequency: Frequency | None = None
    name: Name | None = None


class Confirmation(Body):
    """The token of a confirmation link."""

    token: LinkToken


@saved_searches.post("/saved-searches", status_code=201)
async def save(
    request: Request, body: NewSearch, who: Caller, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Save a search. Without an account it becomes active once the link that is mailed to the address was followed."""
    email = _address(body, who)
    wanted = _wanted(body, who, request.headers.get("accept-language", ""))
    limits = cast("Throttle", request.app.state.throttle)
    await limits.spend(SAVES_OF_CALLER, "saves of caller", _caller_of(request))
    if who is None:
        await limits.spend(SAVES_OF_ADDRESS, "saves of address", email_key(email))
    owner = f"save {who.account if who else email_key(email)}"
    fingerprint = idempotency.fingerprint(body.model_dump_json().encode())
    async with request.app.state.database.transaction() as tx:
        answer = await idempotency.replay(tx, owner, idempotency_key, fingerprint)
        if answer is None:
            if who is not None:
                found = await saved.save_for_account(tx, who, wanted)
            else:
                found = await saved.save_for_address(tx, email, wanted, demonstration=_settings(request).demonstration)
            answer = idempotency.Answer(201, {"Location": "/saved-searches"}, orjson.dumps(found).decode())
            await idempotency.remember(tx, owner, idempotency_key, fingerprint, answer)
    return Response(answer.body, status_code=201, headers=dict(answer.headers), media_type=JSON.media_type)


@saved_searches.get("/saved-searches")
async def list_mine(request: Request, who: Caller, token: Manage = None) -> dict[str, Any]:
    """The caller's searches, with the address that they are told to."""
    async with request.app.state.database.transaction() as tx:
        return await saved.searches_of(tx, who, token)


@saved_searches.get("/saved-searches/confirm")
async def look_at_confirmation(request: Request, token: Annotated[LinkToken, Query()]) -> dict[str, Any]:
    """What a confirmation link stands for. It changes nothing: programs that read mail open every link."""
    async with request.app.state.database.transaction() as tx:
        row = await saved.find_unconfirmed(tx, token)
    return {**saved.shown(row), "email": row["email"]}


@saved_searches.post("/saved-searches/confirm")
async def confirm(request: Request, body: Confirmation) -> dict[str, Any]:
    """Confirm the address of a search, which is told of publications from now on; again is as good."""
    async with request.app.state.database.transaction() as tx:
        return await saved.confirm(tx, body.token)


@saved_searches.get("/saved-searches/unsubscribe")
async def look_at_unsubscription(request: Request, token: Annotated[LinkToken, Query()]) -> dict[str, Any]:
    """What a link would end: one search, or all of a person. It changes nothing."""
    async with request.app.state.database.transaction() as tx:
        return await saved.look_at_unsubscription(tx, token)


@saved_searches.post("/saved-searches/unsubscribe")
async def unsubscribe(request: Request, token: Annotated[LinkToken, Query()]) -> dict[str, int]:
    """End one search, or all of a person, with one click (RFC 8058: the body is not looked at); again is as good."""
    async with request.app.state.database.transaction() as tx:
        return {"ended": await saved.unsubscribe(tx, token)}


@saved_searches.patch("/saved-searches/{search}")
async def change(request: Request, search: str, body: Change, who: Caller, token: Manage = None) -> dict[str, Any]:
    """Change how often, or under which name, a search of one's own is told of."""
    async with request.app.state.database.transaction() as tx:
        owner = await saved.owner(tx, who, token)
        hour = _settings(request).alerts_hour
        return await saved.change(tx, owner, search, name=body.name, frequency=body.frequency, hour=hour)


@saved_searches.delete("/saved-searches/{search}", status_code=204)
async def delete(request: Request, search: str, who: Caller, token: Manage = None) -> Response:
    """End a search of one's own."""
    async with request.app.state.database.transaction() as tx:
        await saved.delete(tx, await saved.owner(tx, who, token), search)
    return Response(status_code=204)


def _address(body: NewSearch, who: Principal | None) -> str:
    if who is not None:
        if body.email is not None:
            raise Invalid(errors=[FieldError("email", "must be left out: the account's own is used", "not_allowed")])
        return who.email
    if body.email is None:
        raise Invalid(errors=[FieldError("email", "is missing: it is needed without an account", "missing")])
    return body.email


def _wanted(body: NewSearch, who: Principal | None, accept_language: str) -> Wanted:
    try:
        filters, query = parameters.saved(_pairs(body.query))
    except Invalid as invalid:
        raise Invalid(
            errors=[FieldError(f"query.{one.field}", one.detail, one.code) for one in invalid.errors]
        ) from invalid
    language = body.language or (who.language if who else preferred(accept_language))
    return Wanted(filters, query, body.name or "", body.frequency, language)


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters as a query string has them. Raises `Invalid`."""
    pairs: list[tuple[str, str]] = []
    errors: list[FieldError] = []
    for name, value in query.items():
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        if all(isinstance(one, str) for one in values):
            pairs += [(name, one) for one in values]
        else:
            errors.append(FieldError(name[:100], "must be a text or a list of texts", "string_type"))
    if len(pairs) > MOST_VALUES:
        errors.append(FieldError("", f"must have at most {MOST_VALUES} values", "too_long"))
    if errors:
        raise Invalid(errors=errors)
    return pairs


def _caller_of(request: Request) -> str:
    peer = request.client.host if request.client else None
    return caller(peer, request.headers.get("x-forwarded-for"), _settings(request).proxies)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)
