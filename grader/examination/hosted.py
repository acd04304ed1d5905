"""Whether a session of pytest grades a class, in contrast to a file that is examined by hand."""

from __future__ import annotations

import pytest

HOSTED = pytest.StashKey[bool]()


class Hosted:
    """Goes with a plugin that takes the place of pytest's loop and says itself what is examined."""

    def pytest_addoption(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """The first word that pytest says: before it imports a conftest.py."""
        config: pytest.Config | None = pluginmanager.get_plugin("pytestconfig")
        assert config is not None
        config.stash[HOSTED] = True
