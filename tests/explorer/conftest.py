from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from explorer.worlds import write_world
from mtlv.explorer.app import Site, make_app
from mtlv.store import Store


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that tests only read."""
    return write_world(tmp_path_factory.mktemp("world") / "runs")


@pytest.fixture(scope="session")
def client(world: Store) -> Iterator[TestClient]:
    with asking(world.root) as client:
        yield client


def asking(root: Path) -> TestClient:
    """Return a client that waits for every page."""
    return TestClient(make_app(Site(root, patience=60)), base_url="http://127.0.0.1")
