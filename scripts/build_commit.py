"""Has a wheel tell the commit that it is built from, to ``onemo-emulator --version``: a build hook of hatchling.

The commit is that of the repository, or ``ONEMO_COMMIT``, where there is no repository: in the build of the image.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMMIT = "emulator/onemo/cli/commit.py"


class CommitHook(BuildHookInterface[Any]):
    """Adds a file with the commit, where one is known."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file. version: "editable" for an install that follows its tree, which needs none."""
        self._folder = TemporaryDirectory()
        ours = runpy.run_path(str(Path(self.root, _COMMIT)))
        commit = os.environ.get("ONEMO_COMMIT") or ours["commit_of"](Path(self.root))
        if version != "editable" and commit:
            file = Path(self._folder.name, ours["COMMIT"])
            file.write_text(commit)
            build_data["force_include"][str(file)] = f"onemo/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what it was made from."""
        self._folder.cleanup()
