"""``python -m tests.support.demo``: the command ``onemo-emulator``, with the family DEMO."""

from __future__ import annotations

import tempfile
from pathlib import Path

from onemo.__main__ import main

from tests.support.demo.installed import installed

with tempfile.TemporaryDirectory() as folder, installed(Path(folder)):
    main()
