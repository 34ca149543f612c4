"""What docker-compose.yml and the Dockerfile say, read as Docker would read them."""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.support.paths import DEPLOY, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES: Final = ("ingest", "enrich", "alert")
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\})")


@cache
def compose() -> dict[str, Any]:
    """The whole file, anchors merged, variables as they stand."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """`text` with ${NAME}, ${NAME:-default} and ${NAME:?message} replaced, $$ as $."""

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        assert found["kind"] != "?", f"{name}: {found['rest']}"
        return found["rest"] or ""

    return _VARIABLE.sub(value, text)


def environment(service: str, variables: Mapping[str, str]) -> dict[str, str]:
    """What docker-compose.yml adds to a container's environment, and our image before it."""
    said = compose()["services"][service]
    image: dict[str, str] = {}
    if said["image"].startswith("tocsin/"):
        built = said["image"].removeprefix("tocsin/")
        lines = " ".join(instructions("ENV"))
        lines = lines.replace("${SERVICE}", built).replace("$PATH", os.defpath)
        image = dict(part.split("=", 1) for part in shlex.split(lines))
    own = {name: str(value) for name, value in said.get("environment", {}).items()}
    return image | {name: interpolate(value, variables) for name, value in own.items()}


def binds(service: str) -> dict[str, str]:
    """The container's path of each bind mount, and the path in the repository behind it."""
    mounts = (each.split(":") for each in compose()["services"][service].get("volumes", []))
    return {target: source for source, target, *_ in mounts if source.startswith("./")}


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of that name in the Dockerfile, lines joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split(None, 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]
