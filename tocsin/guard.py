"""Connects to public addresses only: the address is checked when it is connected to.

A check of the name beforehand would be answered differently a moment later (DNS rebinding), and a
check of the text misses odd spellings of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpcore2
import httpx2

from tocsin.blocking import blocking
from tocsin.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_KEPT: Final = 10  # idle connections
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # all that IANA gives out for the internet
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


class Forbidden(OSError):
    """The name leads only to addresses that may not be connected to."""


def parse_networks(texts: Sequence[str], variable: str) -> tuple[Network, ...]:
    """The CIDRs of a setting.

    Raises:
        SettingsError: one is no CIDR.
    """
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}") from error


def is_allowed(address: str, allow: Sequence[Network]) -> bool:
    """Whether the address is public, or in one of the allowed networks."""
    ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip.version == network.version and ip in network for network in allow):
        return True
    # `is_global` knows only the exceptions of its Python, and not site-local, SIIT, local NAT64.
    routed = ip.version == 4 or ip in _UNICAST
    return routed and ip.is_global and not ip.is_multicast


def _inner(ip: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo or NAT64."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or teredo or ip


class _Backend(httpcore2.AsyncNetworkBackend):
    """Resolves, refuses, and connects to the very address that was checked."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            found = await blocking(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"cannot resolve: {error}") from error
        allowed = [str(each[4][0]) for each in found if is_allowed(str(each[4][0]), self._allow)]
        if not allowed:
            raise Forbidden("it leads to an address that is not public")
        for address in allowed[:-1]:
            with contextlib.suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return await self._inner.connect_tcp(
            allowed[-1], port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@functools.cache
def _trust() -> ssl.SSLContext:
    """Whom to trust, read once: it is the same for every channel, and slow to read."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport over the guarded backend, without proxies.

    `connections`: at most so many at once; None where those who ask are bounded themselves.
    """

    def __init__(self, allow: Sequence[Network], *, connections: int | None = 10) -> None:
        super().__init__(verify=_trust(), trust_env=False)
        # There is no public way to give the pool another backend.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trust(),
            network_backend=_Backend(allow),
            max_connections=connections,
            max_keepalive_connections=_KEPT,
            keepalive_expiry=30.0,
        )
