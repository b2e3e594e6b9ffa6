"""Hostile text as safe HTML: what the pages show of seeds, models and people goes through here."""

import html
import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from storage.records import Seed

LEXERS = {"shell": "bash", "csharp": "c#"}
# What our own renderer emits; everything else that reaches the sanitiser is dropped.
PROSE = ("p", "br", "hr", "strong", "em", "s", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")
TABLES = ("table", "thead", "tbody", "tr", "th", "td")
TAGS = frozenset((*PROSE, *TABLES, "ul", "ol", "li", "code", "pre", "span", "div"))
# Longer code is shown as plain text: highlighting it would keep the page waiting.
HIGHLIGHT_LIMIT = 50_000
DASH = "\N{EN DASH}"


def escape(text: str) -> str:
    """Text for an HTML text node or a quoted attribute."""
    return html.escape(text, quote=True)


def inert(markup: str) -> str:
    """Our own HTML with every sign as an entity that `gr.HTML` would read as a template.

    A filled-in `gr.HTML` template runs through `new Function`, so that `${…}` in a snippet would
    execute and `\\d` would lose its backslash.
    """
    return re.sub(r"[\\`${}]", lambda sign: f"&#{ord(sign[0])};", markup)


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators, or a dash where there is none."""
    return DASH if value is None else f"{value:,.{digits}f}"


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    name = LEXERS.get(language, language)
    try:
        lexer: Lexer = get_lexer_by_name(name or "text", stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    return lexer


def code_html(code: str, language: str) -> str:
    """Highlighted code as `<span>`s, one line of HTML for each line of code."""
    if len(code) > HIGHLIGHT_LIMIT:
        return escape(code)
    return str(highlight(code, _lexer(language), HtmlFormatter(nowrap=True)))


def markdown_html(text: str) -> str:
    """Markdown of a model or a person as HTML without links, images, scripts or raw HTML."""
    return nh3.clean(
        _markdown().render(text), tags=set(TAGS), attributes={"*": {"class"}}, link_rel=None
    )


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"html": False, "highlight": _fence}, renderer_cls=RendererHTML
    )
    parser.enable(["table", "strikethrough"])
    # A link is shown as it was written: nothing that a model wrote leads anywhere from here.
    parser.disable(["image", "link", "autolink", "html_inline", "html_block"])
    return parser


def _fence(code: str, language: str, _attributes: str) -> str:
    return f'<pre class="code"><code>{code_html(code, language.lower())}</code></pre>'


def seed_html(seed: Seed, *, around: int = 40) -> str:
    """A seed inside its file: numbered lines, the snippet's marked, `around` on either side."""
    before = _lines(seed.before)[-around:] if around else []
    after = _lines(seed.after)[:around]
    snippet = _lines(seed.snippet)
    shown = [*before, *snippet, *after]
    # The formatter ends with a line break of its own.
    rows = code_html("\n".join(shown), seed.language).split("\n")[: len(shown)]
    first = seed.first_line - len(before)
    lines = []
    for index, row in enumerate(rows):
        inside = len(before) <= index < len(before) + len(snippet)
        mark = ' class="mark"' if inside else ""
        lines.append(f'<li value="{first + index}"{mark}><code>{row or " "}</code></li>')
    label = escape(f"{seed.path}, lines {seed.first_line} to {seed.last_line} marked")
    return f'<ol class="file" tabindex="0" aria-label="{label}">{"".join(lines)}</ol>'


def _lines(text: str) -> list[str]:
    # Not `splitlines`: a form feed or U+2028 inside a line does not begin a new one in a file.
    return text.removesuffix("\n").split("\n") if text else []


def marked_words_html(text: str, words: set[str]) -> str:
    """Code or prose with the given (lower-case) words marked."""
    parts = re.split(r"(\w+)", text)
    return "".join(
        f"<mark>{escape(part)}</mark>" if part.lower() in words else escape(part) for part in parts
    )


def highlight_css() -> str:
    """Token colours for light and for dark pages."""
    blocks = (
        HtmlFormatter(style="default").get_style_defs([".code", ".file"]),
        HtmlFormatter(style="github-dark").get_style_defs([".dark .code", ".dark .file"]),
    )
    rules = re.findall(r"^\..*\{.*\}", "\n".join(blocks), re.MULTILINE)
    # The pages have backgrounds of their own, which `static/winnow.css` keeps light or dark enough
    # for these colours; and a lexer that stumbles is no error of the code.
    return "\n".join(
        re.sub(r"(background|background-color|border):[^;}]+;?", "", rule)
        for rule in rules
        if not re.search(r"\.(hll|err|w) ", rule)
    )
