"""The kinds of faults of firmware upgrades. Pure data."""

from __future__ import annotations

from onemo.faults.kind import FaultKey, Type, event_kind

_STEPS = ("check", "download", "apply", "power")

FOTA_KINDS = (
    event_kind("fota-fail", "The next upgrade of the firmware fails, as a package with fail: does.",
        FaultKey("step", Type.CHOICE, "check: the package is refused; apply: it cannot be written; download: the "
            "minimal system breaks off while it loads; power: the supply is lost, until power-on.", "apply",
            choices=_STEPS),
        FaultKey("at", Type.INTEGER, "At so many per cent.", 50, 0, 100),
        example="fota-fail step=power at=64"),
    event_kind("reflash", "The module is flashed anew with the firmware that it was made with, and restarts: an "
        "upgrade that has begun, its package and the revision that it was upgraded to are forgotten."),
)  # fmt: skip
