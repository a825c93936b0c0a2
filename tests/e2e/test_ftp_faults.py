"""Faults of FTP, on a module in the sandbox; and a trace that holds no password."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import Start


def test_replies_and_silence(start: Start) -> None:
    faults = ("ftp-reply verb=STOR reply='452 No space' times=1", "ftp-reply verb=PASS reply='530 no' times=1",
              "ftp-silence verb=PWD times=1", "command-answer command=MFTPLIST cme=808 times=1")  # fmt: skip
    options = [word for fault in faults for word in ("--fault", fault)]
    with start("ML307R", "--sandbox", *options).awake() as dte:
        dte.ask('AT+MFTPCONN=0,"ftp.example.com","u","p"', "OK", "+MFTPCONN: 0,10")
        dte.ask('AT+MFTPCONN=0,"ftp.example.com","u","p"', "OK", "+MFTPCONN: 0,0")
        dte.ask('AT+MFTPLIST=0,"/"', "+CME ERROR: 808")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,10,0")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
        dte.ask('AT+MFTPCFG=0,"rsptimeout",2', "OK")
        dte.ask("AT+MFTPPWD=0", "OK", "+MFTPPWD: 0,5", '+MFTPURC: 0,"conn",0')
        dte.ask('AT+MFTPCONN=0,"ftp.example.com"', "OK", "+MFTPCONN: 0,0")
        dte.ask("AT+MFTPPWD=0", "OK", '+MFTPPWD: 0,0,"/"')


def test_a_download_that_stops(start: Start) -> None:
    with start("ML307R", "--sandbox", "--speed", "20", "--fault", "ftp-stall size=1").awake() as dte:
        dte.ask('AT+MFTPCONN=0,"ftp.example.com"', "OK", "+MFTPCONN: 0,0")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
        dte.ask('AT+MFTPRETR=0,"f"', "OK", "+MFTPRETR: 0,9")
        dte.ask('AT+MFTPRETR=0,"f",,,1', "OK", "+MFTPRETR: 0,0,1,1,a")


def test_no_password_is_in_a_trace(start: Start, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    module = start("ML307R", "--sandbox", "--trace", str(trace))
    with module.awake() as dte:
        dte.ask('AT+MFTPCONN=0,"ftp.example.com","me","s3cret"', "OK", "+MFTPCONN: 0,0")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
    module.signal(15)
    told = trace.read_text()
    assert "s3cret" not in told
    for words in ("USER me", "PASS ***", "STOR f", "226 done"):
        assert words in told, words
