"""Events of the file store."""

from __future__ import annotations

import pytest
from onemo.errors import UsageError
from onemo.runtime.hosted import Hosted

from tests.unit.runtime.test_hosted import ask


def test_a_store_that_says_it_is_full() -> None:
    with Hosted() as hosted:
        module = hosted.start()
        module.files["/a"] = b"x"
        module.happen("file-space", free=4095)
        assert "+MFSINFO: 393216,4095" in ask(module, "+MFSINFO")
        assert "+CME ERROR: 1063" in ask(module, '+MFPUT="/b",1,"x"', "1063")
        assert "+MFPUT: 4096" in ask(module, f'+MFPUT="/a",4096,"{"y" * 4096}"')
        with pytest.raises(UsageError, match="there is no room for it, for 4095 of 393216 bytes are free"):
            module.files["/b"] = b"x"
        module.reboot()
        ask(module, "E0")
        assert "+MFSINFO: 393216,4095" in ask(module, "+MFSINFO")
        module.happen("file-space-back")
        assert "+MFSINFO: 393216,389120" in ask(module, "+MFSINFO")


def test_it_is_undone_when_its_time_is_over() -> None:
    with Hosted() as hosted:
        module = hosted.start(fault="file-space on=command:MFPUT times=1 for_seconds=0.05")
        assert "+CME ERROR: 1063" in ask(module, '+MFPUT="/b",1,"x"', "1063")
        assert any(module.files.free for _ in range(100_000)), "it stays full"
        assert "+MFPUT: 1" in ask(module, '+MFPUT="/b",1,"x"')


def test_a_real_module_may_not_start_again(caplog: pytest.LogCaptureFixture) -> None:
    with Hosted() as hosted:
        for model in ("ML307R", "ML302S"):
            module = hosted.start(model, file_store=12288)
            module.files["/a"] = b"x" * 4097
            module.reboot()
            ask(module, "E0")
    assert [record.message for record in caplog.records] == [
        "ML307R: its file store is nearly full, and a real one may not start again"
    ]
