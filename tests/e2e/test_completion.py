"""Completion, in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = shutil.which("bash")
ASK = """
source <({python} -m onemo completion bash)
COMP_WORDS=({line}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMP_LINE={line!r} COMP_POINT=${{#COMP_LINE}}
$(complete -p onemo-emulator | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(line: str, folder: Path | None = None) -> list[str]:
    asked = ASK.format(python=sys.executable, line=line)
    done = subprocess.run([str(BASH), "-c", asked], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    return done.stdout.splitlines()


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


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
def test_files_are_named_as_they_are(tmp_path: Path) -> None:
    names = ["lab $(touch x).toml", "lab a b.toml", "lab*.toml", "lab'.toml", "lab\u00e9.toml"]
    for name in names:
        (tmp_path / name).touch()
    assert sorted(completed("onemo-emulator lab lab", tmp_path)) == sorted(names)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(names)
