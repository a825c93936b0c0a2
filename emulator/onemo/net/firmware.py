"""The package of an upgrade of the emulated firmware: a text of our own that names the new revision, and filler.

Its first lines, each ended by LF or CR LF, up to an empty one::

    ONEMO-EMULATOR-FIRMWARE 1
    kind: diff
    for: ML307R-DC
    from: ML307R-DC-MBRH0S01
    to: ML307R-DC-MBRH0S02
    size: 49630
    sha256: 3b5d…
    fail: apply@64
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from onemo.errors import EmulatorError

FIRST_LINE = b"ONEMO-EMULATOR-FIRMWARE 1"
LONGEST_HEADER = 1024
"""Bytes up to the empty line."""
USUAL_SIZE = 49630
LARGEST = 1 << 28
ANY = "*"
STEPS = ("download", "apply", "power")
"""The steps at a percentage of which an upgrade may fail."""
_KEYS = {"kind", "for", "from", "to", "size", "sha256", "fail"}
_END = re.compile(rb"\n(?=\r?\n)")
_FAILURE = re.compile(rf"check|(?:{'|'.join(STEPS)})@(?:100|\d\d?)", re.ASCII)
_TEXT = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?", re.ASCII)
_DIGITS = re.compile(r"\d{1,10}", re.ASCII)
_SUM = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadPackage(EmulatorError):
    """It is no package, or not a good one; it says why."""


class FirmwareHeader(NamedTuple):
    """The first lines of a package. length: their bytes, the empty line included.

    mini: for the minimal system; target: the sub-model or series that it is for, source: the revision that it starts
    from, ANY: any; revision: the new one. size: bytes of the whole package; digest: SHA-256 of what is behind the
    header. failure: ``check``, or a step of STEPS with ``@`` and a percentage; "": it does not fail.
    """

    mini: bool
    target: str
    source: str
    revision: str
    size: int
    digest: str
    failure: str = ""
    length: int = 0

    @property
    def step(self) -> str:
        """The step that fails, or ""."""
        return self.failure.partition("@")[0]

    @property
    def at(self) -> int:
        """The percentage at which it fails."""
        return int(self.failure.partition("@")[2] or 0)

    def require_for(self, names: tuple[str, ...], revision: str) -> None:
        """Require that it fits a module of these names, and of this revision. Raises BadPackage."""
        if self.target not in (*names, ANY):
            raise BadPackage(f"it is for {self.target}, not for {names[0]}")
        if self.source not in (revision, ANY):
            raise BadPackage(f"it starts from {self.source}, and the module has {revision}")
        if self.failure == "check":
            raise BadPackage("it is to fail when it is checked")

    def require_body(self, body: bytes | bytearray | memoryview) -> None:
        """Require that it is whole. body: all behind the header. Raises BadPackage."""
        self.require_sum(self.length + len(body), hashlib.sha256(body).hexdigest())

    def require_sum(self, size: int, digest: str) -> None:
        """Require that these are its bytes, and their digest. Raises BadPackage."""
        if size != self.size:
            raise BadPackage(f"it has {size} bytes, and says {self.size}")
        if digest != self.digest:
            raise BadPackage("its sha256 is another")


def header_ends(begun: bytes) -> bool:
    """Tell whether the first lines are all there, or can be no header any more."""
    return _END.search(begun) is not None or len(begun) >= LONGEST_HEADER


def read_header(data: bytes | bytearray) -> FirmwareHeader:
    """Read the first lines of a package. Raises BadPackage."""
    begun = bytes(data[: LONGEST_HEADER + 2])
    first = begun.partition(b"\n")[0].removesuffix(b"\r")
    if first != FIRST_LINE:
        raise BadPackage("it is no package of the emulator's")
    end = _END.search(begun)
    if end is None or end.start() + 1 > LONGEST_HEADER:
        raise BadPackage(f"its header has no end within {LONGEST_HEADER} bytes")
    length = begun.index(b"\n", end.end()) + 1
    try:
        lines = begun[: end.start()].decode("ascii").splitlines()[1:]
    except UnicodeDecodeError as error:
        raise BadPackage("its header is no ASCII text") from error
    found: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or key not in _KEYS or key in found:
            raise BadPackage(f"its header has {line!r}")
        found[key] = value.strip()
    return _checked(found, length)


def _checked(found: dict[str, str], length: int) -> FirmwareHeader:
    kind = found.get("kind", "")
    source = found.get("from", ANY if kind == "mini" else "")
    needed = {"kind": kind, "from": source, **{key: found.get(key, "") for key in ("for", "to", "size", "sha256")}}
    if missing := [key for key, value in needed.items() if not value]:
        raise BadPackage(f"its header lacks {', '.join(missing)}")
    right = {
        "kind": kind in ("diff", "mini"),
        "to": _TEXT.fullmatch(needed["to"]),
        "size": _DIGITS.fullmatch(needed["size"]),
        "sha256": _SUM.fullmatch(needed["sha256"].lower()),
        "fail": not found.get("fail") or _FAILURE.fullmatch(found["fail"]),
    }
    if wrong := [key for key, fits in right.items() if not fits]:
        raise BadPackage(f"its header has a wrong {', '.join(wrong)}")
    return FirmwareHeader(
        mini=kind == "mini",
        target=needed["for"],
        source=source,
        revision=needed["to"],
        size=int(needed["size"]),
        digest=needed["sha256"].lower(),
        failure=found.get("fail", ""),
        length=length,
    )


def make_package(
    target: str, source: str, revision: str, *, mini: bool = False, size: int = USUAL_SIZE, failure: str = ""
) -> bytes:
    """Make a package, the same for the same arguments. Raises BadPackage: there can be no such."""
    for what, text in (("for", target), ("from", source), ("to", revision)):
        if not _TEXT.fullmatch(text):
            raise BadPackage(f"{what}: {text!r} is not 1 to 64 printable ASCII characters")
    if failure and not _FAILURE.fullmatch(failure):
        raise BadPackage(f"fail: {failure!r} is none of check, {', '.join(f'{step}@PERCENT' for step in STEPS)}")
    if size > LARGEST:
        raise BadPackage(f"size: {size} is more than {LARGEST} bytes")
    failing = f"fail: {failure}\n" if failure else ""
    lines = (
        f"{FIRST_LINE.decode()}\nkind: {'mini' if mini else 'diff'}\nfor: {target}\nfrom: {source}\nto: {revision}\n"
        f"size: {size}\n{failing}sha256: "
    )
    filler = size - len(lines) - hashlib.sha256().digest_size * 2 - 2
    if filler < 0:
        raise BadPackage(f"size: {size} bytes are less than its header has")
    body = hashlib.shake_128(lines.encode("ascii")).digest(filler)
    return f"{lines}{hashlib.sha256(body).hexdigest()}\n\n".encode("ascii") + body
