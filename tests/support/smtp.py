"""A tiny SMTP server on the loopback that takes mail, or refuses it as told."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import suppress
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


class SmtpSink:
    """A server in a thread, a context manager. `replies` are answers by verb, or by a whole line, instead of 250.

    With `certificate` (a PEM file with its key) it offers STARTTLS.
    """

    def __init__(
        self, replies: dict[str, str] | None = None, certificate: Path | None = None
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.secure: list[bool] = []
        self.port = 0
        self._replies = replies or {}
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        start = asyncio.start_server(self._talk, "127.0.0.1", 0, limit=10_000_000)
        server = self._loop.run_until_complete(start)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        to: list[str] = []
        say("220 sink")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                verb = line.split()[0].decode().upper() if line.split() else ""
                whole = line.decode(errors="replace").strip()
                reply = self._replies.get(whole, self._replies.get(verb))
                if reply is not None:
                    say(reply)
                elif verb == "EHLO":
                    offers = ["STARTTLS"] if self._tls and not self._is_secure(writer) else []
                    for offer in ("8BITMIME", *offers):
                        say(f"250-{offer}")
                    say("250 SIZE 1000000")
                elif verb == "STARTTLS":
                    say("220 go")
                    await writer.drain()
                    await writer.start_tls(self._tls)
                elif verb == "RCPT":
                    to.append(line.decode().partition(":")[2].strip().strip("<>"))
                    say("250 ok")
                elif verb == "DATA":
                    say("354 go on")
                    text = await reader.readuntil(b"\r\n.\r\n")
                    self._take(text[:-3], to, secure=self._is_secure(writer))
                    to = []
                    say("250 taken")
                elif verb == "QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")
            await writer.drain()
        writer.close()

    def _take(self, text: bytes, to: list[str], *, secure: bool) -> None:
        text = text.replace(b"\r\n..", b"\r\n.")
        self.mails.append(message_from_bytes(text, policy=policy.default))
        self.recipients.append(to)
        self.secure.append(secure)

    @staticmethod
    def _is_secure(writer: asyncio.StreamWriter) -> bool:
        return writer.get_extra_info("ssl_object") is not None
