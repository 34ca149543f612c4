"""Articles over HTTP, from those who have a token: the push sources of sources.toml, as one API."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

from services.ingest.app import Intake, sketched
from services.ingest.push.access import Access, Client
from services.ingest.push.api import PushApi
from services.ingest.push.body import Limits
from services.ingest.push.group import Group
from services.ingest.push.keys import Keys
from services.ingest.settings import Settings
from services.ingest.sources.config import Config, PushSource
from tocsin.errors import SettingsError
from tocsin.observe import get_logger
from tocsin.settings import Secret
from tocsin.web import listen

_ANSWER_S = 4.0  # for requests under way at the stop; a broker that is away is not waited for
_STOP_S = 0.1  # how often the loop looks whether it is to stop


class Push:
    """The API on its socket: it listens from the start, and answers once it is run."""

    def __init__(self, access: Access, chosen: Settings, intake: Intake) -> None:
        self._access, self._chosen, self._intake = access, chosen, intake
        port = chosen.push_port or 0
        self._socket = listen(chosen.push_host, port, "TOCSIN_INGEST_PUSH_HOST, _PORT")
        host, port = self._socket.getsockname()[:2]
        get_logger().info("push", address=f"{host}:{port}")

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._socket.getsockname()[1])

    def run(self, stop: threading.Event) -> None:
        """Answers until the stop; what is under way then is answered too."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        chosen, keys, ended = self._chosen, Keys(self._chosen.redis), asyncio.Event()
        group = Group(
            lambda item: sketched(self._intake.read(item, run=None)),
            lambda read: self._intake.publish(read, run=None, dead_letters=False),
            batch=chosen.batch,
            most=chosen.push_waiting,
        )
        limits = Limits(
            max_bytes=chosen.push_max_bytes,
            max_lines=chosen.push_max_lines,
            body_s=chosen.push_body_s,
            held_bytes=chosen.push_held_bytes,
        )
        api = PushApi(group, keys, self._access, limits)
        serving = asyncio.create_task(api.serve(self._socket, ended))
        try:
            while not stop.is_set() and not serving.done():  # noqa: ASYNC110 - a thread's event
                await asyncio.sleep(_STOP_S)
        finally:
            ended.set()
            await asyncio.wait([serving], timeout=_ANSWER_S)
            group.give_up()
            await serving
            group.close()
            await keys.close()


def access(
    sources: Sequence[Config], environment: Mapping[str, str], port: int | None
) -> Access | None:
    """Who may push; None if nobody is to.

    Raises:
        SettingsError: a port without sources, sources without a port, a token missing or short.
    """
    found = [each for each in sources if isinstance(each, PushSource) and each.enabled]
    if not found and port is None:
        return None
    if port is None:
        why = f"must be set: the source {found[0].name} is pushed"
        raise SettingsError(f"TOCSIN_INGEST_PUSH_PORT {why}")
    if not found:
        raise SettingsError(
            "TOCSIN_INGEST_PUSH_PORT is set, but no [[source]] of TOCSIN_INGEST_SOURCES is of "
            'kind = "push"'
        )
    for each in found:
        if not environment.get(each.token_env):
            raise SettingsError(f"{each.token_env} must be set: the token of source {each.name}")
    return Access([Client(each, Secret(environment[each.token_env])) for each in found])
