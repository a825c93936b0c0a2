"""A lab whose modules all register at the sandbox's LwM2M server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from scripts.bench_bulk import PATIENCE, PROCESSORS, ask

SETTING_UP = (
    (b'AT+MIPLCREATEEX="iot.example.com",0\r', b"OK\r\n"),
    (b'AT+MIPLADDOBJ=0,3303,1,"1",0,0\r', b"OK\r\n"),
    (b'AT+MIPLDISCOVERRSP=0,3303,1,9,"5700;5750"\r', b"OK\r\n"),
)
REGISTERING = b"AT+MIPLOPEN=0,86400,60\r"
REGISTERED = b"+MIPLEVENT: 0,6\r\n"

Figures = dict[str, float]


def registered(folder: Path, count: int) -> tuple[Figures, None]:
    """Have so many modules of one process create a device and register, one after the other.

    Return the milliseconds of each, the KB (1,024 bytes) that the process grew by for each, its server's part among
    them, and the milliseconds in which the server lists them all.
    """
    file = folder / "lwm2m.toml"
    file.write_text(
        f'[defaults]\nboot_time = 0\nregister_time = 0\nmodel = "MN316"\nsandbox = true\n[[module]]\ncount = {count}\n'
    )
    command = [str(Path(sys.executable).parent / "onemo-emulator"), "lab", str(file), "--control", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        os.sched_setaffinity(process.pid, PROCESSORS[-1:])
        try:
            assert process.stdout is not None
            lines: list[dict[str, Any]] = [json.loads(process.stdout.readline()) for _ in range(count + 1)]
            before, began = _resident(process.pid), time.perf_counter()
            for line in lines[:count]:
                _register(line["port"])
            taken, grown = time.perf_counter() - began, _resident(process.pid) - before
            began = time.perf_counter()
            url = f"{lines[-1]['control']}/v1/modules/{lines[0]['name']}/lwm2m/clients"
            with urlopen(url, timeout=PATIENCE) as answer:
                clients = json.load(answer)
            listed = time.perf_counter() - began
        finally:
            process.terminate()
    if len(clients) != count:
        raise SystemExit(f"bench: {len(clients)} of {count} modules are registered")
    return {"each_ms": taken / count * 1e3, "each_kb": grown / count / 1024, "list_ms": listed * 1e3}, None


def _register(port: str) -> None:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        for line, end in SETTING_UP:
            ask(descriptor, line, end)
        ask(descriptor, REGISTERING, REGISTERED)
    finally:
        os.close(descriptor)


def _resident(pid: int) -> int:
    """Return the bytes of a process that are in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
