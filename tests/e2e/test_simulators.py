"""docs/simulators.md: its blocks are run, in a folder, as its reader would."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.e2e import guides
from tests.e2e.started import ROOT

PAGE = (ROOT / "docs" / "simulators.md").read_text()
LABGRID = ROOT / ".venv-labgrid" / "bin" / "python"
"""An environment of its own, for it brings another pyserial; ``.ci/run`` makes it."""
NEEDED = {"QEMU": "qemu-system-x86_64", "socat": "socat", "ser2net": "ser2net"}
STARTED = "onemo-emulator run "


def fenced(title: str) -> list[tuple[str, str]]:
    """The language and text of each block of a section that is run, in order."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?:^<!-- (.*) -->\n)?^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [(language, text) for marker, language, text in found if not marker.startswith("not run: ")]


def script_of(block: str) -> str:
    """A block of the shell, in which each pause is as long as it takes until what was started is ready."""
    count = block.count(STARTED)
    lines, started = [], 0
    for line in block.splitlines():
        if line.startswith(STARTED):
            started += 1
            line = f"{line.removesuffix(' &')} >ready.{started} &"
        elif line == "sleep 1" and started:
            line = "; ".join(f"until [ -s ready.{number} ]; do sleep 0.02; done" for number in range(1, count + 1))
            started = 0
        elif line == "sleep 1":
            line = 'until grep -q "$(printf :%04X 7000) 00000000:0000 0A" /proc/net/tcp; do sleep 0.02; done'
        lines.append(line)
    return "\n".join(lines)


def played(folder: Path, title: str, block: str, before: str = "", protocol: str = "rfc2217", **programs: str) -> str:
    """Run one block of a section, behind another; return what its last line shows. programs: as of guides.run."""
    port = guides.free_port()
    for language, text in fenced(title):
        if language != "sh":
            name = re.match(r"# (\S+)\n", text)
            assert name, f"which file is it?\n{text}"
            moved = text.replace("/tmp/modem", str(folder / "modem")).replace("7000", port)
            moved = moved.replace("protocol: rfc2217", f"protocol: {protocol}")
            (folder / name[1]).write_text(moved)
    script = f"{before}\n{script_of(block)}".replace("7000", port).replace("/tmp/uart", str(folder / "uart"))
    guides.run(folder, script, programs)
    return (folder / "said.txt").read_text()


def shell(title: str) -> list[str]:
    return [text for language, text in fenced(title) if language == "sh"]


def needs(title: str) -> None:
    program = NEEDED.get(title)
    if program and shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin") is None:
        pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("number", range(1, 5))
def test_qemu(tmp_path: Path, number: int) -> None:
    needs("QEMU")
    machine, *ways = shell("QEMU")
    assert len(ways) == 4
    said = played(tmp_path, "QEMU", ways[number - 1], before=machine)
    assert re.search(r"ML307R\s+OK$", said)


@pytest.mark.parametrize(("title", "number"), [("socat", 0), ("socat", 1), ("ser2net", 0)])
def test_lines_of_another_kind(tmp_path: Path, title: str, number: int) -> None:
    needs("socat")
    needs(title)
    said = played(tmp_path, title, shell(title)[number], ser2net='/usr/sbin/ser2net "$@"')
    assert "\nML307R\n" in said.replace("\r", "")


@pytest.mark.parametrize("protocol", ["rfc2217", "raw"])
def test_labgrid(tmp_path: Path, protocol: str) -> None:
    if not LABGRID.with_name("labgrid-client").exists():
        pytest.skip("labgrid is not installed: .ci/run makes an environment for it")
    (block,) = shell("labgrid")
    if protocol == "raw":
        block = block.replace("--rfc2217", "--tcp")
    said = played(tmp_path, "labgrid", block, protocol=protocol, python=f'env PYTHONPATH= "{LABGRID}" "$@"')
    assert "ML307R" in said


def test_modem_lines(tmp_path: Path) -> None:
    (block,) = shell("Modem lines")
    assert played(tmp_path, "Modem lines", block) == "CTS True DSR True\n"


def test_what_is_not_run_says_so() -> None:
    section = PAGE.partition("\n## Not run here\n")[2]
    said = re.findall(r"^(.*)\n\n<!-- not run: .* -->\n```(?:sh|text)$", section, re.MULTILINE)
    assert len(said) == len(re.findall(r"^```\w", section, re.MULTILINE)) == 6
    assert all(line.endswith("Not run:") for line in said)
