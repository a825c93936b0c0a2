"""The guides as pages: links between them work, and what is HTML in them is text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from onemo.control.docs import find_guides, guide_page

from tests.support.pages import ROOT, anchors_of

GUIDES = find_guides()


class Seen(HTMLParser):
    """What a browser makes of a page: its tags, their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def seen(text: str) -> Seen:
    return Seen(guide_page("a.md", {"a.md": text, "b.md": "# B"}))


@pytest.mark.parametrize("name", GUIDES)
def test_each_guide_is_a_page(name: str) -> None:
    page = Seen(guide_page(name, GUIDES))
    assert "<!--" not in page.text
    assert not {"script", "img", "style", "iframe"} & {*page.tags}
    assert not any(attribute.startswith("on") or attribute == "style" for attribute, _ in page.attributes)
    assert anchors_of(ROOT / "docs" / name) == {*page.all("id")}
    titles = re.findall(r"^# (.*)$", GUIDES[name], re.MULTILINE)
    assert f"{titles[0]} · OneMO emulator" in page.text
    for link in page.all("href"):
        file, _, anchor = unquote(link).partition("#")
        if "://" in link or file in ("../", "./", "../static/icon.svg", "../static/docs.css"):
            continue
        assert file in GUIDES or not file, link
        assert not anchor or anchor in anchors_of(ROOT / "docs" / (file or name)), link


def test_a_link_that_leads_out_of_the_guides_is_text() -> None:
    page = seen("[b](b.md#c), [there](https://example.com/), [own](#own), [code](../emulator/x.py), [no](c.md)")
    assert page.all("href")[-3:] == ["b.md#c", "https://example.com/", "#own"]
    assert "b, there, own, code, no" in page.text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<!-- a --><script>alert(1)</script>",
        "a <!-- b --> <b onclick='alert(1)'>c</b>",
        "<div>\n<script>alert(1)</script>\n</div>",
        "[a](javascript:alert(1))",
        "<javascript:alert(1)>",
        "# <svg onload=alert(1)>",
        "| a |\n|---|\n| <iframe src=x> |",
        '```"><script>\na\n```',
        '[a](b.md "x\\" onclick=\\"alert(1)")',
    ],
)
def test_html_in_a_guide_stays_text(text: str) -> None:
    page = seen(text)
    assert not {"script", "img", "b", "svg", "iframe", "style"} & {*page.tags}
    assert not any(attribute.startswith("on") for attribute, _ in page.attributes)
    assert not any("script:" in value for value in page.all("href"))


def test_keys_and_comments() -> None:
    page = seen("# `T` of\n\n<!-- not run: x -->\n\nPress <kbd>s</kbd>, `AT+X=<len>` or AT+X=0,<len>.<!-- more -->\n")
    assert page.tags.count("kbd") == 1
    assert "Press s, AT+X=<len> or AT+X=0,<len>.\n" in page.text
    assert "T of · OneMO emulator" in page.text


def test_a_table_without_a_head_has_none() -> None:
    assert "th" not in seen("| | |\n|---|---|\n| a | b |\n").tags
    assert seen("| a | |\n|---|:-:|\n| a | b |\n").all("class") == ["wide", "middle", "middle"]
