"""A story of some length and what others make of it; invented."""

from __future__ import annotations

from services.ingest.domain.identity import fingerprint
from services.ingest.domain.near import sketch
from services.ingest.domain.story import Telling

TITLE = "Ferry line between the islands closes after fifty years"
PARAGRAPHS = (
    (
        "The last ferry between the two northern islands left the harbour on Friday evening with 212 "
        "passengers on board, many of whom had come only to say goodbye to the old ship."
    ),
    (
        'The company said it had lost 3.4 million crowns in each of the past years. "We have carried '
        'the mail, the sheep and the bride and groom, but we cannot carry the debt," its director said.'
    ),
    (
        "A bridge opened to traffic upstream has taken most of the lorries since, and the number of "
        "cars on the ferry fell from 61,000 to under 9,000 within a single year."
    ),
    (
        "The harbour master hopes that a museum will buy the ship. The town council is to meet next "
        "week to decide whether it gives money for a mooring beside the old customs house."
    ),
    (
        "Residents of the smaller island now drive forty minutes longer to the hospital, and the school "
        "has asked for a bus of its own before the winter storms close the coastal road again."
    ),
)
TEXT = "\n".join(PARAGRAPHS)
OTHER = (
    "Growers in the southern valley have begun to pick the earliest grapes that anyone there can "
    "remember, after a spring without frost and a summer of short, heavy showers. The guild expects "
    "a third more wine than last year and fears that the cellars have no room for it. Two villages "
    "have rented the halls of a closed dairy to store the barrels until the market recovers."
)
TEMPLATE = (
    "The central bank offered {offered} billion crowns of seven-day money to banks in its regular "
    "tender, a spokesman said. Dealers said that the bank rate stood at {rate} pct at the time, and "
    "that they had expected the bank to enter the market in view of the payments due on {day}."
)


def telling(ident: str, text: str, *, at_s: int | None = 0, before: str | None = None) -> Telling:
    made, bands = sketch(text)
    return Telling(
        id=ident,
        fingerprint=fingerprint(text),
        sketch=made,
        bands=bands,
        at_s=at_s,
        before=fingerprint(before) if before else None,
    )
