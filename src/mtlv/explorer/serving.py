"""Serving: a socket that is checked first, a server in this process, and MLflow's beside it."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from mtlv.errors import ExplorerError
from mtlv.explorer.app import Site, make_app
from mtlv.explorer.library import Library
from mtlv.explorer.security import is_loopback

__all__ = ["Address", "addresses", "listen", "serve", "token_for"]

MLFLOW_PORTS = range(5000, 5050)
HEAD_START = 1.0
"""Seconds that the first page has before studies are scored beside it."""


@dataclass(frozen=True)
class Address:
    """Where the explorer listens.

    Args:
        host: name or address.
        port: 0 takes one that is free.
    """

    host: str = "127.0.0.1"
    port: int = 8642


def listen(address: Address) -> socket.socket:
    """Return a socket that is bound to an address.

    Raises:
        ExplorerError: the port is in use, or the host is none of this machine.
    """
    bound = None
    try:
        family, kind, proto, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )[0]
        bound = socket.socket(family, kind, proto)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(128)
    except OSError as error:
        if bound is not None:
            bound.close()
        in_use = error.errno == errno.EADDRINUSE
        raise ExplorerError(
            "The port is in use." if in_use else "The explorer cannot listen there.",
            where=f"{address.host}:{address.port}",
            found=error.strerror or str(error),
            hint="choose another with --port (0 takes one that is free)"
            if in_use
            else "choose an address of this machine with --host, and a port above 1023",
        ) from error
    return bound


def token_for(host: str, given: str | None) -> str | None:
    """Return the token that a server needs: one is made where others can reach it."""
    return given or (None if is_loopback(host) else secrets.token_urlsafe(18))


def serve(
    site: Site,
    bound: socket.socket,
    say: Callable[[str], None],
    mlflow: Callable[[int], list[str]] | None = None,
) -> None:
    """Serve until the process is interrupted.

    Args:
        site: what is served.
        bound: where, from `listen`.
        say: is told the address.
        mlflow: gives the command of MLflow's own pages on a port; None to leave them out.
    """
    child = None
    if mlflow is not None:
        port = _free_port()
        site = replace(site, mlflow=f"http://127.0.0.1:{port}")
        child = _Beside(mlflow, port)
        say(f"MLflow's pages will be on {site.mlflow}")
    first, *others = addresses(site, bound)
    say(f"the explorer is on {first} (stop with Ctrl-C)")
    for other in others:
        say(f"from other machines: {other}")
    try:
        _run(site, bound)
    finally:
        if child is not None:
            child.stop()


class _Beside:
    """A process beside this one, started without waiting for what its command must import."""

    def __init__(self, command: Callable[[int], list[str]], port: int) -> None:
        self._process: subprocess.Popen[Any] | None = None
        self._stopped = False
        self._lock = threading.Lock()
        threading.Thread(target=self._start, args=(command, port), daemon=True).start()

    def stop(self) -> None:
        """Stop the process."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.terminate()

    def _start(self, command: Callable[[int], list[str]], port: int) -> None:
        words = command(port)
        with self._lock:
            if not self._stopped:
                self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL)


def _run(site: Site, bound: socket.socket) -> None:
    import uvicorn

    library = Library(site.store)
    config = uvicorn.Config(
        make_app(site, library), log_level="warning", access_log=False, server_header=False
    )
    warming = threading.Timer(HEAD_START, _warm_up, (library,))
    warming.daemon = True
    warming.start()
    uvicorn.Server(config).run(sockets=[bound])


def _warm_up(library: Library) -> None:
    """Score the studies before they are asked for, the latest first."""
    import mtlv.report.figures
    import mtlv.report.frames
    import mtlv.store.comparison  # noqa: F401  (they take a second to import)

    for study in library.shelf().studies:
        library.outcome(study.name)


def _free_port() -> int:
    for port in MLFLOW_PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise ExplorerError(
        "No port is free for MLflow.", found=f"{MLFLOW_PORTS[0]} to {MLFLOW_PORTS[-1]} are in use"
    )


def addresses(site: Site, bound: socket.socket) -> list[str]:
    """Return addresses that a browser can open, on this machine first, then on others.

    A server on all addresses (`0.0.0.0`, `::`) is named by loopback, and by the address that this
    machine has in its network.
    """
    host, port = bound.getsockname()[:2]
    hosts = [host]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        own = _address_in_network()
        hosts = ["127.0.0.1", own or socket.gethostname()]
    token = f"/?token={quote(site.access.token)}" if site.access.token else ""
    named = [f"[{name}]" if ":" in name else name for name in hosts]
    return [f"http://{name}:{port}{token}" for name in named]


def _address_in_network() -> str | None:
    """Return the address under which others reach this machine, None if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a way out
        except OSError:
            return None
        return str(probe.getsockname()[0])
