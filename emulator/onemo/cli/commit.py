"""The commit of a repository. It imports nothing of ours: scripts/build_commit.py runs it by its path."""

from __future__ import annotations

import subprocess
from pathlib import Path

COMMIT = "_commit"
"""The file of a package that tells its commit, which scripts/build_commit.py makes."""
_PATIENCE = 5.0
"""Seconds for git."""


def commit_of(tree: Path) -> str:
    """Return the commit of a repository; with a + behind it if its tree was changed. Empty: it is none."""
    if not (tree / ".git").exists():
        return ""
    try:
        asked = ["git", "-C", str(tree), "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.SubprocessError):  # there is no git, or the tree is another user's
        return ""
    return done.stdout.strip()
