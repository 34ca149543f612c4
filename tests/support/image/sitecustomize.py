"""Hides what a service's image does not hold, for a service that is started as in its container.

Python imports this module by itself where its folder is on PYTHONPATH. IMAGE_REQUIREMENTS names
the requirements file that the image is built from.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_WITH_VENV = {"pip", "setuptools"}


def _name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


class _OnlyTheImage(MetaPathFinder):
    """Finds nothing; refuses a module whose distributions are all missing from the image."""

    def __init__(self, requirements: str) -> None:
        self._held = {_name(each) for each in _REQUIREMENT.findall(requirements)} | _WITH_VENV
        self._owners = packages_distributions()

    def find_spec(self, fullname: str, *_: object) -> None:
        owners = {_name(each) for each in self._owners.get(fullname.partition(".")[0], ())}
        if owners and not owners & (self._held | {"tocsin"}):
            raise ModuleNotFoundError(f"{fullname} is not in the image", name=fullname)


if path := os.environ.get("IMAGE_REQUIREMENTS"):
    sys.meta_path.insert(0, _OnlyTheImage(Path(path).read_text()))
