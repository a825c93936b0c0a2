"""A line between two speeds, piece by piece."""

from __future__ import annotations

import logging

import pytest
from onemo.modem.modem import Modem
from onemo.runtime.models import load_model
from onemo.runtime.strict import StrictLink, speeds_found_out
from onemo.wire.mismatch import sampled

from tests.unit.runtime.doubles import Line


class Ends:
    """Both ends: the DTE's line, its speed, and the strict link of a module that has not booted."""

    def __init__(self, model: str, speed: int, room: float = 10**9) -> None:
        self.speed = speed
        self.line = Line(room)
        self.modem = Modem(load_model(model))
        self.present = True
        self.link = StrictLink(self.line, lambda: self.speed, lambda: self.present)
        self.link.join(self.modem.first)

    def typed(self, data: bytes) -> bytes | None:
        """What reaches the module of what is typed."""
        self.line.types(data)
        return self.link.read_now(4096)


@pytest.mark.parametrize(
    ("model", "has", "lacks"),
    [
        ("ML307R", (1200, 9600, 115200), (0, 300, 230400)),
        ("ML305M", (4800, 9600, 921600), (1200,)),
        ("ML305U", (4800, 115200, 921600), (1200,)),
    ],
)
def test_the_speeds_that_a_model_finds_out(model: str, has: tuple[int, ...], lacks: tuple[int, ...]) -> None:
    found = speeds_found_out(load_model(model).profile)
    assert found is not None
    assert all(speed in found for speed in has)
    assert not any(speed in found for speed in lacks if speed)


def test_an_unknown_speed_is_right() -> None:
    """So it is before anything is joined."""
    ends = Ends("ML305U", 0)
    assert ends.typed(b"AT\r") == b"AT\r"
    assert ends.link.write_now(b"OK") == 2
    loose = StrictLink(ends.line, lambda: 9600, lambda: True)
    ends.line.types(b"AT")
    assert loose.read_now(10) == b"AT"
    assert loose.write_now(b"OK") == 2
    assert ends.line.reads() == b"OKOK"


def test_what_is_said_to_nobody_has_no_wrong_speed() -> None:
    """What was read came from somebody, whether that one is still there or not."""
    ends = Ends("ML305U", 9600)
    ends.present = False
    assert ends.link.write_now(b"\r\n+MATREADY\r\n") == 13
    assert ends.line.reads() == b"\r\n+MATREADY\r\n"
    assert ends.typed(b"AT\r") is None


@pytest.mark.parametrize("off", [0.96, 0.98, 0.99, 1.01, 1.02, 1.04])
def test_speeds_that_a_uart_takes_for_the_same(off: float) -> None:
    """In both directions, and where the module finds its speed out."""
    for model, said in (("ML305U", b"AT+CSQ\r"), ("ML307R", b"AT\r")):
        ends = Ends(model, round(115200 * off))
        assert ends.typed(said) == said
        assert ends.link.write_now(b"\r\nOK\r\n") == 6
        assert ends.line.reads() == b"\r\nOK\r\n"


@pytest.mark.parametrize("off", [0.92, 0.94, 1.06, 1.08])
def test_speeds_that_are_too_far_apart(off: float) -> None:
    ends = Ends("ML305U", round(115200 * off))
    assert ends.typed(b"AT\r") is None
    data = bytes(range(256))
    assert ends.link.write_now(data) == len(data)
    assert ends.line.reads() == sampled(data, 115200, ends.speed)
    assert Ends("ML307R", round(115200 * off)).typed(b"AT\r") is None


def test_a_piece_counts_once_the_line_has_all_its_noise() -> None:
    ends = Ends("ML305U", 9600, room=3)
    data = memoryview(b"\r\nERROR\r\n" * 20)
    noise = sampled(bytes(data), 115200, 9600)
    counts: list[int] = []
    heard = b""
    while not counts or not counts[-1]:
        counts.append(ends.link.write_now(data))
        heard += ends.line.reads()
    assert len(counts) > 1
    assert (counts[-1], heard) == (len(data), noise)


def test_a_piece_that_a_restart_dropped() -> None:
    """What is on its way arrives; what comes instead of the rest is not taken for it. A new speed waits for it too."""
    ends = Ends("ML305U", 57600, room=1)
    assert ends.link.write_now(b"\r\nREBOOTING\r\n") == 0
    ends.line.makes_room(10**6)
    ends.speed = 115200
    assert ends.link.write_now(b"\r\n+MATREADY\r\n") == 0
    assert ends.line.reads() == sampled(b"\r\nREBOOTING\r\n", 115200, 57600)
    assert ends.link.write_now(b"\r\n+MATREADY\r\n") == 13
    assert ends.line.reads() == b"\r\n+MATREADY\r\n"


def test_half_an_at_is_remembered() -> None:
    ends = Ends("ML307R", 9600)
    assert ends.typed(b"xxA") is None
    assert ends.typed(b"T+CSQ\r") == b"AT+CSQ\r"
    assert ends.typed(b"more") == b"more"
    ends.speed = 19200
    assert ends.typed(b"A") is None
    assert ends.typed(b"t") is None
    assert ends.typed(b"atatI") == b"atatI"
    ends.speed = 19000
    assert ends.typed(b"I") == b"I", "the speed that it found out is one of its own"
    ends.link.forget()
    assert ends.typed(b"I\r") is None
    assert ends.typed(b"AT\r") == b"AT\r"


def test_a_mismatch_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    ends = Ends("ML305U", 9600)
    with caplog.at_level(logging.WARNING):
        for speed in (9600, 9600, 19200, 115200, 19200):
            ends.speed = speed
            ends.typed(b"AT\r")
            ends.link.write_now(b"OK")
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition("the DTE is at ")[2].partition(" ")[0] for text in told] == ["9600", "19200", "19200"]
    assert "the module at 115200: all is noise" in told[0]
    other = Ends("ML307R", 921600)
    with caplog.at_level(logging.WARNING):
        assert other.typed(b"AT\r") is None
    assert "the module waits for an AT to find that out" in caplog.records[-1].getMessage()
