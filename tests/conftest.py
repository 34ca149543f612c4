"""What every test gets: the real servers as fixtures, and no skipping in CI."""

from __future__ import annotations

pytest_plugins = ["tests.support.fixtures", "tests.support.no_skips"]
