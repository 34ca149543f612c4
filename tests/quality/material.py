"""Where the evaluation material lies, and the coder the measures share."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from services.enrich.nlp import Coder
from tocsin.messages import Article, EnrichedArticle

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FLOORS = HERE / "floors.json"


def eval_file(name: str) -> Path:
    """The evaluation file; skips with a word where the folder is absent."""
    path = Path(os.environ.get("TOCSIN_EVAL_DIR", ROOT.parent / "shared" / "eval")) / name
    if not path.exists():
        pytest.skip(f"{name} is not here (TOCSIN_EVAL_DIR)")
    return path


@cache
def the_coder() -> Coder:
    return Coder()


@cache
def floors() -> dict[str, dict[str, float]]:
    return json.loads(FLOORS.read_text(encoding="utf-8"))


def article(text: str, published: str | None = None, ident: str = "a") -> Article:
    at = datetime.fromisoformat(published).replace(hour=12, tzinfo=UTC) if published else None
    return Article(
        id=ident,
        guid=ident,
        source="eval",
        text=text,
        fingerprint="",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        published_at=at,
    )


def code(texts: list[tuple[str, str | None]], size: int = 32) -> list[EnrichedArticle]:
    """Each (text, ISO day) coded, in order."""
    found: list[EnrichedArticle] = []
    for k in range(0, len(texts), size):
        batch = [
            article(text, day, str(k + n)) for n, (text, day) in enumerate(texts[k : k + size])
        ]
        found.extend(the_coder().enrich(batch))
    return found
