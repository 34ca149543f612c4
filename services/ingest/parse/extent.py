"""Whether a text is an article or the beginning of one."""

from __future__ import annotations

import re
from typing import Final

# Own judgement, on the side of "summary": that costs a fetch of the page, the other the article.
_WHOLE_CONTENT: Final = 250  # characters of what the feed calls content
_WHOLE_SUMMARY: Final = 1_200  # of what it calls a description
_WHOLE_PARAGRAPHS: Final = 3
_MORE: Final = (
    r"(?:continue reading|read (?:more|on|the (?:full|rest|whole)\b)|full (?:story|article)"
    r"|keep reading|click here|view (?:original|full)|see (?:more|full)|more(?:\s?(?:…|\.\.\.|»|>))"
    r"|learn more|(?:seguir|sigue|continuar|continúa) leyendo|leer más|lire la suite|en savoir plus"
    r"|weiterlesen|mehr lesen|leia mais|continue lendo|leggi tutto|continua a leggere|lees verder"
    r"|czytaj (?:dalej|więcej)|читать (?:далее|дальше|полностью)|читати далі|devamını oku"
    r"|اقرأ المزيد|المزيد|ادامه مطلب|המשך קריאה|קרא עוד|阅读全文|続きを読む|더 ?보기)"
)
_MORE_LINE: Final = re.compile(
    rf"[\[(<«»>→\s]*{_MORE}\b[^.!?\n]{{0,200}}[.…\])>»→\s]*", re.IGNORECASE
)
_MORE_TAIL: Final = re.compile(
    rf"(?P<before>…|\.\.\.|\[…\]|\[\.\.\.\]|[.!?]['\"”’»)]?)\s*[\[(«»>→\s]*{_MORE}\b[^.!?\n]{{0,120}}$",
    re.IGNORECASE,
)
_POST: Final = re.compile(
    r"(?:The post .{1,400}? (?:first )?appeared (?:first )?on .{1,200}"
    r"|(?:La entrada|El cargo) .{1,400}? (?:se publicó|apareció) primero en .{1,200}"
    r"|L['’]article .{1,400}? est apparu en premier sur .{1,200}"
    r"|Der Beitrag .{1,400}? erschien zuerst auf .{1,200}"
    r"|O post .{1,400}? apareceu primeiro em .{1,200}"
    r"|L['’]articolo .{1,400}? proviene da .{1,200}"
    r"|Сообщение .{1,400}? появились? сначала на .{1,200}"
    r"|This (?:article|post|story) (?:was )?(?:first|originally) (?:appeared|published)"
    r" (?:on|in|at) .{1,200}"
    r"|.{1,200} was originally published in .{1,100} on Medium\b.{0,200}"
    r"|(?:View|Read) (?:the )?original (?:article|post).{0,200}"
    r"|Tags?: .{1,200}|(?:Share|Tweet|Like|Print|Email)(?: this)?:?)",
    re.IGNORECASE,
)
_CUT: Final = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&hellip;\]|\(…\)|\(\.\.\.\))[\])\s]*$")
_CUT_MARK: Final = re.compile(r"\s*[\[(](?:…|\.\.\.|&hellip;)[\])]\s*$")
_TAIL_CHARACTERS: Final = 700  # of a line that the patterns look at
_TAIL_LINES: Final = 4


def cut_short(text: str) -> bool:
    """Whether a text says that it goes on elsewhere."""
    for line in reversed(text.split("\n")[-_TAIL_LINES:]):
        end = line[-_TAIL_CHARACTERS:]
        if _POST.fullmatch(end):
            continue
        return bool(_MORE_LINE.fullmatch(end) or _MORE_TAIL.search(end) or _CUT.search(end))
    return False


def without_boilerplate(text: str) -> str:
    """The text without what a feed's maker puts below each entry, and without its mark of a cut."""
    lines = text.split("\n")
    for _ in range(_TAIL_LINES):
        end = lines[-1][-_TAIL_CHARACTERS:] if lines else ""
        if not lines or not (_POST.fullmatch(end) or _MORE_LINE.fullmatch(end)):
            break
        lines.pop()
    if lines:
        last = lines[-1]
        found = _MORE_TAIL.search(last, max(0, len(last) - _TAIL_CHARACTERS))
        if found:
            last = last[: found.end("before")]
        lines[-1] = _CUT_MARK.sub("", last[-20:]).join((last[:-20], "")) if last else last
    return "\n".join(line for line in lines if line)


def is_whole(text: str, *, is_content: bool) -> bool:
    """Whether a text that does not say that it is cut is long enough for an article."""
    if is_content:
        return len(text) >= _WHOLE_CONTENT
    return len(text) >= _WHOLE_SUMMARY and text.count("\n") + 1 >= _WHOLE_PARAGRAPHS
