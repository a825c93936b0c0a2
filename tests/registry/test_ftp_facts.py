"""FTP: which sub-models have it, read a second time from the guide (1.1 and its footnotes)."""

from __future__ import annotations

import pytest
from onemo.families import FAMILIES

from tests.registry.facts import SUB_MODELS, accepted, profile_of

HAVE = ["ML302A-DSLM", "ML302A-GSLM", "ML305A-DS", "ML307A-DSLN", "ML307A-GSLN", "ML305U-DBLN"]
HAVE += ["ML307R-DC", "ML307R-MC"]
COMMANDS = next(family.commands for family in FAMILIES if family.name == "ftp")


@pytest.mark.parametrize("name", " ".join(SUB_MODELS.values()).split())
def test_who_has_it(name: str) -> None:
    found = profile_of(name)
    assert {found.commands[command].available for command in COMMANDS} == {name in HAVE}


@pytest.mark.parametrize("name", HAVE)
def test_what_it_takes(name: str) -> None:
    found = profile_of(name)
    assert accepted(found.params["ftp_id"]) == "0-5"
    keys = found.commands["MFTPCFG"].keys
    assert {key: [accepted(each) for each in section.params.values()] for key, section in keys.items()} == {
        "data_type": ["0-1"],
        "transmode": ["1"],
        "rsptimeout": ["2-30"],
        "ssl": ["0", "0-5"],
        "local_fs": ["0-1"],
        "cid": ["1-7" if name.startswith("ML305U") else "1-15"],
    }
    assert accepted(found.commands["MFTPCONN"].params["port"]) == "0-65535"
    assert found.commands["MFTPCONN"].params["port"].default == 21
    assert {
        section.max_length
        for command in COMMANDS
        for section in found.commands[command].params.values()
        if section.max_length is not None
    } == {255}
