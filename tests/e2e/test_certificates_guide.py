"""docs/files.md: what it shows of certificates happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.started import ROOT
from tests.e2e.test_sandbox_tls import trusts_the_sandbox
from tests.support.pages import blocks_of

(DIALOGUE,) = (block.text for block in blocks_of(ROOT / "docs/files.md") if block.player)


def test_the_firmware_trusts_the_sandbox(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with start("ML307R", "--route", "*:*=sandbox+tls", "--offline").awake() as dte:
        dte.ask(trusts_the_sandbox(dte, DIALOGUE), "OK", "+MIPOPEN: 0,0")
