"""The mistakes of a profile that only the sockets know of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from onemo.families.sockets.profile import CLOSE_MODES, OPEN_RESULTS
from onemo.profile.schema import Profile

_MANY = 100


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find the values that name something which is not there: a key path, and what is wrong."""
    for key, value in profile.table(OPEN_RESULTS)._asdict().items():
        if isinstance(value, str) and value not in profile.cme:
            yield f"open_results.{key}", f"no error is named {value!r}"
    close = profile.commands.get("MIPCLOSE")
    mode = close.params.get("mode") if close else None
    if mode is not None:
        values = [*islice(mode.range or (), _MANY), mode.default]  # a range may be absurd, the list of mistakes not
        for name in sorted({str(value) for value in values} - profile.table(CLOSE_MODES).keys()):
            yield f"close_modes.{name}", "is missing, and MIPCLOSE needs it"
