"""Help that people wrote, as HTML: Markdown of the package (CommonMark, and tables). HTML in it is text."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_FOLDER = files("api.web") / "help"


class Written(NamedTuple):
    """title: the first heading, which the HTML does not repeat."""

    title: str
    html: Markup


@cache
def written(name: str) -> Written:
    """A text of `api/web/help`."""
    return rendered((_FOLDER / f"{name}.md").read_text("utf-8"))


def rendered(text: str) -> Written:
    """text: Markdown that begins with its title."""
    _, title, _, *body = _made().parse(text)
    _name_headings(body)
    return Written(title.content, Markup(_made().renderer.render(body, _made().options, {})))  # noqa: S704 - our own text, HTML is off


def anchor(heading: str) -> str:
    """What an address names a heading by."""
    return "-".join(re.findall(r"[a-z0-9]+", heading.lower()))


def _name_headings(tokens: Sequence[Token]) -> None:
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(content.content))


@cache
def _made() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    # what is wider than a telephone scrolls, and whoever has no mouse reaches it
    made.add_render_rule("fence", _fence)
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    made.add_render_rule("th_open", _th_open)
    return made


def _fence(_renderer: object, tokens: Sequence[Token], index: int, *_more: Any) -> str:
    return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _table_open(*_given: Any) -> str:
    return '<div class="table" tabindex="0"><table>\n'


def _table_close(*_given: Any) -> str:
    return "</table></div>\n"


def _th_open(*_given: Any) -> str:
    return '<th scope="col">'
