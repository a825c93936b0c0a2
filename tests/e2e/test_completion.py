"""Completion, in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

BASH = shutil.which("bash")
ASK = """
source <({python} -m onemo completion bash)
COMP_WORDS=({line}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMP_LINE={line!r} COMP_POINT=${{#COMP_LINE}}
$(complete -p onemo-emulator | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(line: str) -> list[str]:
    asked = ASK.format(python=sys.executable, line=line)
    done = subprocess.run([str(BASH), "-c", asked], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("onemo-emulator che", ["check-profile"]),
        ("onemo-emulator run --pty", ["--pty-mode"]),
        ("onemo-emulator ctl sm", ["sms"]),
        ("onemo-emulator completion f", ["fish"]),
        ("onemo-emulator run MN318", ["MN318", "MN318-BX", "MN318-LC", "MN318-LX"]),
        ("onemo-emulator show MN318", ["MN318", "MN318-BX", "MN318-LC", "MN318-LX"]),
        ("onemo-emulator demo ML307R-DL", ["ML307R-DL"]),
        ("onemo-emulator help rec", ["record"]),
        ("onemo-emulator run --exec-when r", ["ready", "registered"]),
        ("onemo-emulator run --sandbox-family ipv", ["ipv4", "ipv6"]),
        ("onemo-emulator run --link /etc/passw", ["/etc/passwd"]),
        ("onemo-emulator run --nv /etc/passw", ["/etc/passwd"]),
        ("onemo-emulator run --trace /etc/passw", ["/etc/passwd"]),
        ("onemo-emulator ctl snapshot --out /etc/passw", ["/etc/passwd"]),
        ("onemo-emulator ctl sms --encoding u", ["ucs2"]),
        ("onemo-emulator ctl files p", ["put"]),
        ("onemo-emulator ctl trace --from m", ["module"]),
    ],
)
def test_bash_completes(line: str, words: list[str]) -> None:
    assert sorted(each for each in completed(line) if each != "/etc/passwd-") == words
