"""Coders that misbehave on command, to be built in the pool's processes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tocsin.messages import Article, EnrichedArticle, reference

if TYPE_CHECKING:
    from collections.abc import Sequence


def build():
    """A coder that does what an article's text says: hang, die, raise; or else notes its process."""
    return code


def build_broken():
    """A coder that cannot be built."""
    raise RuntimeError("no model here")


def code(articles: Sequence[Article]) -> list[EnrichedArticle]:
    """One enriched article each, unless a text says otherwise."""
    for each in articles:
        if each.text == "hang":
            time.sleep(600)
        if each.text == "die":
            os._exit(9)
        if each.text == "raise":
            raise ValueError("as I was told")
    return [
        EnrichedArticle(article=reference(each), coder=str(os.getpid()), relevant=True)
        for each in articles
    ]
