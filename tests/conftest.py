"""What all tests share: a cache of their own, no network, and no test that fails for being slow."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("mtlv", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mtlv")

# The libraries read these when they are imported, so a fixture would come too late.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTLV_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
