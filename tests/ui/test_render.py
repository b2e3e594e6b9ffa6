from html.parser import HTMLParser

import pytest

from storage.records import Seed
from workbench.ui.render import TAGS, inert, markdown_html, marked_words_html, seed_html


class Shown(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![pixel](https://example.com/p.png)",
    "<svg/onload=alert(1)>",
    "<iframe src='https://example.com'></iframe>",
    "```html\n<script>alert(1)</script>\n```",
    "<a href='https://example.com'>x</a>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_becomes_text(text):
    shown = Shown()
    shown.feed(markdown_html(text))
    assert shown.tags <= TAGS - {"a", "img"}
    assert shown.attributes <= {"class"}


def test_template_signs_are_entities_in_markup_for_gradio():
    shown = inert("<p>${alert(1)} `x` \\d {{y}}</p>")
    assert not set("$`\\{}") & set(shown)
    assert shown.startswith("<p>&#36;&#123;alert(1)&#125;")


def test_a_seed_stands_in_its_file_with_its_lines_marked_and_numbered():
    seed = Seed(
        "i", "c", "r", "a.py", 3, 4, "python", "MIT", 'x = """<b>\ntwo"""', "import a\n", "end()\n"
    )
    shown = seed_html(seed)
    assert shown.count("<li") == 4
    assert shown.count('class="mark"') == 2
    assert '<li value="2">' in shown
    assert '<li value="5">' in shown
    assert "<b>" not in shown


def test_a_form_feed_does_not_begin_a_line():
    seed = Seed("i", "c", "r", "a.py", 2, 2, "python", "MIT", "a = 1\x0cb = 2", "x\n", "y\n")
    assert seed_html(seed).count("<li") == 3


def test_shared_words_are_marked_and_everything_is_escaped():
    assert marked_words_html("Sum <b> all", {"sum", "b"}) == (
        "<mark>Sum</mark> &lt;<mark>b</mark>&gt; all"
    )
