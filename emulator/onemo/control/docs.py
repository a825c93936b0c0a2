"""The guides as the control serves them: their Markdown as pages of HTML, in which links between guides work.

What is HTML in a guide stays text, but for comments, which nobody sees, and keys (<kbd>).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_KEPT = ("<kbd>", "</kbd>")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} · OneMO emulator</title>
<link rel="icon" href="../static/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="../static/docs.css"></head>
<body><nav aria-label="Guides"><a href="../">Modules</a> <a href="./">Guides</a></nav>
<main>
{content}</main></body></html>
"""


def find_guides() -> dict[str, str]:
    """Return the Markdown of each guide by its file's name; they stand in the wheel, or beside the sources."""
    packaged = Path(str(files("onemo"))) / "_docs"
    folder = packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "docs"
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))}


def guide_page(name: str, guides: Mapping[str, str]) -> bytes:
    """Make the page of a guide; a link that leads out of the guides is text in it. Takes up to 0.1 s."""
    tokens = _prepared(_markdown().parse(guides[name]), guides)
    title = next((token.content.replace("`", "") for before, token in _pairs(tokens) if before.tag == "h1"), name)
    content = _markdown().renderer.render(tokens, _markdown().options, {})
    return _PAGE.format(title=escape(title), content=content).encode()


class _Renderer(RendererHTML):
    """What differs from the library's HTML: the names of the methods are those of its tokens."""

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _as_text(tokens[idx].content)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _as_text(tokens[idx].content)

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<pre tabindex="0"><code>{escapeHtml(tokens[idx].content)}</code></pre>\n'

    code_block = fence

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"


def _as_text(html: str) -> str:
    return html if html in _KEPT else escapeHtml(_COMMENT.sub("", html))


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table")


def _prepared(tokens: list[Token], guides: Collection[str]) -> list[Token]:
    """Return the tokens as they are rendered: headings with anchors, tables without empty heads, links that lead."""
    anchors: dict[str, int] = {}
    kept: list[Token] = []
    head = -1
    for before, token in _pairs(tokens):
        kept.append(token)
        if before.type == "heading_open":
            before.attrSet("id", _anchor(token.content, anchors))
        if token.children:
            token.children = _leading(token.children, guides)
        if token.attrs.pop("style", None) is not None:  # which the page's policy forbids
            token.attrSet("class", "middle")
        if token.type == "thead_open":
            head = len(kept) - 1
        elif token.type == "thead_close" and not any(each.content for each in kept[head:]):
            del kept[head:]
    return kept


def _pairs(tokens: list[Token]) -> zip[tuple[Token, Token]]:
    """Pair each token with the one before it."""
    return zip([Token("", "", 0), *tokens], tokens, strict=False)


def _anchor(heading: str, taken: dict[str, int]) -> str:
    """Return the anchor of a heading, as GitHub makes it. taken: how often each is there already."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    taken[anchor] = taken.get(anchor, -1) + 1
    return f"{anchor}-{taken[anchor]}" if taken[anchor] else anchor


def _leading(children: Sequence[Token], guides: Collection[str]) -> list[Token]:
    """Return the tokens without the links that lead nowhere here: to files beside the guides."""
    kept: list[Token] = []
    leads = True
    for token in children:
        if token.type == "link_open":
            target = str(token.attrGet("href"))
            leads = "://" in target or target.startswith("#") or target.partition("#")[0] in guides
        if leads or token.type not in ("link_open", "link_close"):
            kept.append(token)
    return kept
