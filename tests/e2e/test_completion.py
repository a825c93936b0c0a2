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
    ],
)
def test_bash_completes(line: str, words: list[str]) -> None:
    assert completed(line) == words
