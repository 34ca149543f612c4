"""The five seeds against their hand-coded events: `python -m tests.quality.seeds [-v]`."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.quality.cleaned import cleaned, seed
from tests.quality.material import HERE, code
from tocsin.messages import CodedEvent, ReportStatus, TimeType

# Where the gold's note accepts a second coding.
ALSO = {
    "002-e5": ("MOBILIZE",),
    "002-e7": ("THREATEN",),
    "003-e1": ("THREATEN",),
    "003-e2": ("THREATEN",),
    "003-e16": ("THREATEN",),
    "003-e18": ("THREATEN",),
    "004-e3": ("REJECT",),
    "004-e14": ("ACCUSE",),
    "000-e4": ("COERCE",),
    "003-e15": ("THREATEN",),
}
MUTUAL = {"CONSULT", "AGREE", "SANCTION"}  # coded in both directions
STATUS_ALSO = {
    ("planned", "hypothetical"),
    ("ordered", "asserted"),
    ("asserted", "ordered"),
    ("announced", "planned"),
}


def gold() -> dict[str, Any]:
    return json.loads((HERE / "seed_gold.json").read_text(encoding="utf-8"))["articles"]


def fields(one: dict[str, Any]) -> dict[str, str | None]:
    """What the gold has of an article's title, agency and dateline place."""
    return {
        "title": one["title"]["text"],
        "agency": one["agency"]["name"],
        "dateline": one["dateline"]["place"],
    }


def state(code: str | None) -> str:
    return (code or "").split(".")[0].split("@")[0].split("+")[0]


def overlaps(event: CodedEvent, evidence: str) -> bool:
    return any(
        one.text[:60] in evidence or evidence[:60] in one.text or evidence[-60:] in one.text
        for one in event.evidence
    )


def same_class(wanted: dict[str, Any], event: CodedEvent) -> bool:
    return event.plover == wanted["action"]["class"] or event.plover in ALSO.get(wanted["id"], ())


def agrees(wanted: dict[str, Any], event: CodedEvent, role: str) -> bool:
    want = wanted[role]["code"] if wanted[role] else None
    actor = getattr(event, role)
    if want is None:
        return True
    got = actor.code if actor else None
    return (
        state(want) == state(got)
        or (want.startswith("XXX") and True)
        or bool(role == "target" and "@" in want and state(got) == want.split("@")[1])
    )


def reversed_roles(wanted: dict[str, Any], event: CodedEvent) -> bool:
    """A meeting told once in the gold is coded both ways."""
    source, target = wanted["source"], wanted["target"]
    parties = (source["code"] if source else "").split("+")
    other = parties[1] if len(parties) > 1 else target["code"] if target else ""
    got = (event.source.state if event.source else "", event.target.state if event.target else "")
    return got == (state(other), state(parties[0]))


def best(wanted: dict[str, Any], events: list[CodedEvent]) -> CodedEvent | None:
    near = [
        event
        for event in events
        if overlaps(event, wanted["evidence"]) and same_class(wanted, event)
    ]
    return max(
        near,
        key=lambda event: (
            agrees(wanted, event, "source") + agrees(wanted, event, "target"),
            status_fits(wanted, event),
            time_fits(wanted, event),
            any(one.value == m["value"] for one in event.magnitude for m in wanted["magnitude"]),
        ),
        default=None,
    )


def status_fits(wanted: dict[str, Any], event: CodedEvent) -> bool:
    want, got = wanted["modality"], str(event.status)
    if want == got or (want, got) in STATUS_ALSO or (got, want) == ("announced", "planned"):
        return True
    return want == "denied" and event.plover == "REJECT" and got == "asserted"


def time_fits(wanted: dict[str, Any], event: CodedEvent) -> bool:
    return wanted["time"]["type"] == str(event.time.type)


def trap_violated(wanted: dict[str, Any], events: list[CodedEvent]) -> bool:
    """A trap is sprung by a current, asserted, interstate event of its class from its sentence alone."""
    return any(
        overlaps(event, wanted["evidence"])
        and event.plover == wanted["action"]["class"]
        and event.status in {ReportStatus.ASSERTED, ReportStatus.ORDERED}
        and event.time.type is not TimeType.HISTORICAL
        and event.scope != "internal"
        for event in events
    )


def measure(verbose: bool = False) -> dict[str, float]:
    totals: dict[str, list[bool]] = {
        name: []
        for name in (
            "class",
            "source",
            "both",
            "status",
            "time",
            "magnitude",
            "magnitude_all",
            "title",
            "agency",
            "dateline",
            "precision",
            "secondary",
        )
    }
    sprung = 0
    for name, one in gold().items():
        text, day = cleaned(name), one["publication"]["best"]
        for field, want in fields(one).items():
            totals[field].append(getattr(seed(name), field) == want)
        events = list(code([(text, day)])[0].events)
        for wanted in one["events"]:
            if wanted["priority"] == "trap":
                bad = trap_violated(wanted, events)
                sprung += bad
                if bad and verbose:
                    print("TRAP", wanted["id"])
                continue
            found = best(wanted, events)
            for want in wanted["magnitude"]:
                fits = found is not None and any(
                    m.value == want["value"]
                    and m.unit == want["unit"]
                    and str(m.bound) == want["bound"]
                    for m in found.magnitude
                )
                totals["magnitude_all"].append(fits)
                if wanted["priority"] == "core":
                    totals["magnitude"].append(fits)
                if not fits and verbose:
                    print("MAGN", wanted["id"], want, found.magnitude if found else None)
            if wanted["priority"] == "secondary":
                totals["secondary"].append(found is not None)
                continue
            totals["class"].append(found is not None)
            source, target = (
                found is not None and agrees(wanted, found, role) for role in ("source", "target")
            )
            totals["source"].append(source)
            totals["both"].append(source and target)
            if found:
                totals["status"].append(status_fits(wanted, found))
                totals["time"].append(time_fits(wanted, found))
            if verbose:
                report(wanted, found, source, target)
        for event in events:
            mutual = event.plover in MUTUAL
            right = any(
                overlaps(event, wanted["evidence"])
                and same_class(wanted, event)
                and (
                    (agrees(wanted, event, "source") and agrees(wanted, event, "target"))
                    or (mutual and reversed_roles(wanted, event))
                )
                for wanted in one["events"]
            )
            totals["precision"].append(right)
            if not right and verbose:
                print(
                    "WRONG",
                    event.plover,
                    event.source and event.source.code,
                    event.target and event.target.code,
                    event.status,
                    event.telling,
                    event.evidence[0].text[:100],
                )
    return {name: sum(values) / len(values) for name, values in totals.items()} | {"traps": sprung}


def report(wanted: dict[str, Any], found: CodedEvent | None, source: bool, target: bool) -> None:
    if found is None:
        print("MISS", wanted["id"], wanted["action"], wanted["evidence"][:110])
        return
    notes = [
        *(
            []
            if source
            else [f"source {found.source and found.source.code} not {wanted['source']['code']}"]
        ),
        *(
            []
            if target
            else [f"target {found.target and found.target.code} not {wanted['target']['code']}"]
        ),
        *(
            []
            if status_fits(wanted, found)
            else [f"status {found.status} not {wanted['modality']}"]
        ),
        *(
            []
            if time_fits(wanted, found)
            else [f"time {found.time.type} not {wanted['time']['type']}"]
        ),
    ]
    if notes:
        print(
            "DIFF",
            wanted["id"],
            wanted["action"]["class"],
            "; ".join(notes),
            "|",
            wanted["evidence"][:60],
        )


if __name__ == "__main__":
    for name, value in measure("-v" in sys.argv).items():
        print(f"{name:10} {value:.3f}")
