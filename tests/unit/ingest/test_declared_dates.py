from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.dates.declared import Declared, declared

MORNING = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
EXACT = datetime(2026, 11, 22, 8, 15, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

READ = [
    # RFC 822 and 2822
    ("Sun, 22 Nov 2026 08:15:30 GMT", EXACT, ()),
    ("Sun, 22 Nov 2026 08:15:30 +0000", EXACT, ()),
    ("Sun, 22 Nov 2026 08:15 UT", MORNING, ()),
    ("Sun, 22 Nov 2026 11:15:30 +0300", EXACT, ()),
    ("22 Nov 2026 13:45:30 +0530", EXACT, ()),
    ("Sun, 22 Nov 2026 03:15:30 EST", EXACT, ()),
    ("Sun, 22 Nov 2026 01:15:30 PDT", EXACT, ()),
    ("Sun, 22 Nov 2026 01:15:30 MST", EXACT, ()),
    ("Sun, 22 Nov 2026 09:15:30 CET", EXACT, ()),
    ("Sun, 22 Nov 2026 08:15:30 Z", EXACT, ()),
    ("Sun, 22 Nov 2026 02:15:30 CST", EXACT, ("zone_assumed",)),
    ("Sun, 22 Nov 2026 08:15:30 IST", EXACT, ("zone_assumed",)),
    ("Sun, 22 Nov 2026 08:15:30 K", EXACT, ("zone_assumed",)),
    ("Sun, 22 Nov 2026 08:15:30", EXACT, ("zone_assumed",)),
    ("Sun, 22 Nov 2026 08:15:30 +9900", EXACT, ("zone_assumed",)),
    ("Sun, 22 Nov 26 08:15:30 GMT", EXACT, ()),
    ("Sunday, 22-Nov-26 08:15:30 GMT", EXACT, ()),
    ("Sun, 22 November 2026 08:15:30 GMT", EXACT, ()),
    ("sun, 22 nov 2026 08:15:30 gmt", EXACT, ()),
    ("Sun , 22 Nov 2026 08:15:30 GMT", EXACT, ()),
    ("Sun, 22 Nov 2026 11:15:30 GMT+0300", EXACT, ()),
    ("Sun, 22 Nov 2026 11:15:30 UTC+3", EXACT, ()),
    ("Sun, 22 Nov 2026 11:15:30 +03:00", EXACT, ()),
    ("Sun, 22 Nov 2026 11:15:30 +0300 (MSK)", EXACT, ()),
    ("Sun Nov 22 2026 11:15:30 GMT+0300 (Moscow Standard Time)", EXACT, ()),
    ("Mon, 22 Nov 2026 08:15:30 GMT", EXACT, ("weekday_mismatch",)),
    ("Sun, 22 Nov 2026", NOON, ("day_only",)),
    ("22 Nov 2026", NOON, ("day_only",)),
    ("Tue, 30 Jun 98 23:59:60 GMT", datetime(1998, 6, 30, 23, 59, 59, tzinfo=UTC), ()),
    # ISO 8601 and RFC 3339
    ("2026-11-22T08:15:30Z", EXACT, ()),
    ("2026-11-22T08:15:30.123456Z", EXACT, ()),
    ("2026-11-22T08:15:30,5Z", EXACT, ()),
    ("2026-11-22T08:15Z", MORNING, ()),
    ("2026-11-22t11:15:30+03:00", EXACT, ()),
    ("2026-11-22T11:15:30+0300", EXACT, ()),
    ("2026-11-22T11:15:30+03", EXACT, ()),
    ("2026-11-22T09:15:30+01:00[Europe/Paris]", EXACT, ()),
    ("2026-11-22 08:15:30 UTC", EXACT, ()),
    ("2026-11-22 03:15:30 EST", EXACT, ()),
    ("2026-11-22 08:15:30", EXACT, ("zone_assumed",)),
    ("2026-11-22T08:15:30", EXACT, ("zone_assumed",)),
    ("20261122T081530Z", EXACT, ()),
    ("20261122T111530+0300", EXACT, ()),
    ("20261122081530", EXACT, ("zone_assumed",)),
    ("2026-11-22", NOON, ("day_only",)),
    ("2026-11-22+01:00", NOON, ("day_only",)),
    ("20261122", NOON, ("day_only",)),
    ("2026-W47-7T08:15:30Z", EXACT, ()),
    ("2026-W47-7", NOON, ("day_only",)),
    ("2026W477", NOON, ("day_only",)),
    ("2026-326T08:15:30Z", EXACT, ()),
    ("2026-326", NOON, ("day_only",)),
    ("2026-11-21T24:00:00Z", datetime(2026, 11, 22, tzinfo=UTC), ()),
    ("1795335330", EXACT, ()),
    ("1795335330000", EXACT, ()),
    # what content systems print
    ("Sun Nov 22 08:15:30 2026", EXACT, ("zone_assumed",)),
    ("Sun Nov 22 03:15:30 EST 2026", EXACT, ()),
    ("Sunday, November 22, 2026 - 08:15", MORNING, ("zone_assumed",)),
    ("November 22, 2026", NOON, ("day_only",)),
    ("Nov. 22nd, 2026 8:15 a.m. GMT", MORNING, ()),
    ("November 22, 2026 3:15 AM EST", MORNING, ()),
    ("22 November 2026, 8:15 PM GMT", datetime(2026, 11, 22, 20, 15, tzinfo=UTC), ()),
    ("2026/11/22 08:15:30", EXACT, ("zone_assumed",)),
    ("Sun, 2026/11/22 03:15:30 EST", EXACT, ()),
    ("22.11.2026 08:15", MORNING, ("zone_assumed",)),
    ("22/11/2026", NOON, ("day_only",)),
    ("11/22/2026 8:15:30 AM", EXACT, ("zone_assumed",)),
    ("22-11-2026 08:15:30 GMT", EXACT, ()),
    ("05.06.2026", datetime(2026, 6, 5, 12, tzinfo=UTC), ("day_only",)),
    ("\n  Sun, 22 Nov 2026\t08:15:30 GMT ", EXACT, ()),
    # other languages
    ("dom, 22 nov 2026 08:15:30 +0000", EXACT, ()),
    ("22 de noviembre de 2026", NOON, ("day_only",)),
    ("dimanche 22 novembre 2026 09:15 CET", MORNING, ()),
    ("Sonntag, 22. November 2026", NOON, ("day_only",)),
    ("So, 22 Dez 2026 08:15:30 +0000", datetime(2026, 12, 22, 8, 15, 30, tzinfo=UTC), ()),
    ("domingo, 22 de novembro de 2026 08h15", MORNING, ("zone_assumed",)),
    ("mar, 24 nov 2026 08:15:30 GMT", datetime(2026, 11, 24, 8, 15, 30, tzinfo=UTC), ()),
    ("24 mar 2026 08:15:30 GMT", datetime(2026, 3, 24, 8, 15, 30, tzinfo=UTC), ()),
    ("22 ноября 2026 11:15 MSK", MORNING, ()),
    ("вс, 22 ноя 2026 08:15:30 +0000", EXACT, ()),
    ("22 Kasım 2026", NOON, ("day_only",)),
    ("Κυρ, 22 Νοέ 2026 08:15:30 GMT", EXACT, ()),
    ("2026년 11월 22일 17:15:30", EXACT, ("zone_assumed",)),
    ("2026-11-22 오후 5:15:30", EXACT, ("zone_assumed",)),
    ("2026年11月22日 08:15:30", EXACT, ("zone_assumed",)),
    ("2026年11月22日 8時15分", MORNING, ("zone_assumed",)),
    ("2026年11月22日", NOON, ("day_only",)),
    ("22 نوفمبر 2026", NOON, ("day_only",)),
    ("٢٢ نوفمبر ٢٠٢٦", NOON, ("day_only",)),
    ("22 בנובמבר 2026", NOON, ("day_only",)),
    ("２０２６-１１-２２", NOON, ("day_only",)),
]  # fmt: skip

# What feedparser, dateutil or a hopeful regex would make a date of.
UNREADABLE = [
    "now", "today", "yesterday", "2 hours ago", "Sunday", "08:15", "None", "null", "N/A", "-",
    "2026", "2026-11", "--11-22", "---22", "-326", "20", "26-11-22", "202611",
    "2026-13-01", "2026-02-30", "2026-11-22T25:00:00Z", "2026-11-22T08:61:00Z", "2026-W54-1",
    "2026-W47", "2026-000", "2026-366", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z",
    "Wed, 30 Nov -0001 00:00:00 +0000", "Mon, 01 Jan 0001 00:00:00 GMT", "1405-09-01", "2569-11-22",
    "05/06/2026", "05-06-2026", "22/11/26", "Sun, 22 Foo 2026 08:15:30 GMT",
    "Sun, 22 Nov 2026 08:15:30 GMT and later", "Published: 22 Nov 2026", "Nov 2026", "22 Nov",
    "32 Nov 2026", "22 Nov 2026 13:15 PM", "2026-11-22T08:15:30Z+01:00", "1" * 50, "1" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize(("written", "at", "flags"), READ)
def test_a_date_field_is_read_and_says_what_was_assumed(written, at, flags):
    assert declared(written) == Declared(at, flags)


@pytest.mark.parametrize("written", UNREADABLE)
def test_what_is_no_full_date_is_none_and_flagged_and_never_now(written):
    assert declared(written) == Declared(None, ("bad_date",))


@pytest.mark.parametrize("written", ["", "  \n"])
def test_an_empty_field_says_nothing(written):
    assert declared(written) == Declared(None, ())


@given(st.text() | st.text(alphabet="0123456789-:/.,TZW+ NovSunGMT년月", max_size=40))
def test_no_text_in_a_date_field_raises(written):
    found = declared(written)

    assert found.at is None or found.at.tzinfo is UTC
