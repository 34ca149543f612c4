"""The backtest: archives through ingest, coder and fold, without a broker."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import msgspec
import pytest

from services.alert.backtest import coding, command, scoring
from services.alert.backtest.replaying import raises, replay
from services.alert.backtest.timeline import page
from tests.unit.alert.builders import CONFIG, NOON, days, event, hours, report
from tocsin.cli import main
from tocsin.errors import UsageError

LINES = [
    {"title": "Peruvian troops attack Chilean base", "ts": "2010-01-05T10:00Z"},
    {"title": "Bakery wins prize", "ts": "2010-01-05T11:00Z"},
    {"title": "Peruvian troops cross Chilean border", "ts": "2010-01-06T10:00Z"},
]


def nothing(_: int) -> None:
    """No progress is shown."""


def archive(tmp_path, lines=LINES, name="wire.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
    return path


def truth(tmp_path, text="name,trigger,states_iso3\nBORDER,2010-01-05,PER CHL\n"):
    path = tmp_path / "truth.csv"
    path.write_text(text, "utf-8")
    return path


def crisis(*reports):
    return replay(reports, CONFIG, progress=nothing)


def test_an_archive_is_coded_replayed_and_scored_by_one_command(tmp_path, capsys):
    html = tmp_path / "out.html"
    arguments = ["--outlet", "Reuters", "--truth", str(truth(tmp_path)), "--html", str(html)]

    code = main(["backtest", str(archive(tmp_path)), *arguments, "--json", "--jobs", "2"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["articles"] == 3
    assert found["days"] == 2
    assert found["verified"] == found["alerts"] > 0
    assert found["crises"][0]["dyad"] == "CHL-PER"
    assert found["crises"][0]["hours"] == 10.0
    assert found["listed"][0]["sentence"] == LINES[0]["title"]
    assert "<svg" in html.read_text("utf-8")


def test_what_was_coded_once_is_replayed_without_coding(tmp_path, capsys):
    file = tmp_path / "coded.jsonl.gz"
    wire = str(archive(tmp_path))
    main(["backtest", wire, "--outlet", "Reuters", "--coded", str(file), "--json"])
    first = json.loads(capsys.readouterr().out)

    main(["backtest", "--coded", str(file), "--json"])

    again = json.loads(capsys.readouterr().out)
    assert again | {"took": 0} == first | {"took": 0}


def test_coding_on_more_processes_gives_the_same_reports_in_the_same_order(tmp_path):
    path = archive(tmp_path, LINES * 40)

    one, two = (coding.code([path], outlet="AP", jobs=n, progress=nothing) for n in (1, 2))

    assert one.reports == two.reports
    assert one.days == two.days == {"2010-01-05": 80, "2010-01-06": 40}


def test_a_gzipped_archive_with_bodies_is_read_and_a_bad_line_is_named(tmp_path, capfd):
    path = tmp_path / "a.jsonl.gz"
    body = "Peru troops attacked a Chile\nbase on Monday.\n    Nobody was hurt."
    with gzip.open(path, "wt") as file:
        file.write(json.dumps({"body": body, "title": "CLASH", "date": "2010-01-05T10:00:00"}))
        file.write("\nno json\n")

    coded = coding.code([path], outlet="AP", jobs=1, progress=nothing)

    assert coded.refused == 1
    assert (
        coded.reports[0].events[0].evidence[0].text.startswith("Peru troops attacked a Chile base")
    )
    assert f"{path}:2" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,trigger\nA,2010-01-01\n", "states_iso3"),
        ("name,trigger,states_iso3\nA,soon,PER CHL\n", ":2: trigger"),
        ("name,trigger,states_iso3\nA,2010-01-01,PER\n", ":2: states_iso3"),
        ("name,trigger,states_iso3\n,2010-01-01,PER CHL\n", ":2: name is empty"),
    ],
)
def test_a_truth_file_that_is_wrong_is_refused_with_line_and_field(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        scoring.crises(truth(tmp_path, text))


def test_a_file_that_holds_no_coded_reports_is_refused_with_its_line(tmp_path):
    path = archive(tmp_path)

    with pytest.raises(UsageError, match=r"wire.jsonl:1: no coded reports"):
        coding.load(path)


def test_nothing_to_read_is_misuse(capsys):
    assert main(["backtest"]) == 2
    assert "PATH" in capsys.readouterr().err


def test_a_raise_is_counted_at_each_level_it_reaches():
    run = crisis(
        report(event("THREATEN"), article="a", at=NOON),
        report(event("MOBILIZE"), article="b", at=NOON + hours(8)),
        report(event("ASSAULT"), article="c", at=NOON + hours(16)),
    )

    assert [len(raises(run.alerts, level)) for level in (2, 3, 4, 5)] == [3, 2, 1, 0]
    assert run.unverified == ()


def test_every_pair_lives_on_to_the_end_of_the_run():
    run = crisis(
        report(event("MOBILIZE"), article="a", at=NOON),
        report(event("AGREE", by="PER", on="CHL"), article="b", at=NOON + days(40), dyad="CHL-PER"),
    )

    assert run.points["USA-VEN"][-1].level == 0
    assert [each.change.value for each in run.alerts][-1] == "resolved"


def test_an_alert_that_does_not_add_up_is_named():
    run = crisis(report(event("ASSAULT"), article="a", at=NOON))
    alert = msgspec.structs.replace(run.alerts[0], confidence=0.99)

    forged = msgspec.structs.replace(run, alerts=(alert,), unverified=((alert.id, "why"),))

    assert scoring.score(forged, 1, 1).verified == 0


def test_precision_is_of_the_raises_that_a_person_labelled(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("article,dyad,right\na,USA-VEN,yes\nb,CHL-PER,no\n", "utf-8")
    run = crisis(
        report(event("ASSAULT"), article="a", at=NOON),
        report(event("ASSAULT", by="PER", on="CHL"), article="b", at=NOON, dyad="CHL-PER"),
        report(event("ASSAULT", by="IND", on="PAK"), article="c", at=NOON, dyad="IND-PAK"),
    )

    found = scoring.score(run, 1, 3, told=scoring.labels(file))

    assert (found.labelled, found.right, found.precision) == (2, 1, 0.5)


def test_the_timeline_marks_raises_and_crises_and_quotes_nothing_as_markup():
    run = crisis(report(event("ASSAULT", text="<b>struck</b> & sank"), article="a", at=NOON))
    known = scoring.Crisis(name="A & B", trigger=NOON.date(), dyads=("USA-VEN",))

    found = page(run, {NOON.date().isoformat(): 1}, [known], level=3)

    assert "<b>struck" not in found
    assert "&lt;b&gt;struck&lt;/b&gt; &amp; sank" in found
    assert found.count("<circle") == 1
    assert 'class="crisis"' in found


def test_days_without_articles_are_cut_out_of_the_axis():
    known = {"2010-01-01": 5, "2010-01-02": 5, "2011-06-01": 5}

    found = page(crisis(), known, [], level=3)

    assert "2010-01-01 to 2011-06-01, 3 days with articles" in found


def test_the_defaults_of_the_command_are_the_packaged_rules():
    options = command.parser().parse_args(["x"])

    assert options.rules == command.DATA / "rules.yaml"
    assert datetime(2100, 1, 1, tzinfo=UTC) > NOON
