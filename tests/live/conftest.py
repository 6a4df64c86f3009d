import pytest
from live_bundles import live_bundle

from sora.bundle import Bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return live_bundle(tmp_path_factory.mktemp("live") / "sora")
