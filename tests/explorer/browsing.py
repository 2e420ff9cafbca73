"""A real browser and a real server for tests: both on this machine, both stopped afterwards."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

__all__ = ["browser", "draw_all", "serving"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
NEXT = """(() => {
  const waiting = document.querySelector("figure[data-src]:not([data-state])");
  waiting?.scrollIntoView();
  return waiting !== null;
})()"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an app on a free port of 127.0.0.1, and give its address."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


@contextmanager
def browser() -> Iterator[Any]:
    """Give the system's Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("These tests need a Chromium: `apt-get install -y chromium`.", pytrace=False)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def draw_all(page: Any) -> None:
    """Scroll to every figure, and wait until it is drawn; one with nothing to draw moves down."""
    end = time.monotonic() + 60
    while page.evaluate(NEXT):
        assert time.monotonic() < end
        page.wait_for_timeout(50)
