"""Fixtures of more than one folder, each made known once: two of one service would share its events."""

from tests.integration.search.running import loaded as loaded
from tests.integration.search.running import running as running
