"""Who may push: each token is a source, with a pace of its own."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from services.ingest.push.answers import Refusal
from services.ingest.sources.config import PushSource
from tocsin.errors import SettingsError
from tocsin.settings import Secret
from tocsin.web import Bucket

_MIN_TOKEN: Final = 16
_WRONG_PER_S: Final = 5.0  # wrong tokens, of all callers together
_WRONG_BURST: Final = 50.0


class Client(msgspec.Struct, frozen=True):
    """A source with the token that it is known by."""

    source: PushSource
    token: Secret


class Access:
    """Knows the clients by their tokens.

    Raises:
        SettingsError: a token is short, or two sources share one.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        clock: Callable[[], float] = time.monotonic,
        *,
        wrong_burst: float = _WRONG_BURST,
    ) -> None:
        for each in clients:
            if len(each.token.reveal()) < _MIN_TOKEN:
                why = f"must have {_MIN_TOKEN} characters or more"
                raise SettingsError(f"{each.source.token_env}: {why}")
        # Compared by digest: of one length, whatever comes.
        self._known = [
            (
                _digest(each.token.reveal()),
                each.source,
                Bucket(each.source.per_s, each.source.burst, clock),
            )
            for each in clients
        ]
        if len({digest for digest, _, _ in self._known}) < len(self._known):
            names = ", ".join(each.source.token_env for each in clients)
            raise SettingsError(f"{names}: two of them hold the same token")
        self._wrong = Bucket(_WRONG_PER_S, wrong_burst, clock)

    def admit(self, authorization: str) -> PushSource:
        """The source that an Authorization header names.

        Raises:
            Refusal: none, or it comes too often.
        """
        scheme, _, token = authorization.partition(" ")
        given = _digest(token.strip() if scheme.lower() == "bearer" else "")
        found = None
        for digest, source, bucket in self._known:  # all of them, whichever it is
            if hmac.compare_digest(digest, given):
                found = source, bucket
        if found is None:
            if wait_s := self._wrong.take():
                raise Refusal(429, "too many wrong tokens", retry_after_s=wait_s)
            asks = 'Bearer realm="tocsin"' + (', error="invalid_token"' if token else "")
            raise Refusal(401, "send Authorization: Bearer …", headers={"WWW-Authenticate": asks})
        source, bucket = found
        if wait_s := bucket.take():
            raise Refusal(429, f"{source.per_s:g} requests a second", retry_after_s=wait_s)
        return source


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
