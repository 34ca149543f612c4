"""Own regression sentences: `python -m tests.quality.sentences` prints what is wrong and the share right."""

from __future__ import annotations

from typing import NamedTuple

from tests.quality.material import HERE, code
from tocsin.messages import CodedEvent, EnrichedArticle, ReportStatus, TimeType

PUBLISHED = "2025-09-27"
_DEEDS = {ReportStatus.ASSERTED, ReportStatus.ORDERED}


class Case(NamedTuple):
    plover: str
    source: str
    target: str
    status: str
    text: str


def cases() -> list[Case]:
    lines = (HERE / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    return [Case(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def right(case: Case, one: EnrichedArticle) -> bool:
    if case.plover.startswith("!"):
        return not any(
            event.plover == case.plover[1:]
            and event.status in _DEEDS
            and event.time.type is not TimeType.HISTORICAL
            and event.scope != "internal"
            for event in one.events
        )
    return any(fits(case, event) for event in one.events)


def fits(case: Case, event: CodedEvent) -> bool:
    if event.plover != case.plover:
        return False
    if case.status == "historical":
        return event.time.type is TimeType.HISTORICAL
    return (
        case.source in {"-", state(event.source)}
        and case.target in {"-", state(event.target)}
        and case.status in {"-", str(event.status)}
    )


def state(actor) -> str:
    return actor.state if actor else ""


def wrong() -> list[tuple[Case, EnrichedArticle]]:
    told = cases()
    coded = code([(case.text, PUBLISHED) for case in told], size=64)
    return [(case, one) for case, one in zip(told, coded, strict=True) if not right(case, one)]


def measure() -> dict[str, float]:
    return {"right": 1 - len(wrong()) / len(cases()), "cases": len(cases())}


if __name__ == "__main__":
    failed = wrong()
    for case, one in failed:
        got = [
            (
                str(e.plover),
                e.source and e.source.code,
                e.target and e.target.code,
                str(e.status),
                str(e.time.type),
                str(e.scope),
            )
            for e in one.events
        ]
        print(case, got)
    print(f"right {1 - len(failed) / len(cases()):.3f} of {len(cases())}")
