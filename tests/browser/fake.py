"""A control port without an emulator: as many modules, as much traffic and such bytes as a test of the page wants."""

from __future__ import annotations

import json
import queue
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from onemo.control.describe import kinds, presets
from onemo.control.shape import plain
from onemo.faults.kind import Layer
from onemo.faults.kinds import KINDS

PAGE = Path(__file__).resolve().parents[2] / "emulator" / "onemo" / "control" / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
Json = dict[str, object]
ERRORS = [{"result": "CME", "number": 552, "text": "TCP/IP already in use"}]
STARTED = 1_700_000_000.0
"""The moment at which the time of every entry is 0."""


class FakePort:
    """A control that answers as a test wants.

    token: the one that it asks for; modules: the summaries, by name; posted: bodies that the page sent; files: of every
    module, a directory has None; ftp: those of its sandbox's FTP server; answers: of other GETs, by their path below
    the module's; replies: to POSTs, by that path, in order; operations: the paths of the OpenAPI document; armed: the
    faults of every module; disarmed: paths of those that the page took away; pointless: events of every module without
    sense, and why; carried: what differs of every module's connection; away: true while it answers nothing.
    """

    def __init__(self, *names: str, token: str = "") -> None:
        self.token = token
        self.modules: dict[str, Json] = {
            name: {
                "name": name,
                "model": "ML307R",
                "port": f"/dev/pts/{number}",
                "condition": "ready",
                "power": "ready",
                "registration": "home",
                "connections": 0,
                "faults": 0,
            }
            for number, name in enumerate(names)
        }
        self.journals: dict[str, list[Json]] = {name: [] for name in names}
        self.posted: list[tuple[str, Json]] = []
        self.files: dict[str, bytes | None] = {"/usr": None, "/usr/a.txt": b"hi"}
        self.ftp: dict[str, bytes | None] = {}
        self.answers: dict[str, object] = {"web/requests": [], "errors": ERRORS}
        self.replies: dict[str, list[tuple[int, Json]]] = {}
        self.operations: Json = {}
        self.armed: list[Json] = []
        self.disarmed: list[str] = []
        self.pointless = {"sim-insert": "the card is in"}
        self.carried: Json = {}
        self.away = False
        self._readers: list[queue.SimpleQueue[bytes | None]] = []
        self._seq = 0

    def entry(self, name: str, **entry: object) -> None:
        """Something crosses a line: from_, to and data, or event and detail."""
        journal = self.journals[name]
        made: Json = {"seq": len(journal) + 1, "time": len(journal) / 100, "module": name}
        made |= {key.rstrip("_"): value for key, value in entry.items()}
        journal.append(made)
        self._tell("entry", made)

    def state(self, name: str, **changed: object) -> None:
        """A module is another than before."""
        self.modules[name] |= changed
        self._tell("state", self.modules[name])

    def hang_up(self) -> None:
        """Every stream ends."""
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.put(None)

    def _tell(self, event: str, data: Json) -> None:
        self._seq += 1
        text = f"id: {self._seq}\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode()
        for reader in self._readers:
            reader.put(text)

    def stream(self) -> Iterator[bytes]:
        reader: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._readers.append(reader)
        return iter(reader.get, None)

    def answer(self, path: str, query: dict[str, str]) -> object:
        """Answer a GET of the API. Raises KeyError where there is nothing."""
        if path == "modules":
            return list(self.modules.values())
        if path == "/openapi.json":
            return {"paths": self.operations, "info": {"version": "1.2.3"}}
        if path == "kinds":
            return plain(kinds())
        if path == "presets":
            return plain(presets())
        _, name, *rest = path.split("/")
        if rest == ["faults"]:
            self.modules[name]
            return self.armed
        if rest == ["events"]:
            events = [kind.name for kind in KINDS.values() if kind.layer is Layer.EVENT]
            return [{"event": e, "sense": e not in self.pointless, "why": self.pointless.get(e, "")} for e in events]
        if rest == ["trace"]:
            entries, limit = self.journals[name], int(query["limit"])
            since = int(query["since"]) if "since" in query else len(entries) - limit + 1
            found = entries[max(since - 1, 0) :][:limit]
            return {"first": 1, "next": len(entries) + 1, "dropped": 0, "entries": found, "started": STARTED}
        if rest == ["files"]:
            return {"files": [{"path": p, "size": c and len(c), "open": False} for p, c in self.files.items()]}
        if rest == ["ftp"]:
            return [{"path": p, "size": None if c is None else len(c)} for p, c in self.ftp.items()]
        if rest[1:] == ["content"]:
            content, offset = self.place(rest[0])[query["path"]] or b"", int(query["offset"])
            data = b64encode(content[offset : offset + 32768]).decode()
            return {"path": query["path"], "size": len(content), "offset": offset, "data": data}
        if rest:
            return self.answers["/".join(rest)]
        return self._whole(self.modules[name])

    def place(self, path: str) -> dict[str, bytes | None]:
        """The files that a path of the API means, by its last part."""
        return self.ftp if path.endswith("ftp") else self.files

    def post(self, path: str, body: Json) -> tuple[int, Json]:
        """Take a POST; return the status and the body of the answer."""
        self.posted.append((path, body))
        replies = self.replies.get(path.split("/", 4)[-1])
        return replies.pop(0) if replies else (200, {})

    def put(self, place: str, body: dict[str, str]) -> None:
        """A piece of a file comes, of 32,768 bytes at most."""
        files = self.place(place)
        data, offset = b64decode(body["data"], validate=True), int(body["offset"])
        before = (files.get(body["path"]) or b"") if offset else b""
        assert (len(before), len(data) <= 32768) == (offset, True)
        files[body["path"]] = before + data

    def delete(self, place: str, path: str) -> None:
        """A file goes, or a directory with all below."""
        files = self.place(place)
        for each in [name for name in files if f"{name}/".startswith(f"{path.rstrip('/')}/")]:
            del files[each]

    def _whole(self, module: Json) -> Json:
        size = sum(len(content or b"") for content in self.files.values())
        peer = {
            "transport": "TCP",
            "peer": {"host": "198.51.100.7", "port": 8883},
            "access_mode": "normal",
            "tls": True,
        }
        signal = {"rssi": 20, "ber": 99}
        return module | {
            "error": None,
            "connections": [
                {"connect_id": 0, "state": "CONNECTED", "sent": 18204, "received": 1024, "queued": 0, "unread": 12}
                | peer
                | self.carried
            ],
            "identity": {"imei": "860000000000001", "imsi": "460000000000001", "iccid": "89860000000000000001"},
            "power": {"state": module["power"], "asleep": False, "boot_cycle": 1},
            "sim": {"present": True, "state": "ready"},
            "radio": {
                "function": 1,
                "registration": module["registration"],
                "operator": "CHINA MOBILE",
                "signal": signal,
            },
            "contexts": [
                {"cid": 1, "type": "IPV4V6", "apn": "cmnet", "active": False, "addresses": []},
                {"cid": 3, "type": "IPV4V6", "apn": "cmnet", "active": True, "addresses": ["10.0.0.2"]},
            ],
            "settings": {"MIPCFG": {"encoding": "0,0,0"}},
            "line": {"waiting": 0, "dropped": 0, "baud_rate": 115200, "mode": "command"},
            "counters": {"commands": 5},
            "sandbox": True,
            "file_store": {"total": 131072, "free": 131072 - size, "files": len(self.files) - 1},
            "sms": {
                "number": "+8614400000001",
                "centre": "+8613800230500",
                "stores": {"ME": {"used": 1, "total": 50}, "SM": {"used": 0, "total": 50}},
                "waiting": 2,
                "sent": [
                    {"to": "10086", "text": "<b>cxye</b>", "encoding": "7bit", "parts": 1, "of": 1, "report": None},
                    {"to": "13900000000", "text": "long", "encoding": "ucs2", "parts": 2, "of": 3, "report": 0},
                ],
            },
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    port: FakePort

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        if self.port.away:
            self.close_connection = True
        elif path == "/" or path.startswith("/static/"):
            file = PAGE / (path.removeprefix("/static/").strip("/") or "index.html")
            self._send(200, file.read_bytes(), _TYPES[file.suffix])
        elif self.port.token and self.headers["Authorization"] != f"Bearer {self.port.token}":
            self._send(401, b'{"error": "the token is missing"}')
        elif path == "/v1/trace/stream":
            self._stream()
        elif path.endswith("/trace/file"):
            self._send(200, url.query.encode(), "application/octet-stream")
        else:
            try:
                said = self.port.answer(path.removeprefix("/v1/"), dict(parse_qsl(url.query)))
                self._send(200, json.dumps(said).encode())
            except KeyError:
                self._send(404, b'{"error": "there is no such module"}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, reply = self.port.post(unquote(self.path), body)
        self._send(status, json.dumps(reply).encode())

    def do_PUT(self) -> None:
        self.port.put(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._send(200, b"{}")

    def do_DELETE(self) -> None:
        url = urlsplit(self.path)
        if "/faults" in url.path:
            self.port.disarmed.append(url.path)
            self._send(200, b"[]")
            return
        self.port.delete(url.path, dict(parse_qsl(url.query))["path"])
        self._send(200, b"{}")

    def _stream(self) -> None:
        self.close_connection = True
        pieces = self.port.stream()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):
            for piece in pieces:
                self.wfile.write(piece)

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None: ...


@contextmanager
def served(port: FakePort) -> Iterator[str]:
    """The URL at which it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"port": port}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        port.hang_up()
        server.shutdown()
        server.server_close()
        thread.join()
