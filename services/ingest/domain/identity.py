"""Who an article is: ids that two runs agree on, and the fingerprint of what it says."""

from __future__ import annotations

import hashlib
import re

from services.ingest.domain.address import same_page
from tocsin.messages import digest

_WORD = re.compile(r"\w+")


def article_id(*, url: str | None, source: str, guid: str) -> str:
    """The same 16 digits for every revision: from the URL, or else from source and guid.

    All spellings of a page's address give the same.
    """
    return digest("url", same_page(url)) if url else digest("guid", source, guid)


def fingerprint(text: str) -> str:
    """The same 32 digits for texts of the same words, whatever their case, spaces and marks."""
    words = " ".join(_WORD.findall(text.casefold()))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]
