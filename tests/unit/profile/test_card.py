"""A card from a file of the user's: read anew each time, its keys in no message."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.errors import ProfileError, UsageError
from onemo.profile.card import with_card_file
from onemo.runtime.models import load_model_file

from tests.support.driver import Driver, model_named

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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('radio.plmn = "4600"', "radio.plmn: is not 5 to 6 digits"),
        ('radio.tac = "12345"', "radio.tac: is '12345', not 4 hexadecimal digits in capitals"),
        ('radio.ci = ""', "radio.ci: is '', not 8 hexadecimal digits in capitals"),
        ('cell.all = ["all"]', "cell.all.0: is 'all'; allowed: 'radio', "),
        (
            'commands.MLED.params.led_mode.range = "0-2"',
            "commands.MLED.params.led_mode.range: is 0-2: there are 0 to 1",
        ),
        ('cell.radio_fields = ["x"]', "cell.radio_fields.0: is 'x'; allowed: 'rsrp', "),
    ],
)
def test_what_cells_and_cards_cannot_hold_is_a_mistake_of_a_profile(said: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "models/ml307r.toml"\nsource = "x"\nseries = "MINE"\n{said}\n')
    with pytest.raises(ProfileError) as caught:
        load_model_file(file)
    assert told in str(caught.value)


def test_longer_and_shorter_lengths_and_channels_of_a_profile_are_answered(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    ranges = {"CSIM": "length", "CGLA": "length", "CCHC": "sessionid"}
    said = [f'commands.{name}.params.{param}.range = "0-4096"' for name, param in ranges.items()]
    file.write_text("\n".join(['extends = "models/ml307r.toml"', 'source = "x"', 'series = "MINE"', *said]))
    driver = Driver(load_model_file(file).whole()).boot()
    assert driver.answer('AT+CSIM=2,"00"') == ['+CSIM: 4,"6700"', "OK"]
    for line in ('AT+CSIM=0,""', "AT+CCHC=0"):
        assert driver.answer(line) == ["+CME ERROR: 50"]
    assert driver.answer('AT+CSIM=10,"00B0000000"')[-1] == "OK"
