"""Which emulator this is, for a report of a defect: ``onemo-emulator --version``."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from onemo import __version__

_TREE = Path(__file__).resolve().parents[3]
_PATIENCE = 5.0
"""Seconds for git."""


def version() -> str:
    """Return the version, Python's, and the commit where it is known: ``0.1.0 (Python 3.11.7, commit 1234567)``."""
    commit = _of_tree() or _of_package()
    python = f"Python {platform.python_version()}"
    return f"{__version__} ({python}, commit {commit})" if commit else f"{__version__} ({python})"


def _of_tree() -> str:
    """Return the commit of the tree that this runs from; with a + behind it if it was changed. Empty: it is none."""
    if not (_TREE / ".git").exists() or not (_TREE / "emulator").is_dir():
        return ""
    try:
        asked = ["git", "-C", str(_TREE), "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.SubprocessError):  # there is no git, or the tree is another user's
        return ""
    return done.stdout.strip()


def _of_package() -> str:
    """Return the commit that pip installed this from. Empty: pip knows of none."""
    try:
        told = json.loads(distribution("onemo-emulator").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    return str(told.get("vcs_info", {}).get("commit_id", ""))[:7]
