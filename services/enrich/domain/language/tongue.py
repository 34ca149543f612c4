"""Which language a text is in, by its commonest small words. Events are coded in English alone."""

from __future__ import annotations

import re
from collections import Counter

# The dozen commonest words of each that the others lack.
_WORDS = {
    "en": "the of and to in is was that for with said by from has have were an it as at",
    "es": "el los las del una que por para con fue según más como pero sus este su",
    "fr": "le les des une est dans pour par sur avec qui sont aux été cette du et",
    "pt": "os das dos uma não com para pelo foi são mais ao também seu sua em",
    "de": "der die das und ist nicht mit den von für auf dem ein eine sich wurde",
    "it": "il gli della di che una per con sono nel alla dal anche è stato",
}
_TONGUES: dict[str, list[str]] = {}
for _tongue, _small in _WORDS.items():
    for _one in _small.split():
        _TONGUES.setdefault(_one, []).append(_tongue)
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 2_000  # characters are plenty
_FEWEST = 5  # small words of another language before English is given up


def tongue(text: str) -> str:
    """An ISO 639-1 code; English where the text is too short to tell."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text[:_SAMPLE].lower()):
        for name in _TONGUES.get(word, ()):
            counts[name] += 1
    best = max(_WORDS, key=lambda name: (counts[name], name == "en"))
    return best if counts[best] >= _FEWEST and counts[best] > 2 * counts["en"] else "en"
