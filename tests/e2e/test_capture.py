"""The journal as a file: what replay plays, trace prints and tshark reads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.dte import WAIT
from tests.e2e.started import AT_ONCE, ROOT, Started
from tests.support.pcapng import read_capture, streams

ARGUMENTS = ["ML307R", "--name", "me/ter", "--sandbox", "--control", "127.0.0.1:0", "--json", *AT_ONCE]
TSHARK = shutil.which("tshark")
FIELDS = (
    "frame.comment",
    "ip.src",
    "ip.dst",
    "tcp.dstport",
    "udp.dstport",
    "tcp.flags.str",
    "tcp.payload",
    "dns.qry.name",
    "dns.a",
)
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: apt-get install tshark")


def onemo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    command = [sys.executable, "-m", "onemo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=3 * WAIT, check=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module after a dialogue with all that a capture has."""
    folder = tmp_path_factory.mktemp("capture")
    with Started([*ARGUMENTS, "--trace", str(folder / "trace.jsonl")], folder / "stderr") as started:
        started.wait_ready()
        with started.awake(json.loads(started.ready)["port"]) as dte:
            addresses = '"2001:DB8:C07E:7DC:9336:DBDC:1FC2:C287","198.19.137.143"'
            dte.ask('AT+MDNSGIP="www.example.com"', "OK", f'+MDNSGIP: "www.example.com",{addresses}')
            dte.ask('AT+MIPOPEN=0,"TCP","www.example.com",7', "OK", "+MIPOPEN: 0,0")
            dte.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK", '+MIPURC: "rtcp",0,5,hello')
            dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
            dte.ask('AT+MIPOPEN=1,"UDP","www.example.com",7', "OK", "+MIPOPEN: 1,0")
            dte.ask("AT+MIPSEND=1,,data", "+MIPSEND: 1,4", "OK", '+MIPURC: "rudp",1,4,data')
            dte.ask("AT+MIPCLOSE=1", "OK", "+MIPCLOSE: 1")
            dte.ask('AT+MQTTCONN=0,"mqtt.example.com",1883,"meter","me","sesame"', "OK", '+MQTTURC: "conn",0,0')
            dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')
            dte.ask('AT+MSSLPSK="me","0123456789abcdef"', "ERROR")
            dte.ask("AT+MIPCLOSE=1", "+CME ERROR: 551")
        yield started


@pytest.fixture
def url(running: Started) -> str:
    return str(json.loads(running.ready)["control"])


def saved(url: str, out: Path) -> bytes:
    """Have ctl write the journal to a file."""
    done = onemo("ctl", "trace", "--control", url, "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    data = out.read_bytes()
    assert done.stdout == f"{out}: {len(data):,} bytes\n"
    assert b"0123456789abcdef" not in data
    assert b"sesame" not in data
    assert b"****************" in data or out.suffix == ".pcapng"
    return data


def test_replay_plays_the_transcript(url: str, tmp_path: Path) -> None:
    out = tmp_path / "dialogue.txt"
    transcript = saved(url, out).decode().splitlines()
    assert transcript[0] == "model: ML307R"
    assert transcript[-2:] == ["> AT+MIPCLOSE=1", "< +CME ERROR: 551"]
    with Started(ARGUMENTS, tmp_path / "stderr") as again:
        port = json.loads(again.wait_ready().ready)["port"]
        done = onemo("replay", str(out), "--port", port, "--quiet", "0.3")
    assert (done.returncode, done.stdout.count(", no difference,")) == (0, 1), done.stdout + done.stderr


def test_trace_prints_the_json_lines(url: str, running: Started, tmp_path: Path) -> None:
    lines = saved(url, tmp_path / "a.jsonl").splitlines()
    assert json.loads(lines[-1])["data"] == "\r\n+CME ERROR: 551\r\n"
    printed = onemo("trace", str(tmp_path / "a.jsonl"), "--from", "network").stdout
    assert "* connection 0: opened 127.0.0.1:" in printed
    assert "* connection 0: sent 5 bytes: hello\n" in printed
    assert " UDP for www.example.com:7\n" in printed
    done = onemo("trace", str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "b.txt"))
    assert done.returncode == 0
    saved(url, tmp_path / "a.txt")
    assert (tmp_path / "b.txt").read_text() == (tmp_path / "a.txt").read_text().partition("\n")[2]


def test_the_packets_carry_what_the_module_did(url: str, tmp_path: Path) -> None:
    read = read_capture(saved(url, tmp_path / "a.pcapng"))
    assert read.interface[2] == b"me/ter"
    found = {way: data for way, data in streams(read.packets).items() if data}
    assert list(found.values())[:2] == [b"hello", b"hello"]
    assert b"meter" in list(found.values())[2]
    assert [packet.payload for packet in read.packets if packet.comment.startswith("connect_id 1,")] == [
        b"data",
        b"data",
    ]
    done = onemo("trace", str(tmp_path / "a.pcapng"), "--out", str(tmp_path / "b.pcapng"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "name a file that run --trace wrote" in done.stderr


def tshark(file: Path, *more: str) -> list[dict[str, str]]:
    """The packets as tshark shows them, with every checksum verified."""
    checked = [f"{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]
    options = [word for each in checked for word in ("-o", each)]
    fields = [word for each in FIELDS for word in ("-e", each)]
    command = [str(TSHARK), "-n", "-r", str(file), *options, *more, "-T", "fields", "-E", "separator=|", *fields]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * WAIT, check=True)
    return [dict(zip(FIELDS, line.split("|"), strict=True)) for line in done.stdout.splitlines()]


@needs_tshark
@pytest.mark.parametrize("source", ["journal", "trace"])
def test_tshark_opens_it(url: str, running: Started, tmp_path: Path, source: str) -> None:
    file = tmp_path / "a.pcapng"
    if source == "journal":
        saved(url, file)
    else:
        trace = next(tmp_path.parent.glob("capture*/trace.jsonl"))
        assert onemo("trace", str(trace), "--out", str(file)).returncode == 0
    rows = tshark(file)
    tcp = [row for row in rows if row["tcp.dstport"] and row["frame.comment"].startswith("connect_id")]
    assert [row["tcp.flags.str"].strip("·") for row in tcp[:3]] == ["S", "A··S", "A"]
    assert [row["tcp.payload"] for row in tcp if row["tcp.payload"]] == [b"hello".hex()] * 2
    assert {row["frame.comment"] for row in tcp} == {"connect_id 0, www.example.com:7"}
    assert (tcp[0]["ip.src"], tcp[0]["ip.dst"], tcp[0]["tcp.dstport"]) == ("192.0.2.1", "198.19.137.143", "7")
    assert [row["ip.dst"] for row in rows if row["udp.dstport"] == "7"] == ["198.19.137.143"]
    names = [row for row in rows if row["dns.qry.name"]]
    assert {row["dns.qry.name"] for row in names} == {"www.example.com"}
    assert [row["dns.a"] for row in names if row["dns.a"]] == ["198.19.137.143"]
    bad = "_ws.malformed or tcp.checksum.status == 0 or udp.checksum.status == 0 or ip.checksum.status == 0"
    assert tshark(file, "-Y", f"{bad} or tcp.analysis.flags") == []


@needs_tshark
def test_tshark_reads_the_protocols_inside(tmp_path: Path) -> None:
    """Also those in TLS, where it is told which they are."""
    with Started([*ARGUMENTS], tmp_path / "stderr") as started:
        ready = json.loads(started.wait_ready().ready)
        with started.awake(ready["port"]) as dte:
            for number, scheme in enumerate(("http", "https")):
                dte.ask(f'AT+MHTTPCREATE="{scheme}://ota.example.com"', f"+MHTTPCREATE: {number}", "OK")
                if number:
                    dte.ask(f'AT+MHTTPCFG="ssl",{number},1,0', "OK")
                dte.ask(f'AT+MHTTPREQUEST={number},1,0,"/{scheme}"', "OK")
                dte.until(rb'"content",%d,.*\r\n' % number)
        file = tmp_path / "a.pcapng"
        assert onemo("ctl", "trace", "--control", ready["control"], "--out", str(file)).returncode == 0
    command = [str(TSHARK), "-n", "-r", str(file), "-d", "tcp.port==443,http", "-T", "fields", "-e", "http.request.uri",
               "-e", "frame.comment", "-Y", "http.request"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * WAIT, check=True)
    assert done.stdout.splitlines() == [
        "/http\thttpid 0, ota.example.com:80",
        "/https\thttpid 1, inside TLS, ota.example.com:443",
    ]


def test_what_cannot_be_is_said_in_a_line(url: str, tmp_path: Path) -> None:
    for words, said in (
        (("--out", "a.doc"), "end with .txt, .jsonl or .pcapng"),
        (("--out", "a.txt", "--follow"), "leave --follow and the filters out"),
        (("--out", "a.txt", "--connect-id", "0"), "leave --follow and the filters out"),
        (("--out", "a.pcapng", "--console", "1"), "--console is for a transcript"),
        (("--out", str(tmp_path / "none" / "a.txt")), "name a file that can be written"),
        (("nobody", "--out", str(tmp_path / "a.txt")), "there is no module 'nobody'"),
    ):
        done = onemo("ctl", "trace", *words, "--control", url)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_download(url: str) -> None:
    with httpx.Client(base_url=url, timeout=WAIT, trust_env=False) as client:
        path = "/v1/modules/me%2Fter/trace/file"
        answer = client.get(path, params={"format": "pcapng"})
        assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''me%2Fter.pcapng"
        assert answer.headers["content-type"] == "application/octet-stream"
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert client.get(path, params={"console": 1}).text == "model: ML307R\n"
        assert client.get(path, params={"format": "pcap"}).status_code == 422
        errors = client.get("/v1/modules/me%2Fter/errors").json()
        assert {"result": "CME", "number": 551, "text": "TCP/IP not used"} in errors
        assert client.get("/v1/modules/me%2Fter/trace").json()["started"] > 1.7e9
