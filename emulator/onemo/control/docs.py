"""The guides as the control serves them: a list of them, and each as the text that it is."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path


def find_guides() -> dict[str, bytes]:
    """Return each guide by its file's name; they stand in the wheel, or beside the sources."""
    packaged = Path(str(files("onemo"))) / "_docs"
    folder = packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "docs"
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.md"))}


def list_page(guides: dict[str, bytes]) -> bytes:
    """Make the page that lists the guides by their titles."""
    rows = "".join(f'<li><a href="{escape(name)}">{escape(_title(name, text))}</a>' for name, text in guides.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"><title>OneMO emulator: docs</title>'
        f"<main><h1>OneMO emulator: docs</h1><ul>{rows}</ul></main></html>"
    ).encode()


def _title(name: str, text: bytes) -> str:
    """Return the first heading of a guide, or its file's name."""
    lines = text.decode("utf-8", "replace").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), name)
