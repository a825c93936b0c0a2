"""Packages of firmware upgrades for a module, of the sandbox's web server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from onemo.errors import UsageError
from onemo.net.firmware import ANY, BadPackage, make_package

if TYPE_CHECKING:
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls

_HOST = "firmware.sandbox"
"""Any name has the web server."""


def package_url(controls: ModuleControls, revision: str, fail: str) -> str:
    """Return the URL of a package by the module's first way. Raises UsageError."""

    def make(modem: Modem, now: float) -> str:
        model = modem.profile.sub_model
        if not modem.has("MFWUPGRADE"):
            raise UsageError(f"{model} has no firmware upgrades")
        mini = not modem.has("MFWDLOAD")
        try:
            make_package(model, ANY, revision, mini=mini, failure=fail)
        except BadPackage as error:
            raise UsageError(f"there is no such package: {error}") from error
        said = "&".join([*["mini"] * mini, *[f"fail={quote(fail)}"] * bool(fail)])
        return f"http://{_HOST}/firmware/{model}/{quote(revision, safe='')}{'?' * bool(said)}{said}"

    if controls.do(lambda: controls.sandbox) is None:
        raise UsageError("nothing leads to the sandbox: start the module with --sandbox, or a route to it")
    return controls._do(make)
