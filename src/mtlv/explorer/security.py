"""Who may ask: the host header is checked, a token where there is one, and headers on every answer.

Texts can be clinical. A page of another site cannot read what is here (no CORS), cannot make a
browser believe that this server is its own (DNS rebinding fails at the host header), and a page of
ours can run no script but its own file and reach no other server (Content-Security-Policy).
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Access", "Guard", "is_loopback"]

COOKIE = "mtlv_token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Plotly makes style elements, so styles may be inline; scripts may not."""
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        host: that the server is bound to.
        token: that must be shown once; None where anyone on this machine may ask.
    """

    host: str = "127.0.0.1"
    token: str | None = None

    def allows_host(self, header: str) -> bool:
        """Tell whether a host header names this server, and not a name that resolves to it."""
        name = _without_port(header).lower()
        if name in ("localhost", self.host.lower()):
            return True
        if is_loopback(self.host):
            return is_loopback(name)
        return name == socket.gethostname().lower() or _is_address(name)

    def allows_token(self, given: str | None) -> bool:
        """Tell whether a token is the right one, or none is needed."""
        if self.token is None:
            return True
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())


class Guard:
    """ASGI middleware that turns away who may not ask, and puts headers on every answer.

    Args:
        app: that is guarded.
        access: who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._turned_away(scope) or self.app
        await answer(scope, receive, send_with_headers)

    def _turned_away(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self.access.allows_host(headers.get("host", "")):
            return PlainTextResponse(
                "This server does not answer under that host name. Open the address that "
                "`mtlv ui` printed.\n",
                400,
            )
        if self.access.token is None:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(pairs).get("token")
        if given is not None and self.access.allows_token(given):
            return self._welcome(scope, [pair for pair in pairs if pair[0] != "token"])
        if self.access.allows_token(_cookie(headers.get("cookie", ""))):
            return None
        return PlainTextResponse(
            "A token is needed. Open the address that `mtlv ui` printed, with its ?token=...\n", 401
        )

    def _welcome(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        """Take the token out of the address and into a cookie that no script can read."""
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").lstrip("/")
        answer = RedirectResponse(f"/{path}" + (f"?{urlencode(query)}" if query else ""), 303)
        answer.set_cookie(COOKIE, self.access.token or "", httponly=True, samesite="lax", path="/")
        return answer


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def _cookie(header: str) -> str | None:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value
