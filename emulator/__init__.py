"""A software emulator of China Mobile IoT's OneMO cellular modules.

The public API::

    model = load_model("ML307R")
    with open_pty() as link:
        module = Module(model, link, HostNetwork())
        async with trio.open_nursery() as nursery:
            await nursery.start(module.run)
            print(link.port)

Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.errors import EmulatorError, LinkError, ProfileError, UnknownModel, UsageError
    from emulator.link.pty import open_pty
    from emulator.net.routes import Routes, parse_pattern, parse_route
    from emulator.net.sandbox import Sandbox
    from emulator.net.sockets import HostNetwork
    from emulator.runtime.hosted import Hosted
    from emulator.runtime.models import Model, load_model, load_model_file
    from emulator.runtime.shell import Module

__version__ = "0.1.0"
__all__ = [
    "EmulatorError",
    "HostNetwork",
    "Hosted",
    "LinkError",
    "Model",
    "Module",
    "ProfileError",
    "Routes",
    "Sandbox",
    "UnknownModel",
    "UsageError",
    "load_model",
    "load_model_file",
    "open_pty",
    "parse_pattern",
    "parse_route",
]

_HOMES = {
    "EmulatorError": "emulator.errors",
    "LinkError": "emulator.errors",
    "ProfileError": "emulator.errors",
    "UnknownModel": "emulator.errors",
    "UsageError": "emulator.errors",
    "open_pty": "emulator.link.pty",
    "HostNetwork": "emulator.net.sockets",
    "Routes": "emulator.net.routes",
    "parse_pattern": "emulator.net.routes",
    "parse_route": "emulator.net.routes",
    "Sandbox": "emulator.net.sandbox",
    "Hosted": "emulator.runtime.hosted",
    "Model": "emulator.runtime.models",
    "load_model": "emulator.runtime.models",
    "load_model_file": "emulator.runtime.models",
    "Module": "emulator.runtime.shell",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
