"""What each sink sends to a real local server, from benign and from hostile alerts."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess

import pytest

from services.alert.notify.alertmanager import AlertmanagerSink
from services.alert.notify.http import Http
from services.alert.notify.longtail import AppriseSink
from services.alert.notify.mail import MailSink, Relay, message
from services.alert.notify.sink import Delivered, Later, Refused
from services.alert.notify.slack import SlackApiSink, SlackWebhookSink
from services.alert.notify.text import digest_lines
from services.alert.notify.webhook import WebhookSink, signer
from tests.support.sinks import HttpSink
from tests.support.smtp import SmtpSink
from tests.unit.alert.notices import AT, alert, citation, exercise, later, notice, resolved
from tocsin.guard import parse_networks
from tocsin.messages import Severity
from tocsin.settings import Secret

LOCAL = parse_networks(("127.0.0.0/8",), "X")
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
HOSTILE = (
    "<!channel> <@U123> <!everyone|all> @everyone @here <https://evil.example|click> *bold* `x`\r\n"
    "Bcc: victim@example.org\r\n\r\n<script>alert(1)</script> \x1b[31m\u202etxt\x00 &lt;"
)
HUGE = "war " * 50_000


def hostile(**of):
    text = {"summary": HOSTILE, "why": HOSTILE, "novelty": HOSTILE, "lowers": HOSTILE}
    cited = (citation(HOSTILE, outlet=HOSTILE), citation(HUGE), citation(HUGE, outlet=HUGE))
    return alert(citations=cited, **{**text, "labels": {"x": HOSTILE}, **of})


def http():
    return Http(LOCAL, 5)


def sent(sink, *notices):
    async def run():
        return [await sink.send(each) for each in notices]

    return asyncio.run(run())


def slack(answers=()):
    """A Slack whose API answers these one after the other, and then well."""
    turns = iter(answers)

    def answer(_path, _body):
        status, headers, told = next(turns, (200, {}, {"ok": True, "channel": "C1", "ts": "1.2"}))
        return status, headers, json.dumps(told).encode()

    return HttpSink(answer)


def texts(block):
    """Every text object of a message."""
    return [each["text"] for each in block["blocks"]]


# Slack.


def test_an_episode_is_one_live_message_in_slack_and_a_rise_is_told_beside_it():
    first = alert()
    risen = later(first, 1, level=4, level_before=3, change="level_up")
    with slack() as server:
        room = SlackApiSink(http(), Secret("xoxb"), "C1", server.url)
        one, two, three = sent(
            room,
            notice(first),
            notice(risen, ref="C1/1.2"),
            notice(later(risen, 1, change="confirmed"), ref="C1/1.2"),
        )
        calls = [(each.path, json.loads(each.body)) for each in server.requests]
        logins = {each.headers["authorization"] for each in server.requests}

    assert [path for path, _ in calls] == [
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
        "/chat.update",
    ]
    assert one == two == three == Delivered(refs={first.id: "C1/1.2"})
    assert calls[1][1]["ts"] == calls[3][1]["ts"] == calls[2][1]["thread_ts"] == "1.2"
    assert calls[2][1]["reply_broadcast"] is True
    assert logins == {"Bearer xoxb"}


def test_a_live_message_that_is_gone_is_posted_anew():
    with slack([(200, {}, {"ok": False, "error": "message_not_found"})]) as server:
        room = SlackApiSink(http(), Secret("xoxb"), "C1", server.url)
        (told,) = sent(room, notice(later(alert(), 1), ref="C1/9.9"))

        assert [each.path for each in server.requests] == ["/chat.update", "/chat.postMessage"]
    assert told == Delivered(refs={alert().id: "C1/1.2"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {}, {"ok": False, "error": "channel_not_found"}), Refused),
        ((200, {}, {"ok": False, "error": "invalid_auth"}), Refused),
        ((200, {}, {"ok": False, "error": "internal_error"}), Later),
        ((200, {}, ["no"]), Later),
        ((500, {}, {}), Later),
    ],
)
def test_what_slack_answers_says_whether_to_try_again(answer, expected):
    with slack([answer]) as server:
        (told,) = sent(SlackApiSink(http(), Secret("x"), "C1", server.url), notice(alert()))

    assert isinstance(told, expected)


@pytest.mark.parametrize(
    "answer",
    [
        (429, {"Retry-After": "30"}, {}),
        (200, {"Retry-After": "30"}, {"ok": False, "error": "ratelimited"}),
    ],
)
def test_slack_that_asks_for_less_is_left_alone_as_long_as_it_says(answer):
    with slack([answer]) as server:
        (told,) = sent(SlackApiSink(http(), Secret("x"), "C1", server.url), notice(alert()))

    assert (told.after_s, told.limited) == (30.0, True)


@pytest.mark.parametrize(
    "what", [notice(hostile()), notice(*[hostile(id=f"a{n}") for n in range(200)])]
)
def test_nothing_that_an_article_says_is_markup_in_slack(what):
    with slack() as server:
        sent(SlackWebhookSink(http(), server.url), what)
        said = json.loads(server.requests[0].body)

    assert all(each["type"] == "plain_text" for each in texts(said))
    assert (said["mrkdwn"], said["parse"], said["link_names"]) == (False, "none", False)
    shown = [said["text"], *(each["text"] for each in texts(said))]
    for text in shown:
        assert not re.search(r"[<>]|@(?!\u200b)|[\x00-\x09\x0b-\x1f\u202e]", text)
    assert len(said["blocks"]) <= 50
    assert all(1 <= len(each["text"]) <= 3000 for each in texts(said))
    assert len(said["blocks"][0]["text"]["text"]) <= 150
    assert len(said["text"]) <= 4000


def test_a_storm_is_one_message_that_names_every_pair_the_gravest_first():
    pairs = [f"A{a}{b}-ZZZ" for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"]
    storm = [alert(each, 3) for each in pairs] + [alert("USA-VEN", 4)]
    with slack() as server:
        sent(SlackWebhookSink(http(), server.url), notice(*storm, group="asia"))
        said = json.loads(server.requests[0].body)

    text = "\n".join(each["text"] for each in texts(said))
    assert "101 alerts, asia; highest level 4" in text
    assert [each for each in pairs if each not in text] == []
    assert text.index("USA-VEN") < text.index("AAA-ZZZ")


def test_several_revisions_of_one_alert_are_its_last_word_in_its_live_message_and_its_thread():
    first = alert()
    risen = later(first, 1, level=4, level_before=3, change="level_up")
    both = notice(first, later(risen, 1, change="confirmed"), ref="C1/1.2")
    with slack() as server:
        sent(
            SlackApiSink(http(), Secret("x"), "C1", server.url), notice(first, risen, ref="C1/1.2")
        )
        paths = [each.path for each in server.requests]
    mail = message(both, "t@x.org", ("a@x.org",), AT)

    assert paths == ["/chat.update", "/chat.postMessage"]
    assert mail["References"] == message(notice(first), "t@x.org", ("a@x.org",), AT)["References"]
    assert mail["X-Tocsin-Alert"] == f"{first.id}.3"


def test_in_a_digest_the_revisions_of_an_alert_stand_together_and_in_order():
    calm, first = alert("GRC-TUR", 2), alert("USA-VEN", 3)
    lines = digest_lines(notice(first, calm, later(first, 1, level=4), resolved("GRC-TUR", 2)))

    pairs = [line.split(":")[0] for line in lines]
    assert pairs == ["USA-VEN", "USA-VEN", "GRC-TUR", "GRC-TUR"]
    assert [line.rsplit(".", 1)[1] for line in lines] == ["1]", "2]", "1]", "9]"]


# Mail.


def relay(port, **of):
    return Relay(**{"host": "127.0.0.1", "port": port, "security": "none", "attempt_s": 5, **of})


def mailed(*notices, **of):
    with SmtpSink() as server:
        outcomes = sent(
            MailSink(relay(server.port), "tocsin@x.org", ("a@x.org", "b@x.org")), *notices
        )
        assert outcomes == [Delivered()] * len(notices)
        return server


def test_an_episode_is_one_thread_in_mail():
    first = alert()
    revisions = [first, later(first, 1, level=4), resolved(id=first.id)]

    mails = mailed(*map(notice, revisions)).mails

    assert len({each["Message-ID"] for each in mails}) == 3
    assert len({each["References"] for each in mails}) == 1
    assert len({each["Subject"] for each in mails}) == 1
    assert mails[0]["Subject"] == "[Tocsin] USA-VEN escalation since 2025-08-19"
    assert [each["X-Tocsin-Level"] for each in mails] == ["3", "4", "0"]


def test_the_same_revision_has_the_same_message_id_and_another_replays_another():
    ids = [each["Message-ID"] for each in mailed(notice(alert()), notice(alert())).mails]
    runs = [message(notice(exercise(run=run)), "t@x.org", ("a@x.org",), AT) for run in "ab"]

    assert ids[0] == ids[1]
    assert runs[0]["Message-ID"] != runs[1]["Message-ID"]
    assert runs[0]["References"] != runs[1]["References"]


def test_all_who_are_to_get_it_get_it():
    assert mailed(notice(alert())).recipients == [["a@x.org", "b@x.org"]]


@pytest.mark.parametrize(
    "what", [notice(hostile(rule=HOSTILE)), notice(hostile(), hostile(id="b"), group=HOSTILE)]
)
def test_no_text_of_an_article_becomes_a_header_or_a_recipient_of_a_mail(what):
    server = mailed(what)
    (mail,) = server.mails

    assert mail["Bcc"] is None
    assert set(mail.keys()) <= {
        "From", "To", "Date", "Auto-Submitted", "Subject", "Message-ID", "In-Reply-To",
        "References", "X-Tocsin-Alert", "X-Tocsin-Level", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert server.recipients == [["a@x.org", "b@x.org"]]
    assert mail.get_content_type() == "text/plain"
    assert len(mail["Subject"]) <= 200
    assert len(mail.get_content()) <= 100_001
    assert "\x1b" not in mail.get_content()
    assert "\u202e" not in mail.get_content()


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"MAIL": "451 later"}, Later),
        ({"MAIL": "550 never"}, Refused),
        ({"RCPT": "450 greylisted"}, Later),
        ({"RCPT": "550 unknown"}, Refused),
        ({"DATA": "421 closing"}, Later),
        ({"DATA": "554 spam"}, Refused),
        ({"EHLO": "500 no", "HELO": "500 no"}, Refused),
    ],
)
def test_what_the_relay_answers_says_whether_to_try_again(replies, expected):
    with SmtpSink(replies) as server:
        (told,) = sent(MailSink(relay(server.port), "t@x.org", ("a@x.org",)), notice(alert()))

    assert isinstance(told, expected)


@pytest.mark.parametrize(
    ("reply", "expected"), [("450 greylisted", Later), ("550 unknown", Delivered)]
)
def test_one_recipient_that_is_put_off_is_tried_again_and_one_that_is_unknown_is_not(
    reply, expected
):
    with SmtpSink({"RCPT TO:<b@x.org>": reply}) as server:
        desk = MailSink(relay(server.port), "t@x.org", ("a@x.org", "b@x.org"))
        (told,) = sent(desk, notice(alert()))

    assert isinstance(told, expected)
    assert server.recipients == [["a@x.org"]]


def test_a_relay_that_is_away_is_tried_again():
    with SmtpSink() as server:
        port = server.port
    (told,) = sent(MailSink(relay(port), "t@x.org", ("a@x.org",)), notice(alert()))

    assert isinstance(told, Later)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("no openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(),
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            pem,
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text(key.read_text() + pem.read_text())
    return both


def test_starttls_is_kept_to_and_the_certificate_is_checked(certificate):
    with SmtpSink(certificate=certificate) as server, SmtpSink() as bare:
        secure = {"host": "localhost", "security": "starttls"}
        trusting = MailSink(
            relay(server.port, **secure, ca_file=str(certificate.parent / "cert.pem")),
            "t@x.org",
            ("a@x.org",),
        )
        wary = MailSink(relay(server.port, **secure), "t@x.org", ("a@x.org",))
        stripped = MailSink(relay(bare.port, **secure), "t@x.org", ("a@x.org",))
        assert sent(trusting, notice(alert())) == [Delivered()]
        assert isinstance(sent(wary, notice(alert()))[0], Later)
        assert not isinstance(sent(stripped, notice(alert()))[0], Delivered)

    assert server.secure == [True]
    assert bare.mails == []


# Alertmanager.


def posted(*notices, labels=None):
    with HttpSink() as server:
        sink = AlertmanagerSink(http(), f"{server.url}/", labels or {})
        assert sent(sink, *notices) == [Delivered()] * len(notices)
        assert {each.path for each in server.requests} == {"/api/v2/alerts"}
        return [json.loads(each.body) for each in server.requests]


def test_the_labels_of_an_episode_never_change_and_its_end_comes_with_its_resolution():
    first = alert()
    risen = later(first, 1, level=4, severity=Severity.CRITICAL, confidence=0.9, summary="other")
    over = resolved(id=first.id, started_at=first.started_at)

    (one,), (two,), (three,) = posted(notice(first), notice(risen), notice(over))

    assert one["labels"] == two["labels"] == three["labels"]
    assert one["startsAt"] == three["startsAt"]
    assert three["endsAt"] < one["endsAt"]
    assert two["annotations"]["severity"] == "critical"


def test_of_several_revisions_in_one_post_the_last_is_told():
    first = alert()

    ((told,),) = posted(notice(first, later(first, 1, level=4), group="x"))

    assert told["annotations"]["level"] == "4"


def test_labels_of_rule_and_channel_are_passed_on_and_replace_no_part_of_the_identity():
    forged = alert(labels={"dyad": "AAA-BBB", "page": "duty"})

    ((told,),) = posted(notice(forged), labels={"team": "desk", "alert_id": "x"})

    assert told["labels"]["dyad"] == "USA-VEN"
    assert told["labels"]["alert_id"] == forged.id
    assert (told["labels"]["page"], told["labels"]["team"]) == ("duty", "desk")


def test_hostile_text_is_plain_and_bounded_for_alertmanager():
    ((told,),) = posted(notice(hostile()))

    for text in (*told["annotations"].values(), *told["labels"].values()):
        assert len(text) <= 2000
        assert not re.search(r"[\x00-\x1f\u202e]", text)


# The webhook.


def test_a_grouping_webhook_posts_all_in_one_body_with_the_trace():
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with HttpSink() as server:
        sink = WebhookSink(http(), server.url, signer(Secret(SECRET), "S"), grouped=True)
        sent(sink, notice(alert(), alert("GRC-TUR"), group="asia", traceparent=trace))
        (request,) = server.requests

    body = json.loads(request.body)
    assert [each["dyad"] for each in body["alerts"]] == ["USA-VEN", "GRC-TUR"]
    assert (body["type"], body["group"]) == ("tocsin.alerts.v1", "asia")
    assert request.headers["traceparent"] == trace


# Apprise.


def apprised(what, limit=1900, answer=None):
    with HttpSink(answer) as server:
        url = Secret(server.url.replace("http://", "json://"))
        (told,) = sent(AppriseSink(url, limit, "URLS"), what)
        return told, [json.loads(each.body) for each in server.requests]


@pytest.mark.parametrize(
    "what",
    [notice(hostile()), notice(*[hostile(id=f"a{n}") for n in range(10)], group="asia")],
)
def test_what_apprise_gets_is_plain_bounded_and_mentions_nobody(what):
    told, ((body,)) = apprised(what)
    text = body["message"]

    assert told == Delivered()
    assert len(text) <= 1900
    assert len(body["title"]) <= 200
    assert not re.search(r"[<>]|@(?!\u200b)|[\x00-\x09\x0b-\x1f\u202e]", text + body["title"])


def test_apprise_that_failed_is_tried_again():
    told, _ = apprised(notice(alert()), answer=lambda _path, _body: (500, {}, b""))

    assert isinstance(told, Later)


def test_an_exercise_says_so_first_everywhere():
    _, (body,) = apprised(notice(exercise()))
    with slack() as server:
        sent(SlackWebhookSink(http(), server.url), notice(exercise()))
        said = json.loads(server.requests[0].body)
    mail = message(notice(exercise()), "t@x.org", ("a@x.org",), AT)

    assert body["title"].startswith("EXERCISE: ")
    assert "EXERCISE: " in said["blocks"][0]["text"]["text"]
    assert "EXERCISE: " in mail["Subject"]
