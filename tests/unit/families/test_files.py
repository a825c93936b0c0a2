"""The file commands: pieces and their pauses, a DTE that is slow, and data whole by every way."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.modem.filestore import store_of

from tests.support.driver import Driver, model_named


def booted(model: str = "ML307R", chunk: int = 65536) -> Driver:
    return Driver(model_named(model), chunk=chunk).boot()


def put(driver: Driver, path: str, data: bytes) -> None:
    assert driver.ask(f'AT+MFPUT="{path}",{len(data)}') == b"\r\n>"
    driver.type(data)
    assert driver.take() == b"\r\n+MFPUT: %d\r\n\r\nOK\r\n" % len(data)


DATA = bytes(range(256)) * 79  # 20224 bytes


def test_a_file_is_printed_behind_one_header_with_pauses() -> None:
    driver = booted()
    put(driver, "/a", DATA)
    start = b"\r\n+MFGET: 20224,"
    assert driver.ask('AT+MFGET="/a"') == start + DATA[:8192]
    driver.wait(0.19)
    assert driver.take() == b""
    driver.wait(0.01001)
    assert driver.take() == DATA[8192:16384]
    driver.wait(0.2)
    assert driver.take() == DATA[16384:] + b"\r\n\r\nOK\r\n"


def test_a_handle_is_read_in_lines_with_pauses() -> None:
    driver = booted()
    put(driver, "/a", DATA)
    driver.ask('AT+MFOPEN="/a",0')
    found = [driver.ask("AT+MFREAD=2")]
    for _ in range(2):
        driver.wait(0.2)
        found.append(driver.take())
    assert found == [
        b"\r\n+MFREAD: 2,20224,8192,8192," + DATA[:8192] + b"\r\n",
        b"\r\n+MFREAD: 2,20224,16384,8192," + DATA[8192:16384] + b"\r\n",
        b"\r\n+MFREAD: 2,20224,20224,3840," + DATA[16384:] + b"\r\n\r\nOK\r\n",
    ]


def test_short_results_have_the_header_as_well() -> None:
    driver = booted("ML302S")
    put(driver, "/a", DATA[:9000])
    driver.ask("ATV0")
    assert driver.ask('AT+MFGET="/a"') == b"+MFGET: 9000," + DATA[:8192]
    driver.wait(0.2)
    assert driver.take() == DATA[8192:9000] + b"\r\n0\r"


def test_a_dte_that_does_not_read_is_waited_for() -> None:
    """No more than a piece waits beside what the line holds already."""
    driver = booted()
    put(driver, "/a", DATA * 10)
    mark = driver.modem.profile.line.high_mark
    driver.line_room = 0
    driver.ask('AT+MFGET="/a"')
    driver.wait(60)
    assert driver.end.console.transmitter.size <= mark + 2 * 8192
    received = b""
    for _ in range(400):
        driver.read_more(4096)
        driver.wait(0.2)
        received += driver.take()
    assert received == b"\r\n+MFGET: 202240," + DATA * 10 + b"\r\n\r\nOK\r\n"


def test_a_file_that_changes_on_the_way_is_printed_as_it_was() -> None:
    driver = Driver(model_named("ML307R"), consoles=2).boot()
    driver.ask('AT+MFOPEN="/a",3')
    driver.ask("AT+MFWRITE=2,10000")
    driver.type(b"a" * 10000)
    driver.take()
    first = driver.ask('AT+MFGET="/a"')
    driver.go_to(1)
    driver.ask("AT+MFSEEK=2,0,0")
    assert driver.ask('AT+MFWRITE=2,1,"b"') == b"\r\n+MFWRITE: 2,1\r\n\r\nOK\r\n"
    driver.go_to(0)
    driver.wait(1)
    assert (first + driver.take()).count(b"a") == 10000


def test_a_restart_ends_a_file_on_its_way() -> None:
    driver = booted()
    put(driver, "/a", DATA)
    driver.ask('AT+MFGET="/a"')
    driver.supply(on=False)
    driver.supply(on=True)
    driver.wait(30)
    driver.take()
    assert driver.ask("AT").endswith(b"OK\r\n")


def test_an_entry_of_which_the_handle_goes_meanwhile() -> None:
    driver = Driver(model_named("ML307R"), consoles=2).boot()
    driver.ask('AT+MFOPEN="/a",1')
    driver.ask("AT+MFWRITE=2,3")
    driver.go_to(1)
    driver.ask("AT+MFCLOSE=2")
    driver.go_to(0)
    driver.type(b"abc")
    assert driver.take() == b"\r\n+CME ERROR: 1060\r\n"


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=1, max_size=3000),
    st.integers(1, 700),
    st.sampled_from(["entry", "0", "1", "2", "handle"]),
    st.booleans(),
)
def test_any_data_by_any_way_arrives_whole(data: bytes, chunk: int, way: str, hexadecimal: bool) -> None:
    driver = booted(chunk=chunk)
    if way == "0":
        data = re.sub(rb'[\x00-\x1f"]', b"_", data)
    if way in ("0", "1", "2"):
        driver.ask(f'AT+MFCFG="encoding",{way}')
        typed = {"0": data, "1": data.hex().encode(), "2": b"".join(b"\\x%02x" % byte for byte in data[:1900])}[way]
        data = data[:1900] if way == "2" else data
        length = len(typed) if way == "2" else len(data)
        driver.type(b'AT+MFPUT="/f",%d,"' % length + typed + b'"\r')
        assert driver.take() == b"\r\n+MFPUT: %d\r\n\r\nOK\r\n" % len(data)
    elif way == "entry":
        put(driver, "/f", data)
    else:
        driver.ask('AT+MFOPEN="/f",1')
        for start in range(0, len(data), 500):
            part = data[start : start + 500]
            assert driver.ask(f"AT+MFWRITE=2,{len(part)}") == b"\r\n>"
            driver.type(part)
        driver.take()
        driver.ask("AT+MFCLOSE=2")
    assert bytes(store_of(driver.modem.keeping).content("/f")) == data
    driver.ask(f'AT+MFCFG="encoding",0,{int(hexadecimal)}')
    shown = data.hex().upper().encode() if hexadecimal else data
    assert driver.ask('AT+MFGET="/f"') == b"\r\n+MFGET: %d," % len(data) + shown + b"\r\n\r\nOK\r\n"


def test_the_room_is_taken_while_an_entry_without_a_length_goes_on() -> None:
    """What fits then stays; what follows is dropped, and is no command."""
    driver = Driver("ML307R", consoles=2).boot()
    for start, answer in (('AT+MFPUT="/a",0', ""), ("AT+MFWRITE=2,0", 'AT+MFOPEN="/a",1')):
        driver.ask("AT+MFDELETE")
        if answer:
            driver.ask(answer)
        assert driver.ask(start) == b"\r\n>"
        driver.type(b"begun")
        driver.go_to(1)
        put(driver, "/b", bytes(393216 - 8192))
        driver.go_to(0)
        driver.type(bytes(400_000) + b"\rAT+MFDELETE\r")
        driver.wait(1)
        assert driver.take() == b"\r\n+CME ERROR: 1063\r\n"
        assert driver.ask('AT+MFSIZE="/a"') == b"\r\n+MFSIZE: 8192\r\n\r\nOK\r\n"
        assert driver.ask('AT+MFSIZE="/b"') == b"\r\n+MFSIZE: 385024\r\n\r\nOK\r\n"
        driver.ask("AT+MFCLOSE=2")
