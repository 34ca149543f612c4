from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.parse.markup import one_line, paragraphs, plain

FIRST = "The ministers met on Monday."
SECOND = "They meet again on Friday."
BOTH = f"{FIRST}\n{SECOND}"

SHAPES = [
    (f"<p>{FIRST}</p><p>{SECOND}</p>", BOTH),
    (f"<p>{FIRST}<p>{SECOND}", BOTH),
    (f"<div>{FIRST}</div>\n<div>{SECOND}</div>", BOTH),
    (f"{FIRST}<br><br>{SECOND}", BOTH),
    (f"{FIRST}<br/>\n<br />{SECOND}", BOTH),
    (f"{FIRST}<br>{SECOND}", BOTH),
    ("The ministers met<br>on Monday.", FIRST),
    (f"<strong>Border talks</strong><br>{FIRST}", f"Border talks\n{FIRST}"),
    ("<p>The <b>ministers</b>\n  met <a href='x'>on&nbsp;Monday</a>.</p>", FIRST),
    ("<p>The <b>min</b>isters met on Monday.</p>", FIRST),
    (f"<h2>Border talks</h2><p>{FIRST}</p>", f"Border talks\n{FIRST}"),
    (f"<ul><li>{FIRST}</li><li>{SECOND}</ul>", BOTH),
    (f"<ul><li>{FIRST}<ul><li>{SECOND}</li></ul></li></ul>", BOTH),
    (f"<table><tr><td>{FIRST}</td></tr><tr><td>{SECOND}</td></tr></table>", BOTH),
    (f"<blockquote>{FIRST}</blockquote>{SECOND}", BOTH),
    ("<p>Smith &amp; Sons, 5 &lt; 6, caf&eacute;, &#8220;so&#8221;.</p>", "Smith & Sons, 5 < 6, café, “so”."),
    ("<p>&amp;amp; stays.</p>", "&amp; stays."),
    (f"&lt;p&gt;{FIRST}&lt;/p&gt;&lt;p&gt;{SECOND}&lt;/p&gt;", BOTH),
    (f"{FIRST}\n\n{SECOND}", BOTH),
    ("The ministers met\non Monday.", FIRST),
    ("", ""),
    ("<p>5 < 6 and 7 > 3.</p>", "5 < 6 and 7 > 3."),
    (f"<p title='a > b'>{FIRST}</p>", FIRST),
    (f"<p title='it's'>{FIRST}</p>", FIRST),
    (f"<P CLASS=x>{FIRST}</P>", FIRST),
    (f"<p>{FIRST}</p><!-- <p>not this</p> --><p>{SECOND}</p>", BOTH),
    (f"<![CDATA[<p>{FIRST}</p>]]>", FIRST),
    (f"<p>{FIRST}</p></div></div><p>{SECOND}</p>", BOTH),
    (f"<p>{FIRST}</p><figure><img src=x>", FIRST),
    (f"<figure><img><p>{FIRST}</p><p>{SECOND}</p>", BOTH),
]  # fmt: skip


@pytest.mark.parametrize(("markup", "text"), SHAPES)
def test_markup_becomes_paragraphs(markup, text):
    assert paragraphs(markup) == text


WRAPPING = [
    "<script>var a = '<p>x</p>';</script>",
    "<style>p { color: red }</style>",
    "<noscript><img src=x>Please enable scripts.</noscript>",
    "<figure><img src=x><figcaption>A soldier on guard.</figcaption></figure>",
    "<figure class='wp-block-image'><img src=x></figure>",
    "<div class='wp-caption alignleft'><img><p class='wp-caption-text'>A soldier.</p></div>",
    "<p class='caption'>A soldier on guard.</p>",
    "<span class='image-credit'>Ann Lee</span>",
    '<div class="photo-credit">Ann Lee</div>',
    "<img src='https://t.example/p.gif' width=1 height=1 alt='A soldier'>",
    "<div style='display:none'>Hidden.</div>",
    "<span hidden>Hidden.</span>",
    "<div aria-hidden='true'>Hidden.</div>",
    "<ul><li><a href=x>One link</a></li><li><a href=y>Another link</a></li></ul>",
    "<table><tr><td><a href=x>One link</a></td><td><a href=y>Another</a></td></tr></table>",
    "<p><strong>Read also:</strong> <a href=x>Another article</a></p>",
    "<p>RELATED: <a href=x>Another article of this site</a></p>",
    "<p>Lea también: <a href=x>Otro artículo</a></p>",
    "<div class='related-posts'><h3>More</h3><a href=x>Another</a></div>",
    "<div id='jp-relatedposts' class='jp-relatedposts'><h3>Related</h3></div>",
    "<div class='sharedaddy sd-sharing-enabled'><h3>Share this:</h3></div>",
    "<div class='a2a_kit addtoany_list'><a>Facebook</a></div>",
    "<aside>Sign up for our newsletter.</aside>",
    "<nav>Home</nav>",
    "<form><input><button>Subscribe</button></form>",
    "<iframe src=x>No frames.</iframe>",
    "<svg><title>Icon</title></svg>",
    "<amp-social-share type=x>Share</amp-social-share>",
]


@pytest.mark.parametrize("noise", WRAPPING)
def test_what_is_not_the_article_is_left_out(noise):
    assert paragraphs(f"<div><p>{FIRST}</p>{noise}<p>{SECOND}</p></div>") == BOTH


KEPT = [
    f"<p class='shareholders'>{FIRST}</p>",
    f"<p class='story-body__introduction'>{FIRST}</p>",
    f"<p><a href=x>{FIRST}</a></p>",
    f"<ul><li>{FIRST[:-1]} <a href=x>here</a>.</li></ul>",
    f"<div class='share'><p>{FIRST}</p></div>",  # nothing else is there
]


@pytest.mark.parametrize("markup", KEPT)
def test_what_only_looks_like_wrapping_stays(markup):
    assert FIRST[:-1] in paragraphs(markup)


HOSTILE = {
    "nested": "<div>" * 100_000 + FIRST + "</div>" * 100_000,
    "never closed": "<div>" * 100_000 + FIRST,
    "closed wrongly": "<div>" * 100_000 + "</section>" * 100_000 + FIRST,
    "inline closed wrongly": "<b>" * 100_000 + "</i>" * 100_000 + FIRST,
    "paragraphs": "<p>" * 200_000 + FIRST,
    "lists": "<ul><li>" * 100_000 + FIRST,
    "list items closed": "<li>" * 100_000 + "</li>" * 100_000 + FIRST,
    "tables": "<table><tr><td>" * 70_000 + FIRST,
    "open figures": "<figure>" * 100_000 + FIRST,
    "open quotes": '<a "' * 250_000 + FIRST,
    "open tags": "<abc " * 200_000 + FIRST,
    "brackets": "<" * 1_000_000 + FIRST,
    "comments": "<!-- -->" * 100_000 + FIRST,
    "entities": "&amp;" * 200_000 + FIRST,
    "half entities": "&" * 1_000_000 + FIRST,
    "escaped tags": "&lt;p" * 200_000 + FIRST,
    "attributes": "<div " + "class=a " * 100_000 + ">" + FIRST,
    "a long class": "<div class='" + "related-" * 5_000 + "!'>" + FIRST,
    "classes": "<div class='" + "related- share! " * 5_000 + "'>" + FIRST,
    "breaks": "x<br>" * 200_000 + FIRST,
    "blanks": " " * 1_000_000 + "<p>" + FIRST,
    "broken lines": "a\n" * 300_000 + FIRST,
    "broken lines in markup": "<p>" + "a\n" * 300_000 + FIRST,
    "blanks between": "<p> </p> " * 100_000 + FIRST,
    "one word": "a" * 1_000_000 + " " + FIRST,
    "read also": "<p>Read also" + ": " * 200_000 + "</p>" + FIRST,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_takes_little_time_and_loses_nothing(name):
    begun = time.process_time()

    text = paragraphs(HOSTILE[name])

    assert time.process_time() - begun < 2
    assert FIRST in text


@given(st.text() | st.lists(st.sampled_from(
    ["<p>", "</p>", "<div class=share>", "</div>", "<figure>", "</figure>", "<ul>", "<li>", "</ul>",
     "<br>", "<a href=x>", "</a>", "<script>", "</script>", "a ", "b. ", "&lt;", "<!--", "-->", "<"]
)).map("".join))  # fmt: skip
def test_no_markup_raises_and_no_line_is_empty(markup):
    for line in paragraphs(markup).split("\n"):
        assert line == line.strip()
    assert "\n\n" not in paragraphs(markup)


@given(st.lists(st.sampled_from([FIRST, SECOND, "A heading", "- and so on"])))
def test_plain_text_that_is_paragraphs_stays_as_it_is(lines):
    text = plain("\n\n".join(lines))

    assert plain(text.replace("\n", "\n\n")) == text


@pytest.mark.parametrize(
    ("markup", "line"),
    [
        ("Talks &amp; tea", "Talks & tea"),
        ("Talks &amp;amp; tea", "Talks &amp; tea"),
        ("<b>Talks</b> resume", "Talks resume"),
        ("&lt;b&gt;Talks&lt;/b&gt; resume", "Talks resume"),
        ("Talks\n  resume", "Talks resume"),
        ("5 < 6", "5 < 6"),
        ("A <3 B", "A <3 B"),
    ],
)
def test_a_title_is_one_line_without_markup(markup, line):
    assert one_line(markup) == line
