"""Serve the workbench to a browser on this machine, and to nothing else.

Every address starts with a secret token. A page of another site can neither read an answer (its
Origin differs) nor reach the server under another name (its Host differs), and cannot guess the
token. The pages load nothing from any network.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from readout.problem import RefusedError
from readout.workbench.annotate.edits import RefusedEditError, refuse
from readout.workbench.annotate.session import ConflictError, Session
from readout.workbench.annotate.shapes import to_conflicts, to_problems
from readout.workbench.merge.records import Side

LOOPBACK = "127.0.0.1"
_HOSTS = (LOOPBACK, "localhost")
_LARGEST = 16 << 20
"""How many bytes a request may have: far more than any document's annotations."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_WORKBENCH = Path(__file__).parents[1]
_PAGES = ("annotate/page", "page", "preview/page")
"""The folders whose files are served, by their paths in the workbench."""
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_WORDS = Path(__file__).parent / "words.json"
_TEXT_WORDS = _WORKBENCH / "page" / "words.json"
"""The words of the text itself, which the static pages show too."""

Answer: TypeAlias = Callable[[Session, Request, Any], Any]
"""Returns the JSON of an answer, from the session, the request and the JSON of its body."""


def build_app(
    session: Session, token: str, port: int, answers: Iterable[tuple[str, str, Answer]] = ()
) -> ASGIApp:
    """Return the application; ``answers`` are more of its addresses: method, path and function."""
    routes = []
    for method, path, answer in (*_ANSWERS, *answers):
        endpoint = _make_endpoint(session, answer, method)
        routes.append(Route(f"/{{token}}/api/{path}", endpoint, methods=[method]))
    routes.append(Route("/{token}/", _serve_index))
    routes.append(Route("/{token}/{path:path}", _serve_file))
    return Guard(Starlette(routes=routes), token, port)


class Door:
    """Lead the browser that is opened to the page, once, by an address of its own.

    Other users of the machine can read the command line of a browser, so the address in it must be
    worth nothing afterwards.
    """

    def __init__(self, app: ASGIApp, ticket: str, page: str) -> None:
        self.app = app
        self.path = f"/{ticket}"
        self.page = page
        self.is_open = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the address of the page, or pass it on."""
        if self.is_open and scope["type"] == "http" and scope["path"] == self.path:
            self.is_open = False
            headers = {"location": self.page, **_HEADERS}
            await Response(status_code=303, headers=headers)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Guard:
    """Refuse requests from elsewhere before anything else looks at them.

    This is no middleware of the framework: it also refuses WebSockets, which browsers let any page
    open.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app = app
        self.token = token.encode()
        self.hosts = {f"{host}:{port}" for host in _HOSTS}
        self.origins = {f"http://{host}" for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        status = self._find_fault(scope)
        if status:
            await Response(status_code=status)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _find_fault(self, scope: Scope) -> int:
        """Return the status with which a request is refused; 0 if it is not."""
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        is_post = scope["method"] == "POST"
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return 403
        if len(origins) > 1 or (not origins and is_post):
            return 403
        # The page and its requests have one name: localhost may not write for 127.0.0.1.
        if origins and origins[0] != f"http://{hosts[0]}":
            return 403
        given = scope["path"].split("/")[1].encode()
        if not secrets.compare_digest(given, self.token):
            return 404
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if is_post and kind != "application/json":
            return 415
        return 0


# ---------------------------------------------------------------- pages


async def _serve_index(request: Request) -> Response:
    return _send_file("annotate/page/index.html")


async def _serve_file(request: Request) -> Response:
    return _send_file(request.path_params["path"])


def _send_file(path: str) -> Response:
    """Return a file of the pages; only files that are listed in their folders are looked at."""
    if path not in _list_files():
        return Response(status_code=404)
    file = _WORKBENCH / path
    return Response(file.read_bytes(), headers={"content-type": _KINDS[file.suffix]})


def _list_files() -> set[str]:
    found = set()
    for folder in _PAGES:
        for file in (_WORKBENCH / folder).rglob("*"):
            if file.suffix in _KINDS and file.is_file():
                found.add(file.relative_to(_WORKBENCH).as_posix())
    return found


# ---------------------------------------------------------------- answers


def _make_endpoint(session: Session, answer: Answer, method: str) -> Any:
    """Return the endpoint that runs an answer in a thread, since it reads and writes files."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await _read_body(request) if method == "POST" else None
        except _UnreadableBodyError as error:
            return _to_response(error.status, {"problems": [], "message": str(error)})
        return await run_in_threadpool(_run, session, answer, request, body)

    return endpoint


class _UnreadableBodyError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _read_body(request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST:
            raise _UnreadableBodyError(413, "The request is too large.")
    try:
        return msgspec.json.decode(bytes(raw) or b"{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _UnreadableBodyError(400, "The request is not a JSON object.") from error


def _run(session: Session, answer: Answer, request: Request, body: Any) -> Response:
    """Return the response of an answer, or of what kept it from being given."""
    try:
        return _to_response(200, answer(session, request, body))
    except LookupError:
        return Response(status_code=404)
    except ConflictError as error:
        content: dict[str, Any] = {"message": str(error)}
        content["conflict"] = to_conflicts(error.conflicts)
        content["document"] = None
        if doc_id := request.path_params.get("doc_id"):
            with suppress(RefusedError, LookupError):
                content["document"] = session.show_document(doc_id)
        return _to_response(409, content)
    except RefusedEditError as error:
        return _to_response(422, {"problems": to_problems(error.problems)})
    except RefusedError as error:
        problems = refuse("refused", str(error)).problems
        return _to_response(422, {"problems": to_problems(problems)})
    except OSError as error:
        hint = "make room or make the folder writable, and try again."
        problems = refuse("not-saved", f"Nothing was saved: {error}.", hint).problems
        return _to_response(507, {"problems": to_problems(problems)})


def _to_response(status: int, content: Any) -> Response:
    body = msgspec.json.encode(content)
    return Response(body, status, headers={"content-type": "application/json"})


def demand(body: Mapping[str, Any], name: str, kind: Any, default: Any = ...) -> Any:
    """Return a value of a request, or refuse one of another type."""
    value = body.get(name, default)
    if value is default and default is not ...:
        return value
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise RefusedError(f"The {name!r} of the request is wrong: {error}.") from error


class _Edit(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename={"name": "as"}):
    """An edit as a request has it; see :data:`readout.workbench.annotate.edits.Edit`."""

    put: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    remove: str | msgspec.UnsetType = msgspec.UNSET
    accept: str | msgspec.UnsetType = msgspec.UNSET
    reject: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET


def _find_kept(body: Mapping[str, Any]) -> dict[str, Side] | None:
    """Return the side to take of annotations in conflict, by their ids."""
    kept: dict[str, Side] | None = demand(body, "keep", dict[str, Side] | None, None)
    return kept


def _find_number(body: Mapping[str, Any]) -> int | None:
    """Return the number of the step to take back or to repeat; None for the last one."""
    number: int | None = demand(body, "step", int | None, None)
    return number


def _answer_corpus(session: Session, request: Request, body: Any) -> Any:
    words = msgspec.json.decode(_WORDS.read_bytes())
    words["text"] = msgspec.json.decode(_TEXT_WORDS.read_bytes())
    return {**session.describe_corpus(), "words": words}


def _answer_document(session: Session, request: Request, body: Any) -> Any:
    return session.show_document(request.path_params["doc_id"])


def _answer_edits(session: Session, request: Request, body: Any) -> Any:
    shown = session.edit(
        request.path_params["doc_id"],
        demand(body, "version", str),
        [msgspec.to_builtins(edit) for edit in demand(body, "edits", list[_Edit])],
        demand(body, "decision", dict[str, str] | None, None),
        _find_kept(body),
    )
    return _abridge(session, shown, body)


def _abridge(session: Session, shown: Any, body: Any) -> Any:
    """Leave out the annotations that a page has already, if it asks for that."""
    if not demand(body, "brief", bool, False):
        return shown
    return session.versions.abridge(shown, demand(body, "version", str))


def _answer_undo(session: Session, request: Request, body: Any) -> Any:
    shown = session.undo(request.path_params["doc_id"], _find_kept(body), _find_number(body))
    return _abridge(session, shown, body)


def _answer_redo(session: Session, request: Request, body: Any) -> Any:
    shown = session.redo(request.path_params["doc_id"], _find_kept(body), _find_number(body))
    return _abridge(session, shown, body)


def _answer_suggest(session: Session, request: Request, body: Any) -> Any:
    return session.suggest(request.path_params["doc_id"])


def _answer_proposals(session: Session, request: Request, body: Any) -> Any:
    query = request.query_params
    try:
        start, end = int(query.get("start", "")), int(query.get("end", ""))
    except ValueError as error:
        raise RefusedError("Proposals need a start and an end.") from error
    return session.propose(request.path_params["doc_id"], query.get("type", ""), start, end)


def _answer_registry(session: Session, request: Request, body: Any) -> Any:
    kind = request.path_params["kind"].removesuffix("s")
    if kind not in ("speaker", "topic", "target"):
        raise LookupError(kind)
    fields = demand(body, "fields", dict[str, Any])
    return session.add_entry(kind, fields, demand(body, "document", str | None, None))


_ANSWERS: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "corpus", _answer_corpus),
    ("GET", "document/{doc_id}", _answer_document),
    ("POST", "document/{doc_id}/edits", _answer_edits),
    ("POST", "document/{doc_id}/undo", _answer_undo),
    ("POST", "document/{doc_id}/redo", _answer_redo),
    ("POST", "document/{doc_id}/suggest", _answer_suggest),
    ("GET", "document/{doc_id}/proposals", _answer_proposals),
    ("POST", "registry/{kind}", _answer_registry),
)


# ---------------------------------------------------------------- running


def bind(port: int) -> Any:
    """Return a socket on loopback; port 0 means any free one.

    Raises:
        RefusedError: the port is taken or needs more rights.

    """
    import os
    import socket

    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # Connections of a server that was killed keep its port for a minute. Elsewhere, the option
        # would let two servers listen on one port.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
        found.listen()
    except OSError as error:
        found.close()
        message = f"Port {port} cannot be used: {error.strerror}. Choose another --port."
        raise RefusedError(message) from error
    return found


def spare_collector() -> None:
    """Let the garbage collector leave out what is loaded by now.

    It stays for good, and to look at all of it takes longer than to save an edit.
    """
    gc.collect()
    gc.freeze()


def serve(app: ASGIApp, listening: Any) -> None:
    """Answer requests on a socket until the process is told to stop."""
    import uvicorn

    spare_collector()
    # Without headers that name the server, and without the log, which would contain the token.
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False
    )
    uvicorn.Server(config).run(sockets=[listening])
