"""Which story an article tells: its own, or that of the text it is a near-copy of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence

import msgspec

from services.ingest.domain.near import BAND_BYTES, Sketch, likeness, sketch
from tocsin.messages import Article

KEY_BYTES = 8  # of a text's fingerprint
BUCKET_BYTES = 8 * KEY_BYTES  # a band remembers the last eight texts that have it
_COMPARED = 16  # texts, those that share most bands


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """One article that asks for its story. `before`: the fingerprint it had before an edit."""

    id: str
    fingerprint: str
    sketch: Sketch
    bands: bytes
    at_s: int | None = None
    before: str | None = None

    @property
    def key(self) -> bytes:
        """The name of its text."""
        return key_of(self.fingerprint)


class Text(msgspec.Struct, frozen=True, array_like=True):
    """A text that was met: whose story it tells, and when it was first published."""

    story: str
    at_s: int | None
    sketch: Sketch


class Settled(msgspec.Struct, frozen=True):
    """The stories of a batch in its order, and the tellings whose text is new with that text."""

    stories: tuple[str, ...]
    new: tuple[tuple[Telling, Text], ...]


def telling(
    article: Article, before: str | None = None, made: tuple[Sketch, bytes] | None = None
) -> Telling:
    """What is compared of an article. `before`: the fingerprint of the revision it edits.

    `made`: its sketch and bands, if they were made already.
    """
    sketch_of, bands = made or sketched_text(article)
    return Telling(
        id=article.id,
        fingerprint=article.fingerprint,
        sketch=sketch_of,
        bands=bands,
        at_s=int(article.published_at.timestamp()) if article.published_at else None,
        before=before,
    )


def sketched_text(article: Article) -> tuple[Sketch, bytes]:
    """The sketch and the bands of an article's headline and text."""
    return sketch(f"{article.title or ''}\n{article.text}")


def key_of(fingerprint: str) -> bytes:
    """The first bytes of a fingerprint, which is hexadecimal."""
    return bytes.fromhex(fingerprint[: 2 * KEY_BYTES])


def split(data: bytes) -> list[bytes]:
    """The keys or bands that stand in a row."""
    return [data[start : start + KEY_BYTES] for start in range(0, len(data), KEY_BYTES)]


def settle(
    tellings: Sequence[Telling],
    texts: MutableMapping[bytes, Text],
    buckets: MutableMapping[bytes, bytes],
    *,
    window_s: int,
) -> Settled:
    """The story of each telling, one after the other; texts and buckets take the new ones in.

    `texts` and `buckets` hold at least what the tellings ask for. The same tellings in any
    batches get the same stories.
    """
    stories: list[str] = []
    new: list[tuple[Telling, Text]] = []
    for each in tellings:
        held = texts.get(each.key)
        if held and _near_in_time(each, held, window_s):
            stories.append(held.story)
            continue
        edited = texts.get(key_of(each.before)) if each.before else None
        story = edited.story if edited else _match(each, texts, buckets, window_s) or each.id
        text = Text(story, each.at_s, each.sketch)
        stories.append(story)
        new.append((each, text))
        texts[each.key] = text
        for band in split(each.bands):
            buckets[band] = (buckets.get(band, b"") + each.key)[-BUCKET_BYTES:]
    return Settled(tuple(stories), tuple(new))


def _match(
    telling: Telling, texts: Mapping[bytes, Text], buckets: Mapping[bytes, bytes], window_s: int
) -> str | None:
    """The story of the text most like it, none of whose texts contradicts it.

    Of equals the first in order of their ids.
    """
    shared = Counter(
        key for band in split(telling.bands) for key in set(split(buckets.get(band, b"")))
    )
    nearest = sorted(shared, key=lambda key: (-shared[key], key))[:_COMPARED]
    best: dict[str, float] = {}
    refused: set[str] = set()  # a template is often like one copy and contradicts the others
    for key in nearest:
        text = texts.get(key)
        if text and _near_in_time(telling, text, window_s):
            found = likeness(telling.sketch, text.sketch)
            if found.contradicts:
                refused.add(text.story)
            elif found.score:
                best[text.story] = max(found.score, best.get(text.story, 0.0))
    ranked = sorted((-score, story) for story, score in best.items() if story not in refused)
    return ranked[0][1] if ranked else None


def _near_in_time(telling: Telling, text: Text, window_s: int) -> bool:
    """By time of publication, so that a replay at any speed joins the same; undated is near."""
    if telling.at_s is None or text.at_s is None:
        return True
    return abs(telling.at_s - text.at_s) <= window_s


assert BAND_BYTES == KEY_BYTES  # noqa: S101 - both are split alike
