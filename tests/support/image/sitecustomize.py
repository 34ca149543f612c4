"""Hides what a service's image does not hold, for a service that is started as in its container.

Python imports this module by itself where its folder is on PYTHONPATH. IMAGE_REQUIREMENTS names
the requirements file that the image is built from.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_WITH_VENV = {"pip", "setuptools"}


def _name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _hidden(requirements: str) -> set[str]:
    """The top-level modules that only distributions outside the image bring."""
    held = {_name(each) for each in _REQUIREMENT.findall(requirements)} | _WITH_VENV | {"tocsin"}
    modules: Mapping[str, list[str]] = packages_distributions()
    return {module for module, owners in modules.items() if not held & {*map(_name, owners)}}


class _Image(PathFinder):
    """Python's own finder, but blind to what is hidden."""

    hidden: frozenset[str] = frozenset()

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in cls.hidden:
            return None
        return super().find_spec(fullname, path, target)


if path := os.environ.get("IMAGE_REQUIREMENTS"):
    _Image.hidden = frozenset(_hidden(Path(path).read_text()))
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Image
