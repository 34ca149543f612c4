"""One address a page: the canonical URL, and the key under which its spellings are one article.

courlan settles scheme, host and port. Path and query are settled here: courlan drops what it takes
for trackers by the middle of a name (`cid`, `gallery`, `reference`), queries without a value
(`?12345`), and escapes `;` and `@`, so that articles of their own became one, and links broke.
Why so: docs/decisions/ingest-one-article-has-many-addresses.md.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from courlan import normalize_url

_LONGEST: Final = 4_000  # characters; aggregators' links reach about 1,000
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f]+")
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE: Final = _PATH_SAFE + "?[]{}|^`"
_SESSION: Final = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)
# Names that say how a reader came, never what is read. Anchored at both ends on purpose.
_TRACKER: Final = re.compile(
    r"(?:utm|mtm|itm|pk|piwik|matomo|hsa|oly|vero|at|guce|ns|trk)_[a-z0-9_]+"
    r"|fbclid|gclid|gclsrc|dclid|twclid|yclid|ysclid|ttclid|msclkid|gbraid|wbraid|wickedid|igshid"
    r"|igsh|mc_cid|mc_eid|s_cid|ef_id|_ga|_gl|_hsenc|_hsmi|__s|__twitter_impression|mkt_tok"
    r"|ref_?src|ref_?url|cmpid|cmp|ocid|icid|ito|xtor|smid|sref|ftcamp|guccounter|maca|taid"
    r"|traffic_source|dicbo|spm|scm|oc|wpisrc|wpmm|tpcc|phpsessid|jsessionid",
    re.IGNORECASE,
)
# Names that are trackers with such a value, else perhaps the article's own.
_TRACKING_VALUE: Final = re.compile(
    r"(?:source|src|ref|referrer|referer|from|partner|via|feed|output|mod|emc|campaign|medium)"
    r"=(?:rss[\w-]*|feed\w*|twitter|facebook|whatsapp|telegram|newsletter|email|share|social"
    r"|google_?news|homepage|edit_\w+)"
    r"|rss=(?:1|true)?",
    re.IGNORECASE,
)
_VARIANT: Final = re.compile(r"(?:amp|output|outputtype)=(?:amp|1|true)?", re.IGNORECASE)
_AMP_CACHE: Final = re.compile(
    r"https?://(?:[\w-]+\.cdn\.ampproject\.org/(?:c|v|a)/|(?:www\.)?google\.[a-z.]{2,6}/amp/)"
    r"(?P<secure>s/)?(?P<rest>[\w-]+\.[^?#]+.*)",
    re.IGNORECASE,
)
_AMP_PATH: Final = re.compile(r"/amp/?$|\.amp(?=\.html?$)|/amp(?=/index\.html?$)")
_VARIANT_HOST: Final = re.compile(r"^(?:www\d?|m|mobile|amp|wap)\.(?=[^.]+\.[^.])")


def canonical(url: str) -> str | None:
    """The address to fetch and to show: absolute, without trackers, fragment, user and password.

    None for what is no web address. The same again for its own result; never raises.
    """
    try:
        return _canonical(url)
    except (ValueError, UnicodeError):
        return None


def same_page(url: str) -> str:
    """What all spellings of a page's address share: for ids only, it cannot be fetched.

    http and https, `www.` and mobile hosts, AMP variants, a slash at the end are one.
    """
    found = canonical(url)
    if found is None:
        return url
    parts = urlsplit(found)
    host = _VARIANT_HOST.sub("", parts.netloc)
    path = _AMP_PATH.sub("", parts.path).rstrip("/")
    pairs = [pair for pair in parts.query.split("&") if not _VARIANT.fullmatch(pair)]
    query = "&".join(sorted(pair for pair in pairs if pair))
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{host}{path}{'?' + query if query else ''}{fragment}"


def same_site(one: str, other: str) -> bool:
    """Whether two addresses are of one site: their hosts are equal or one lies below the other."""
    hosts = [_VARIANT_HOST.sub("", urlsplit(each).netloc.lower()) for each in (one, other)]
    first, second = sorted(hosts, key=len)
    if not first or "." not in first:
        return first == second
    return first == second or second.endswith("." + first)


def _canonical(url: str) -> str | None:
    url = _UNSEEN.sub("", url.strip()).strip()
    if not url or len(url) > _LONGEST:
        return None
    cached = _AMP_CACHE.fullmatch(url)
    if cached:
        url = f"http{'s' if cached['secure'] else ''}://{cached['rest']}"
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT or not parts.hostname:
        return None
    netloc = _netloc(scheme, parts)
    if netloc is None:
        return None
    path = _escaped(_without_dots(_SESSION.sub("", parts.path)), _PATH_SAFE) or "/"
    pairs = [pair for pair in parts.query.split("&") if pair and not _tracks(pair)]
    query = _escaped("&".join(pairs), _QUERY_SAFE)
    # "#!/story/5" names a page, any other fragment a place in it.
    fragment = _escaped(parts.fragment, _QUERY_SAFE) if parts.fragment.startswith("!") else ""
    found = f"{scheme}://{netloc}{path}{'?' + query if query else ''}"
    return f"{found}#{fragment}" if fragment else found


def _netloc(scheme: str, parts: SplitResult) -> str | None:
    """Host and port; the host as the name service has it."""
    host = (parts.hostname or "").rstrip(".")
    port = parts.port
    if ":" in host:
        bare = f"[{host}]"
    else:
        bare = host.encode("idna").decode("ascii")
        if not re.fullmatch(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", bare):
            return None
    if port is not None:
        bare = f"{bare}:{port}"
    settled = urlsplit(normalize_url(f"{scheme}://{bare}/")).netloc
    return settled if ":" in host else _ascii(settled)


def _ascii(netloc: str) -> str:
    host, colon, port = netloc.partition(":")
    return host.encode("idna").decode("ascii") + colon + port


def _without_dots(path: str) -> str:
    """The path with its "." and ".." followed (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


def _tracks(pair: str) -> bool:
    name = unquote(pair.partition("=")[0])
    return bool(_TRACKER.fullmatch(name) or _TRACKING_VALUE.fullmatch(unquote(pair)))


def _escaped(text: str, safe: str) -> str:
    return quote(_ESCAPE.sub("%25", text), safe=safe)
