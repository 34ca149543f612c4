"""Bytes to text: by their mark, by what they can be, then by what header and document say.

Where header and document disagree, the bytes decide; what is valid UTF-8 beyond ASCII is UTF-8,
whatever anybody says. feedparser takes the header's word and gives mojibake.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from charset_normalizer import from_bytes

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# An opening bracket and a letter, a question or an exclamation mark, in two bytes each.
_WIDE: Final = (
    (re.compile(rb"<\x00[?!A-Za-z]\x00|[{\[]\x00[\s\"{]\x00"), "utf-16-le"),
    (re.compile(rb"\x00<\x00[?!A-Za-z]|\x00[{\[]\x00[\s\"{]"), "utf-16-be"),
)
_IN_HEADER: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_IN_DOCUMENT: Final = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})[\"']"
    rb"|<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})",
    re.IGNORECASE,
)
_HEAD: Final = 4_096  # bytes in which a document must declare itself
_SAMPLE: Final = 20_000  # bytes by which an undeclared charset is guessed
_DAMAGED: Final = 0.02  # of the bytes beyond ASCII may be broken, and it is that charset still
# The names that makers use, and what they mean by them (encoding.spec.whatwg.org, 4.2).
_MEANT: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    "big5": "big5hkscs",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "windows-874": "cp874",
    "unicode": "utf-8",
    "utf8mb4": "utf-8",
}
_TEXT_CODECS: Final = re.compile(
    r"utf|cp\d|iso|gb|big5|euc|shift|koi8|mac|ptcp|tis|kz|hz|johab|ascii"
)
_SERVERS_DEFAULT: Final = frozenset(["cp1252", "utf-8"])  # headers that nobody chose for this text
_ON_THE_WEB: Final = (
    "cp1252 cp1251 cp1250 cp1253 cp1254 cp1255 cp1256 cp1257 cp874 koi8_r gb18030 big5 cp932 euc_jp"
    " cp949"
).split()
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+")


def decode(body: bytes, content_type: str) -> str:
    """The text of a feed or a page, without NULs and what else no text has. Never raises."""
    return _UNPRINTABLE.sub("", _decoded(body, content_type))


def _decoded(body: bytes, content_type: str) -> str:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    head = body[:_HEAD].lstrip()
    for pattern, name in _WIDE:
        if pattern.match(head):
            return body.decode(name, "replace")
    said = _IN_HEADER.search(content_type)
    header = _codec(said[1]) if said else None
    found = _IN_DOCUMENT.search(head)
    document = _codec((found[1] or found[2]).decode("ascii")) if found else None
    if body.isascii():
        seven_bits = next((name for name in (document, header) if name and "2022" in name), "ascii")
        return body.decode(seven_bits, "replace")
    names = [header, document] if header not in _SERVERS_DEFAULT else [document, header]
    known = [name for name in names if name]
    for name in ("utf-8", *known):
        text = _strictly(body, name)
        if text is not None:
            return text
    for name in (*known, "utf-8"):
        damaged = body.decode(name, "replace")
        if damaged.count("\ufffd") <= _DAMAGED * _beyond_ascii(body):
            return damaged
    return _guessed(body)


def _codec(name: str) -> str | None:
    """The codec that a maker means by a name, None for none that Python has."""
    name = name.lower().strip()
    try:
        known = codecs.lookup(_MEANT.get(name, name)).name
    except (LookupError, ValueError):
        return None
    known = _MEANT.get(known, known)
    # "utf-16" without a mark, and bytes that read as ASCII: the document is not in it.
    return (
        known if _TEXT_CODECS.match(known) and not known.startswith(("utf-16", "utf-32")) else None
    )


def _strictly(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


def _beyond_ascii(body: bytes) -> int:
    return len(body) - len(body.translate(None, bytes(range(128, 256))))


def _guessed(body: bytes) -> str:
    best = from_bytes(body[:_SAMPLE], cp_isolation=_ON_THE_WEB).best()
    return body.decode(best.encoding if best else "cp1252", "replace")
