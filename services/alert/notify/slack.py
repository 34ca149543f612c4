"""The Slack sink: plain-text blocks by the Web API, one live message an episode, or by a webhook.

The live message is updated with each revision; a rise is told beside it, in its thread and to the
channel, since an update rings nobody.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from services.alert.notify.http import Answer, Http, outcome
from services.alert.notify.sink import Delivered, Item, Later, Notice, Outcome, Refused, gravity
from services.alert.notify.text import body, chunks, digest_lines, digest_title, headline
from tocsin.messages import Alert, Change
from tocsin.settings import Secret
from tocsin.text import cut

API: Final = "https://slack.com/api"
_SECTION: Final = 2900  # characters; Slack takes 3,000 of a section, 150 of a header, 50 blocks
_HEADER: Final = 150
_BLOCKS: Final = 50
_FALLBACK: Final = 3000
_SQUARES: Final = ("⬜", "⬜", "🟨", "🟧", "🟥", "🟥")
_RISES: Final = (Change.LEVEL_UP,)
# An update that fails for these will never go: the message is gone, or too old to be edited.
_GONE: Final = ("message_not_found", "cant_update_message", "edit_window_closed", "not_in_channel")
_WAITS: Final = ("ratelimited", "rate_limited", "message_limit_exceeded")
_AGAIN: Final = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")
_CONTENT: Final = ("msg_too_long", "invalid_blocks", "invalid_blocks_format", "no_text")


class SlackWebhookSink:
    """Posts to an incoming webhook, which can update nothing."""

    most: Final = 200
    threaded: Final = False

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url

    async def send(self, notice: Notice) -> Outcome:
        """Posts a message."""
        return outcome(await self._http.post(self._url, _encoded(message(notice)), {}))


class SlackApiSink:
    """Posts to a channel by chat.postMessage, and updates by chat.update."""

    most: Final = 200
    threaded: Final = False

    def __init__(self, http: Http, token: Secret, channel: str, api: str = API) -> None:
        self._http = http
        self._token = token
        self._channel = channel
        self._api = api

    async def send(self, notice: Notice) -> Outcome:
        """Posts a message, or brings the live one of the episode up to date."""
        item = notice.one
        if item is None:
            told = await self._call("chat.postMessage", message(notice))
            return told if not isinstance(told, str) else Delivered()
        if item.ref is None:
            return await self._posted(notice, item)
        return await self._updated(notice, item)

    async def _posted(self, notice: Notice, item: Item) -> Outcome:
        told = await self._call("chat.postMessage", message(notice))
        if not isinstance(told, str):
            return told
        return Delivered(refs={item.alert.id: told})

    async def _updated(self, notice: Notice, item: Item) -> Outcome:
        channel, _, stamp = (item.ref or "").partition("/")
        at = {"channel": channel, "ts": stamp}
        told = await self._call("chat.update", {**message(notice), **at})
        if isinstance(told, Refused) and told.why.removeprefix("Slack: ") in _GONE:
            return await self._posted(notice, item)
        if isinstance(told, str) and any(each.change in _RISES for each in notice.alerts):
            beside = {"channel": channel, "thread_ts": stamp, "reply_broadcast": True}
            told = await self._call("chat.postMessage", {**_rise(item.alert), **beside})
        if not isinstance(told, str):
            return told
        return Delivered(refs={item.alert.id: item.ref or ""})

    async def _call(self, method: str, content: dict[str, Any]) -> str | Later | Refused:
        """`<channel>/<timestamp>` of the message, or why there is none."""
        headers = {"authorization": f"Bearer {self._token.reveal()}"}
        sent = _encoded({"channel": self._channel, **content})
        answer = await self._http.post(f"{self._api}/{method}", sent, headers, read=True)
        if not isinstance(answer, Answer):
            return answer
        became = outcome(answer)
        if not isinstance(became, Delivered):
            return became
        return _told(answer)


def message(notice: Notice) -> dict[str, Any]:
    """A notification as a message in which nothing of the text is markup."""
    if notice.one is None:
        return _blocks(digest_title(notice), chunks(digest_lines(notice), _SECTION))
    alert = notice.one.alert
    title = f"{_SQUARES[min(alert.level, 5)]} {headline(alert)}"
    return _blocks(title, chunks(body(alert).split("\n")[1:], _SECTION))


def _rise(alert: Alert) -> dict[str, Any]:
    return _blocks(f"{_SQUARES[min(gravity(alert), 5)]} {headline(alert)}", [])


def _blocks(title: str, sections: list[str]) -> dict[str, Any]:
    header = {"type": "header", "text": _plain(cut(title, _HEADER))}
    blocks = [{"type": "section", "text": _plain(each)} for each in sections]
    # The text is what a phone shows; it is parsed as markup unless told not to.
    text = cut("\n".join([title, *sections]), _FALLBACK).replace("&", "&amp;")
    return {
        "text": text,
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [header, *blocks][:_BLOCKS],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text or " ", "emoji": False}


def _encoded(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)


class _Told(msgspec.Struct, frozen=True):
    ok: bool
    error: str = ""
    channel: str = ""
    ts: str = ""


def _told(answer: Answer) -> str | Later | Refused:
    try:
        told = msgspec.json.decode(answer.text, type=_Told)
    except msgspec.DecodeError:
        return Later(why="Slack: no answer of its API")
    if told.ok:
        return f"{told.channel}/{told.ts}"
    why = f"Slack: {told.error[:80]}"
    if told.error in _WAITS:
        return Later(why=why, after_s=answer.retry_after_s, limited=True)
    if told.error in _AGAIN:
        return Later(why=why)
    return Refused(why=why, content=told.error in _CONTENT)
