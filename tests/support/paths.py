"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = ROOT / ".cache"  # git-ignored; what scripts/setup-tests.sh brings
DEPLOY: Final = ROOT / "deploy"
SEEDS: Final = ROOT / "seeds"
