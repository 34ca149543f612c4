"""Copies joined, and stories wrongly joined, on Reuters-21578 with generated syndications.

`python -m tests.quality.stories [--stories 10000] [--joined]`

The stories are the first 10,000 of ten words or more, in order of publication, unwrapped but not
otherwise cleaned. Each of fifty words or more is carried by others, half an hour to half a day later, in five
ways (`WAYS`), and once in all of them but the moving (`mixed`). All of it is one stream.

- `copies`: of the copies of the five ways, the share with the story of their original.
- `mixed_long`: of the copies in all ways at once, of stories of three hundred words or more. Of a
  short story so treated hardly a sentence is left.
- `distinct_joined`: of the originals, the share joined to another original that is another story.
  Reuters repeats, corrects and extends its stories: a pair that was read and is such a one stands
  in stories_same.txt, by the numbers of the set. Every other pair counts as wrong, and
  `distinct_kept` is 1 less that share. `--joined` prints the pairs that are not in the file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from services.ingest.domain.identity import fingerprint
from services.ingest.domain.near import sketch
from services.ingest.domain.story import Telling, settle
from tests.quality.material import HERE, eval_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WINDOW_S = 3 * 24 * 3600
_COPIED_WORDS = 50
_LONG_WORDS = 300
_LEADS = [
    (
        "Officials and traders were weighing on {day} what the news from the agency would mean for "
        "them, as our correspondent learned from several people close to the matter."
    ),
    (
        "It was the talk of the town on {day}, and readers of this paper have asked what stands behind "
        "it; here is what is known so far."
    ),
    (
        "A development watched closely in capitals and on markets alike took another turn on {day}, "
        "according to a report that reached our newsroom."
    ),
]
_HEADLINES = ["What we know about {word} and {other}", "{word}: the latest", "{word} and {other}"]
_BOILERPLATE = [
    "Sign up for our morning newsletter and get the day's most important stories in your inbox.",
    (
        "All rights reserved. This material may not be published, broadcast, rewritten or "
        "redistributed without permission of the publisher. Subscribe from 9.99 a month."
    ),
    (
        "Follow us for more news, video and analysis. Our journalism is made possible by readers like "
        "you; please consider a gift of 5, 10 or 25 a month."
    ),
    (
        "The editorial staff had no part in the writing of this article, which comes from an agency "
        "feed and is published as it was received."
    ),
]


class Story(msgspec.Struct, frozen=True):
    """A headline and paragraphs, in order of publication."""

    number: int
    at: datetime
    title: str
    paragraphs: tuple[str, ...]

    @property
    def words(self) -> int:
        return sum(len(each.split()) for each in self.paragraphs)


class Copy(msgspec.Struct, frozen=True):
    """A copy of a story: in which way, by whom it would be told, when."""

    way: str
    story: Story


@cache
def stories(count: int) -> list[Story]:
    found = []
    with gzip.open(eval_file("reuters21578.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            body = re.sub(r"\s*\breuter\W*$", "", one["body"] or "", flags=re.IGNORECASE)
            parts = [" ".join(part.split()) for part in re.split(r"\n {4,}", body)]
            at = datetime.fromisoformat(one["date"]).replace(tzinfo=UTC)
            story = Story(one["id"], at, one["title"] or "", tuple(filter(None, parts)))
            if story.words >= 10:
                found.append(story)
    return sorted(found, key=lambda each: (each.at, each.number))[:count]


def rewritten(story: Story, chance: random.Random) -> Story:
    """A new headline, and a new lead in place of the first sentence."""
    names = [w for w in story.title.title().split() if w.isalpha() and len(w) > 3] or ["Trade"]
    title = chance.choice(_HEADLINES).format(word=chance.choice(names), other=chance.choice(names))
    first, *rest = story.paragraphs
    _, _, left = first.partition(". ")
    lead = chance.choice(_LEADS).format(day=f"{story.at:%A}")
    return msgspec.structs.replace(
        story, title=title, paragraphs=(lead, *([left] if left else []), *rest)
    )


def cut(story: Story, _: random.Random) -> Story:
    """The first 60 % of the words."""
    left = round(0.6 * story.words)
    kept = []
    for each in story.paragraphs:
        kept.append(" ".join(each.split()[:left]))
        left -= len(each.split())
        if left <= 0:
            break
    return msgspec.structs.replace(story, paragraphs=tuple(kept))


def dressed(story: Story, chance: random.Random) -> Story:
    """Two paragraphs of a publisher's own around it."""
    above, below = chance.sample(_BOILERPLATE, 2)
    return msgspec.structs.replace(story, paragraphs=(above, *story.paragraphs, below))


def respelt(story: Story, chance: random.Random) -> Story:
    """Other quotation marks and dashes, accents on names, the headline in lower case."""
    accents = str.maketrans("aeiouncAEO", "áéíóúñçÁÉÖ")

    def spell(text: str) -> str:
        text = re.sub(r'"([^"]*)"', "“\\1”", text).replace("'", "’").replace(" - ", " – ")
        return re.sub(
            r"\b[A-Z][a-z]{3,}",
            lambda name: name[0].translate(accents) if chance.random() < 0.3 else name[0],
            text,
        )

    return msgspec.structs.replace(
        story, title=story.title.capitalize(), paragraphs=tuple(map(spell, story.paragraphs))
    )


def moved(story: Story, chance: random.Random) -> Story:
    """The paragraphs in another order."""
    return msgspec.structs.replace(
        story, paragraphs=tuple(chance.sample(story.paragraphs, len(story.paragraphs)))
    )


def mixed(story: Story, chance: random.Random) -> Story:
    """All but the moving."""
    return respelt(dressed(rewritten(cut(story, chance), chance), chance), chance)


WAYS: dict[str, Callable[[Story, random.Random], Story]] = {
    "rewritten": rewritten,
    "cut": cut,
    "dressed": dressed,
    "respelt": respelt,
    "moved": moved,
}


def stream(originals: list[Story]) -> Iterator[tuple[str, Story]]:
    """(way, story) of originals and copies, in order of publication; `""` is an original."""
    chance = random.Random(11)
    all_of_it = [("", each) for each in originals]
    for each in originals:
        if each.words < _COPIED_WORDS:
            continue
        for name, way in {**WAYS, "mixed": mixed}.items():
            later = timedelta(minutes=chance.randrange(30, 720))
            copy = msgspec.structs.replace(way(each, chance), at=each.at + later)
            all_of_it.append((name, copy))
    return iter(sorted(all_of_it, key=lambda pair: (pair[1].at, pair[1].number, pair[0])))


def told(originals: list[Story]) -> dict[tuple[str, int], str]:
    """The story that each telling got, by way and number; an original's own name is its number."""
    tellings, names = [], []
    for way, each in stream(originals):
        text = "\n".join(each.paragraphs)
        whole = f"{each.title}\n{text}"
        made, bands = sketch(whole)
        tellings.append(
            Telling(
                id=f"{way}{each.number}",
                fingerprint=fingerprint(whole),
                sketch=made,
                bands=bands,
                at_s=int(each.at.timestamp()),
            )
        )
        names.append((way, each.number))
    found = settle(tellings, {}, {}, window_s=WINDOW_S).stories
    return dict(zip(names, found, strict=True))


def same() -> set[tuple[int, int]]:
    """The pairs that were read and are one story."""
    pairs = (line.split() for line in (HERE / "stories_same.txt").read_text().splitlines())
    return {(int(one), int(other)) for one, other in pairs}


def wrong(found: dict[tuple[str, int], str]) -> list[tuple[int, int]]:
    """The originals joined to another one that is not known to be the same story."""
    known = same()
    joined = (
        (int(re.sub(r"\D", "", story)), number)
        for (way, number), story in found.items()
        if not way and story != str(number)
    )
    return [pair for pair in joined if pair not in known]


def measure(count: int = 2_000) -> dict[str, float]:
    """The figures; the smaller sample is for the floors."""
    originals = stories(count)
    found = told(originals)
    figures: dict[str, float] = {}
    right = {
        way: [story == found["", number] for (each, number), story in found.items() if each == way]
        for way in (*WAYS, "mixed")
    }
    five = [each for way in WAYS for each in right[way]]
    figures["copies"] = sum(five) / len(five)
    figures |= {way: sum(each) / len(each) for way, each in right.items()}
    long = {each.number for each in originals if each.words >= _LONG_WORDS}
    mixes = [
        story == found["", n] for (way, n), story in found.items() if way == "mixed" and n in long
    ]
    figures["mixed_long"] = sum(mixes) / len(mixes)
    figures["distinct_kept"] = 1 - len(wrong(found)) / len(originals)
    joined = sum(not way and story != str(number) for (way, number), story in found.items())
    return {**figures, "originals_joined": joined, "stories": len(originals), "made": len(five)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.quality.stories", description=__doc__)
    parser.add_argument("--stories", type=int, default=10_000)
    parser.add_argument("--joined", action="store_true", help="the pairs that count as wrong")
    options = parser.parse_args()
    if options.joined:
        by = {each.number: each for each in stories(options.stories)}
        for pair in wrong(told(stories(options.stories))):
            print(*pair)
            for one in (by[number] for number in pair):
                print(f"  {one.at:%m-%d %H:%M} {one.title} | {'/'.join(one.paragraphs)[:200]}")
        return
    for name, value in measure(options.stories).items():
        print(f"{name:20} {value:.4f}" if isinstance(value, float) else f"{name:20} {value}")


if __name__ == "__main__":
    main()
