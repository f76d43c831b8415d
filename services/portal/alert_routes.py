"""Alerts: a search is saved, its address confirmed; what was saved is seen, changed and ended by the links of mails.

There is no session and no cookie: what a form may do is in the token that its own address holds, so that no other site
can have a browser send it (the saving of a search needs no right, and is limited where it is done). A link changes
nothing before a button was pressed, since programs that read mail open every link.
"""

from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from backbone.errors import BadRequest, Conflict, Invalid, NotFound
from services.portal.language import N_, words
from services.portal.pages import address, page
from services.portal.query import Query, chips
from services.portal.sources import Pairs, sources_of

routes = APIRouter(include_in_schema=False)

FREQUENCIES: Final = {
    "immediate": N_("as soon as it is published"),
    "daily": N_("once a day"),
    "weekly": N_("once a week, on Monday"),
}
_LONGEST_FORM: Final = 8_000
_LONGEST_TOKEN: Final = 200
# the address of the page holds a token, or the form an address
_SECRET: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_EMPTY: Final = {"email": "", "name": "", "frequency": "daily"}


# -- saving -----------------------------------------------------------------------------------------------------------


@routes.get("/{lang:lang}/alerts/new")
async def ask(request: Request, lang: str) -> Response:
    """The form that saves a search."""
    return await _ask(request, lang, _EMPTY, {})


@routes.post("/{lang:lang}/alerts/new")
async def save(request: Request, lang: str) -> Response:
    """Save the search; whatever is known of the address, the next page is the same."""
    form = {name: value for name, value in (await _form(request)).items() if name in _EMPTY}
    query = await _query(request, lang)
    wanted = {"query": _parameters(query.filters), "language": lang, **{k: v for k, v in form.items() if v}}
    try:
        await sources_of(request).saved_searches("POST", json=wanted, headers=_forwarded(request))
    except Invalid as refused:
        wrong = {error.field for error in refused.errors}
        return await _ask(request, lang, {**_EMPTY, **form}, _explained(wrong, lang))
    return _to(lang, "alerts/asked")


@routes.get("/{lang:lang}/alerts/asked")
async def asked(request: Request) -> Response:
    """What happens now: a mail is on its way."""
    return page(request, "alert_asked.html")


async def _ask(request: Request, lang: str, form: dict[str, str], errors: dict[str, str]) -> Response:
    query, declared = await _query(request, lang), await sources_of(request).declared(lang)
    try:
        found = await sources_of(request).search([*query.filters, ("size", "1")], lang)
    except Invalid:
        # the page of the search explains what is wrong with it
        return RedirectResponse(query.address(lang), status_code=303, headers=_SECRET)
    return page(
        request,
        "alert_new.html",
        status=422 if errors else 200,
        headers=_SECRET,
        query=query,
        chips=chips(query, found["facets"], declared, words(lang)),
        total=found["total"],
        form=form,
        errors=errors,
        frequencies=_frequencies(lang),
    )


def _explained(wrong: set[str], lang: str) -> dict[str, str]:
    w = words(lang)
    known = {
        "email": w.t("Please give an e-mail address, such as name@example.org."),
        "name": w.t("Please give a name of at most 100 characters, on one line."),
        "frequency": w.t("Please choose how often."),
    }
    return {name: said for name, said in known.items() if name in wrong} or {
        "query": w.t("This search cannot be saved: please start again from the search page.")
    }


async def _query(request: Request, lang: str) -> Query:
    declared = await sources_of(request).declared(lang)
    return Query(Query.read(request.query_params.multi_items(), declared).filters)


def _parameters(pairs: Pairs) -> dict[str, list[str]]:
    """The pairs as the search service saves them: of each parameter, its values."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


# -- confirmation -----------------------------------------------------------------------------------------------------


@routes.get("/{lang:lang}/alerts/confirm")
async def look_at_confirmation(request: Request, lang: str) -> Response:
    """Ask whether the alert is wanted."""
    token = _token(request)
    try:
        found = await sources_of(request).saved_searches("GET", "/confirm", params={"token": token})
    except (NotFound, Invalid):
        return _confirmation(request, lang, "unknown", 404)
    outcome = "ask" if found["state"] == "unconfirmed" else "done"
    return _confirmation(request, lang, outcome, found=found)


@routes.post("/{lang:lang}/alerts/confirm")
async def confirm(request: Request, lang: str) -> Response:
    """Confirm the alert."""
    try:
        found = await sources_of(request).saved_searches("POST", "/confirm", json={"token": _token(request)})
    except (NotFound, Invalid):
        return _confirmation(request, lang, "unknown", 404)
    except Conflict:
        return _confirmation(request, lang, "full", 409)
    return _confirmation(request, lang, "done", found=found)


def _confirmation(
    request: Request, lang: str, outcome: str, status: int = 200, found: dict[str, Any] | None = None
) -> Response:
    return page(
        request,
        "alert_confirm.html",
        status=status,
        headers=_SECRET,
        outcome=outcome,
        found=found or {},
        frequencies=_frequencies(lang),
    )


# -- one's own --------------------------------------------------------------------------------------------------------


@routes.get("/{lang:lang}/alerts/manage")
async def manage(request: Request, lang: str) -> Response:
    """All alerts of the one to whom the link was mailed."""
    return await _manage(request, lang)


@routes.post("/{lang:lang}/alerts/manage")
async def change(request: Request, lang: str) -> Response:
    """Change how often a search is told of, or end it."""
    form, token = await _form(request), _token(request)
    path = f"/{form.get('id', '')[:40]}"
    sources, params = sources_of(request), {"token": token}
    try:
        if "delete" in form:
            await sources.saved_searches("DELETE", path, params=params)
        else:
            await sources.saved_searches("PATCH", path, params=params, json={"frequency": form.get("frequency", "")})
    except NotFound:
        pass  # ended in another window: the list shows what there is
    return _to(lang, "alerts/manage", token=token, done="deleted" if "delete" in form else "changed")


async def _manage(request: Request, lang: str) -> Response:
    done = request.query_params.get("done", "")
    try:
        found = await sources_of(request).saved_searches("GET", params={"token": _token(request)})
    except (NotFound, Invalid):
        # after the last one, its owner is forgotten, and the link with it
        found, status = None, 200 if done == "deleted" else 404
    else:
        status = 200
    return page(
        request,
        "alert_manage.html",
        status=status,
        headers=_SECRET,
        found=found,
        token=_token(request),
        done=done if done in ("deleted", "changed") else "",
        addresses={one["id"]: _of_saved(one).address(lang) for one in (found or {"items": []})["items"]},
        frequencies=_frequencies(lang),
    )


def _of_saved(one: dict[str, Any]) -> Query:
    return Query(tuple((name, value) for name, values in one["query"].items() for value in values))


@routes.get("/{lang:lang}/alerts/unsubscribe")
async def look_at_unsubscription(request: Request) -> Response:
    """Ask whether the alert, or all of them, are to end."""
    try:
        found = await sources_of(request).saved_searches("GET", "/unsubscribe", params={"token": _token(request)})
    except (NotFound, Invalid):
        return page(request, "alert_unsubscribe.html", status=404, headers=_SECRET, outcome="unknown", found={})
    outcome = "ask" if found["names"] else "done"
    return page(request, "alert_unsubscribe.html", headers=_SECRET, outcome=outcome, found=found)


@routes.post("/{lang:lang}/alerts/unsubscribe")
async def unsubscribe(request: Request) -> Response:
    """End them: by the button of the page, or by one click in a mail program (RFC 8058)."""
    try:
        await sources_of(request).saved_searches("POST", "/unsubscribe", params={"token": _token(request)})
    except (NotFound, Invalid):
        return page(request, "alert_unsubscribe.html", status=404, headers=_SECRET, outcome="unknown", found={})
    return page(request, "alert_unsubscribe.html", headers=_SECRET, outcome="done", found={})


# -- how --------------------------------------------------------------------------------------------------------------


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise BadRequest("the form is too long")
    try:
        form = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError as error:
        raise BadRequest("the form is not well-formed") from error
    return {name: values[0].strip() for name, values in form.items()}


def _token(request: Request) -> str:
    """The token of the address; one that is longer than any is as good as a wrong one."""
    return request.query_params.get("token", "")[: _LONGEST_TOKEN + 1]


def _forwarded(request: Request) -> dict[str, str]:
    """For whom the portal asks: the rate limits of the search service count callers, where it trusts us to tell."""
    peer = request.client.host if request.client else "unknown"
    hops = [request.headers.get("x-forwarded-for", ""), peer]
    return {"X-Forwarded-For": ", ".join(hop for hop in hops if hop)}


def _frequencies(lang: str) -> dict[str, str]:
    return {name: words(lang).t(label) for name, label in FREQUENCIES.items()}


def _to(lang: str, place: str, **query: str) -> Response:
    # by GET, so that going back or reloading sends nothing again
    return RedirectResponse(address(lang, place, **query), status_code=303, headers=_SECRET)
