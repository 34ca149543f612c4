"""Which format bytes are in, by what they say rather than by what their file is called."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from services.ingest.sources.formats.gdelt import GKG_COLUMNS

HEAD_BYTES: Final = 65_536  # that tell a format


class Format(Enum):
    """What a file can be; its value is what a person calls it."""

    TEXT = "text"
    LINES = "JSON lines"
    GKG = "GDELT knowledge graph"
    LISTED_JSON = "GDELT article list in JSON"
    LISTED_CSV = "GDELT article list in CSV"
    MAIL = "mail"
    NEWSML = "NewsML-G2"
    NEWSML1 = "NewsML 1"
    NITF = "NITF"
    FEED = "feed"
    GZIP = "gzip"
    ZIP = "zip"


_ROOTS: Final = {
    "newsItem": Format.NEWSML,
    "newsMessage": Format.NEWSML,
    "NewsML": Format.NEWSML1,
    "nitf": Format.NITF,
    "rss": Format.FEED,
    "feed": Format.FEED,
    "RDF": Format.FEED,
}
_ROOT: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_ASIDE: Final = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_HEADER: Final = re.compile(r"[!-9;-~]{1,60}:(?:\s|$)")
_MAIL: Final = frozenset(
    "from date subject received return-path message-id mime-version to delivered-to".split()
)
_GKG: Final = re.compile(r"\d{14}-T?\d+\t\d{14}\t")
_LIST: Final = re.compile(r'\s*\{\s*"articles"\s*:\s*\[')
_ARTICLE: Final = re.compile(r'"(?:text|body)"\s*:')
_JSON_FEED: Final = re.compile(r'"version"\s*:\s*"https?:(?://|\\/\\/)jsonfeed\.org')
_TEXTS: Final = (".txt",)
_LINES: Final = (".jsonl", ".ndjson")


def detect(head: bytes, name: str) -> Format | None:
    """The format of a file that begins so; None for one that is not known.

    A name decides only where bytes say nothing: `.txt` is an article however it begins, and a
    broken line of `.jsonl` is a broken line.
    """
    if head.startswith(b"\x1f\x8b"):
        return Format.GZIP
    if head.startswith(b"PK\x03\x04"):
        return Format.ZIP
    lower = name.lower()
    if lower.endswith(_TEXTS):
        return Format.TEXT
    if lower.endswith(_LINES):
        return Format.LINES
    if lower.endswith(".gkg.csv"):
        return Format.GKG
    text = _decoded(head).lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _xml(text)
    if text.startswith("{"):
        return _json(text)
    return Format.MAIL if lower.endswith(".eml") else _rows(text)


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8", "replace")


def _xml(text: str) -> Format | None:
    at = 0
    while found := _ASIDE.match(text, at):
        at = found.end()
        at += len(text[at:]) - len(text[at:].lstrip())
    root = _ROOT.match(text, at)
    return _ROOTS.get(root[1]) if root else None


def _json(text: str) -> Format | None:
    if _LIST.match(text):
        return Format.LISTED_JSON
    if _JSON_FEED.search(text[:2000]):
        return Format.FEED
    first, _, rest = text.partition("\n")
    # A document over many lines is no line; a whole one, or the only one, is. Others' JSON is not.
    whole = first.rstrip().endswith("}") or not rest
    return Format.LINES if whole and _ARTICLE.search(first) else None


def _rows(text: str) -> Format | None:
    first = text.partition("\n")[0]
    if _GKG.match(text) and first.count("\t") + 1 in GKG_COLUMNS:
        return Format.GKG
    if first.lower().startswith("url,mobileurl,date,title"):
        return Format.LISTED_CSV
    names = set()
    for line in text.split("\n", 60)[:60]:
        if not line.strip():
            break
        if not line.startswith((" ", "\t")):
            if not _HEADER.match(line) and not line.startswith("From "):
                return None
            names.add(line.partition(":")[0].lower())
    return Format.MAIL if len(names & _MAIL) >= 2 else None
