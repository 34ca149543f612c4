"""The rules and the families that the settings name, read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from services.alert.domain.families import parse_families
from services.alert.domain.state import Config
from services.alert.rules import parse_rules
from services.alert.settings import Settings
from tocsin.errors import SettingsError

_DATA: Final = Path(__file__).parent / "data"


def read_config(settings: Settings) -> Config:
    """What the fold needs beside the reports.

    Raises:
        SettingsError: a file cannot be read, or is wrong; with file, line and why.
    """
    rules = Path(settings.rules) if settings.rules else _DATA / "rules.yaml"
    families = Path(settings.families) if settings.families else _DATA / "families.toml"
    return Config(
        rules=parse_rules(_read(rules, "TOCSIN_ALERT_RULES"), rules.name),
        families=parse_families(_read(families, "TOCSIN_ALERT_FAMILIES")),
        lateness=timedelta(hours=settings.lateness_h),
    )


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{variable}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {path}: not UTF-8") from error
