"""Ready-made faults under names of their own, declared in the words in which any fault is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from onemo.errors import FaultError
from onemo.faults.kinds import KINDS
from onemo.faults.plan import Fault
from onemo.faults.say import fault_of, nearest, words


class Preset(NamedTuple):
    """A named set of faults, and its purpose."""

    about: str
    faults: tuple[str, ...]


PRESETS: Mapping[str, Preset] = {
    "hostile": Preset(
        "URCs in every legal but unlikely place, lines in many reads, answers late: firmware that is wrong fails. The "
        "result of AT+MIPOPEN may come at the last moment of its <timeout> (give a short one); for other answers the "
        "manual has no limit, and here they take a second or two. URCs of one connection keep their order.",
        (
            "line-slice direction=to-dte size=5 gap=2ms probability=0.5",
            "urc-place at=echo wait=300ms probability=0.2",
            "urc-place at=before-answer wait=300ms probability=0.2",
            "urc-place at=before-final wait=300ms probability=0.2",
            "urc-place at=glued wait=300ms probability=0.2",
            "urc-place at=prompt wait=300ms probability=0.2",
            "urc-split split=9 gap=20ms probability=0.3",
            "urc-delay urc=MIPOPEN until=timeout overtaken=others probability=0.3",
            "urc-delay urc=MIPCLOSE seconds=500ms jitter=2s overtaken=others probability=0.5",
            "command-delay seconds=50ms jitter=700ms probability=0.2",
            "http-slow seconds=50ms jitter=2s probability=0.3",
            "mqtt-late seconds=50ms jitter=1s probability=0.2",
            "mqtt-duplicate probability=0.2",
            "ftp-late seconds=50ms jitter=1s probability=0.2",
        ),
    ),
    "open-late": Preset("The result of AT+MIPOPEN comes late.", ("urc-delay urc=MIPOPEN seconds=5s times=1",)),
    "open-twice": Preset("The result of AT+MIPOPEN comes twice.", ("urc-duplicate urc=MIPOPEN times=1",)),
    "open-disconn": Preset(
        'Where the result of AT+MIPOPEN should be, "disconn" comes.',
        ("""urc-replace urc=MIPOPEN text='+MIPURC: "disconn",{id},1' times=1""",),
    ),
    "open-wrong-id": Preset("The result of AT+MIPOPEN is another connection's.", ("urc-wrong-id urc=MIPOPEN times=1",)),
    "stale-connection": Preset(
        "After the boot a connection is CONNECTED that the firmware never opened.", ("connection-stale on=boot",)
    ),
    "disconn-unread": Preset(
        "A connection ends right behind data that could not be read yet.", ("disconnect on=urc:rtcp",)
    ),
    "http-poor": Preset(
        "A web server that is in trouble: slow, of no service, silent, or gone in the middle of its answer.",
        (
            "http-slow seconds=1s jitter=4s probability=0.5",
            "http-status status=503 probability=0.2",
            "http-cut size=20 probability=0.1",
            "http-silence probability=0.1",
        ),
    ),
    "mqtt-poor": Preset(
        "A broker that is in trouble: it takes nobody for a while, loses what it should say, repeats, and vanishes.",
        (
            "mqtt-refuse code=3 times=1",
            "mqtt-silence packet=suback probability=0.2",
            "mqtt-silence packet=puback probability=0.2",
            "mqtt-silence packet=pubrec probability=0.2",
            "mqtt-silence packet=pubcomp probability=0.2",
            "mqtt-late seconds=500ms jitter=3s probability=0.3",
            "mqtt-duplicate probability=0.3",
            "mqtt-vanish probability=0.02",
        ),
    ),
    "ftp-poor": Preset(
        "An FTP server that is in trouble: full at first, late, busy, without room, silent, or stuck in a download.",
        (
            "ftp-reply verb=GREETING reply='421 too many users' times=1",
            "ftp-late seconds=500ms jitter=3s probability=0.3",
            "ftp-reply verb=RETR reply='450 busy' probability=0.2",
            "ftp-reply verb=STOR reply='452 no space' probability=0.2",
            "ftp-reply verb=APPE reply='452 no space' probability=0.2",
            "ftp-silence verb=PASV probability=0.1",
            "ftp-stall size=3000 probability=0.1",
        ),
    ),
    "rtcp-burst": Preset('60 KB of "rtcp" at once, when a connection is open.', ("burst on=urc:MIPOPEN size=61440",)),
}


def parse_faults(text: str) -> list[Fault]:
    """Read the faults of ``KIND key=value …``; KIND may be a preset, whose keys are then overruled.

    Raises FaultError.
    """
    name, given = words(text)
    return faults_of({"kind": name, **given})


def faults_of(table: Mapping[str, object]) -> list[Fault]:
    """Read the faults of a TOML table, as parse_faults does those of a text. Raises FaultError."""
    name = table.get("kind")
    preset = PRESETS.get(name) if isinstance(name, str) else None
    if preset is None:
        if isinstance(name, str) and name not in KINDS:
            raise FaultError(f"there is no fault {name!r}; {nearest(name, {**PRESETS, **KINDS})}")
        return [fault_of(table)]
    own = {key: value for key, value in table.items() if key != "kind"}
    said = map(words, preset.faults)
    return [fault_of({"kind": kind, **given, **own}) for kind, given in said]
