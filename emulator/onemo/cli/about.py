"""Which emulator this is, for a report of a defect: ``onemo-emulator --version``."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from onemo import __version__
from onemo.cli.commit import COMMIT, commit_of

_TREE = Path(__file__).resolve().parents[3]


def version() -> str:
    """Return the version, Python's, and the commit where it is known: ``0.1.0 (Python 3.11.7, commit 1234567)``."""
    commit = (commit_of(_TREE) if (_TREE / "emulator").is_dir() else "") or _of_package()
    python = f"Python {platform.python_version()}"
    return f"{__version__} ({python}, commit {commit})" if commit else f"{__version__} ({python})"


def _of_package() -> str:
    """Return the commit that the package was built from, or that pip took it from. Empty: neither is known."""
    try:
        return Path(__file__).resolve().parents[1].joinpath(COMMIT).read_text()
    except OSError:
        pass
    try:
        told = json.loads(distribution("onemo-emulator").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    return str(told.get("vcs_info", {}).get("commit_id", ""))[:7]
