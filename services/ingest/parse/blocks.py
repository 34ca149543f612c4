"""Which elements of a page or a feed's entry are not its article."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# What a browser does not show as text, or shows beside the article.
SKIPPED: Final = frozenset(
    "head script style noscript template svg math iframe object embed applet video audio canvas"
    " map figure figcaption picture button form select option textarea input label dialog menu nav"
    " aside footer amp-img amp-ad amp-embed amp-social-share amp-carousel amp-iframe"
    " amp-video".split()
)
RAW: Final = frozenset("script style noscript textarea template iframe title xmp".split())
VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()
)
# They end the line before and after them.
BLOCKS: Final = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary"
    " table tbody td tfoot th thead title tr ul".split()
)
# They cannot hold another of their name, so that the next one ends them.
UNNESTED: Final = frozenset("p li dt dd tr td th option".split())
# Elements that may carry a class or an attribute to skip by, or that must be matched to do it.
CONTAINERS: Final = (BLOCKS - {"hr"}) | {"span", "a", "button", "label"} | (SKIPPED - VOID - RAW)
LISTS: Final = frozenset("ul ol table menu".split())
BOLD: Final = frozenset("b strong".split())

# Names as WordPress, Drupal, Arc, AMP and news sites give them, matched on whole class words.
_CAPTIONS: Final = re.compile(
    r"(?:(?:wp-|image-?|img-?|photo-?|picture-?|media-?|figure-?|foto-?|lead-?|gallery-?)?"
    r"(?:caption|credits?|copyright)(?:-?(?:text|dd|credit|copy|container|wrapper|inner|box|body))?"
    r"|wp-caption(?:-\w+)?|(?:photo|image|picture)-?(?:byline|source|author|description|info|meta)"
    r"|pie-?(?:de-?)?foto|bildunterschrift|legende|image_?caption|caption__\w+|credit__\w+)",
    re.IGNORECASE,
)
_NOT_THE_ARTICLE: Final = re.compile(
    # other articles
    r"(?:(?:jp-)?related[-\w]*|\w{1,20}[-_]related(?:[-_](?:posts|articles|news|links|content"
    r"|stories|items))?|read-?(?:also|next|more(?:-\w+)?)|see-?also|also-?read|more-?(?:on|from|news"
    r"|stories|link|articles)|you-?may-?(?:also-?)?like|recommended(?:-\w+)?|most-?(?:read|popular)"
    r"|trending|outbrain\w*|taboola\w*|inline-?(?:related|promo|link)|continue-reading|read-more"
    r"|wp-block-(?:embed|latest-posts|button|buttons|file|gallery|image)|yarpp\S*|crp_related"
    # buttons and beggars
    r"|share(?:[-_]?(?:buttons?|bar|tools?|links?|icons?|this|box|post|block|widget))?|sharing"
    r"|sharedaddy|sd-\w+|sharify\S*|addtoany\S*|a2a_\w+|addthis\S*|social(?:[-_]?(?:share|media"
    r"|icons?|links?|buttons?|bar|tools?|embed-credit))?|feedflare|post-?(?:tags|meta|footer"
    r"|navigation|ratings|views)|entry-?(?:meta|footer|tags)|tags?-?(?:list|links|cloud)|breadcrumbs?"
    r"|newsletter\S*|subscri(?:be|ption)(?![a-z])\S*|sign-?up\S*|(?:paywall|regwall)[-_]?(?:prompt"
    r"|message|box|banner|overlay|notice|cta|barrier|modal|promo)\S*|donat(?:e|ion)\S*|promo"
    r"(?:-?(?:box|block|link))?|advert\S*|ads?|ad-(?:slot|unit|container|wrapper|label)|adsbygoogle"
    r"|sponsored(?:-\w+)?|dfp-\S+|banner|cookie\S*|comments?(?:-(?:area|list|section|link))?"
    r"|field--name-(?:title|uid|created|author)|author-?(?:bio|box|info|card)|about-?author|toolbar|audio-?player|video-?player|print-only"
    # what is not shown
    r"|screen-reader-text|sr-only|visually-?hidden|hidden|d-none|invisible|offscreen|element-invisible"
    r")",
    re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(
    r"(?:^|\s)(class|id|style|role|hidden|aria-hidden|itemprop)"
    r"(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?",
    re.IGNORECASE,
)
_UNSHOWN: Final = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])"
    r"|font-size\s*:\s*0(?![.\d]))",
    re.IGNORECASE,
)
_ROLES: Final = frozenset("navigation complementary banner contentinfo search dialog".split())
_LONGEST: Final = 2_000  # characters of a tag's attributes that are looked at
_LONGEST_NAME: Final = 50


def is_hidden(attributes: str) -> bool:
    """Whether an element with these attributes is not shown."""
    return _says(attributes, classes=False)


def is_beside(attributes: str) -> bool:
    """Whether an element with these attributes is not shown, or is not the article."""
    return _says(attributes, classes=True)


def is_caption(names: str) -> bool:
    """Whether one of these classes is that of a picture's caption or credit."""
    return any(len(name) <= _LONGEST_NAME and _CAPTIONS.fullmatch(name) for name in names.split())


def is_hidden_element(attributes: Mapping[str, str]) -> bool:
    """Whether an element with these attributes is not shown, as `is_hidden` for parsed ones."""
    return (
        attributes.get("hidden", "until-found") != "until-found"
        or attributes.get("aria-hidden") == "true"
        or bool(_UNSHOWN.search(attributes.get("style", "")[:_LONGEST]))
    )


def is_wrapping(names: str) -> bool:
    """Whether one of these classes is that of something beside the article."""
    return any(map(_is_wrapping, names.split()))


def _says(attributes: str, *, classes: bool) -> bool:
    for found in _ATTRIBUTE.finditer(attributes[:_LONGEST]):
        name = found[1].lower()
        value = found[2] or found[3] or found[4] or ""
        if name == "hidden" and value != "until-found":
            return True
        if name == "aria-hidden" and value == "true":
            return True
        if name == "style" and _UNSHOWN.search(value):
            return True
        if not classes:
            continue
        if name in ("class", "id") and any(map(_is_wrapping, value.split())):
            return True
        if name == "role" and value.lower() in _ROLES:
            return True
        if name == "itemprop" and value in ("caption", "copyrightHolder"):
            return True
    return False


def _is_wrapping(name: str) -> bool:
    if len(name) > _LONGEST_NAME:
        return False
    return bool(_CAPTIONS.fullmatch(name) or _NOT_THE_ARTICLE.fullmatch(name))
