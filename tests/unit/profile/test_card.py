"""A card from a file of the user's: read anew each time, its keys in no message."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.profile.card import with_card_file

from tests.support.driver import model_named

KEY = "465B5CE8B199B49FAA5F0A2EE238A6BC"


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file, profile = tmp_path / "card.toml", model_named("ML307R").profile
    for content in ("0A", "0B"):
        file.write_text(f'[files]\n6F3E = "{content}"')
        assert with_card_file(profile, file).card.files["6F3E"] == content


@pytest.mark.parametrize("value", [f"0x{KEY}", f'["{KEY}"]', f'{{ a = "{KEY}" }}', f'"{KEY}0"'])
@pytest.mark.parametrize("name", ["k", "opc"])
def test_a_key_that_is_none_is_in_no_message(name: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "card.toml"
    file.write_text(f"{name} = {value}")
    with pytest.raises(UsageError, match=f"{name}: is not ") as caught:
        with_card_file(model_named("ML307R").profile, file)
    assert KEY not in str(caught.value)
    assert str(int(KEY, 16)) not in str(caught.value)
