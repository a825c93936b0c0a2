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
    from onemo.errors import EmulatorError, LinkError, ProfileError, UnknownModel, UsageError
    from onemo.link.pty import open_pty
    from onemo.net.host.routes import Routes, parse_pattern, parse_route
    from onemo.net.host.sockets import HostNetwork
    from onemo.net.sandbox import Sandbox
    from onemo.runtime.hosted import Hosted, HostedModule
    from onemo.runtime.models import Model, load_model, load_model_file
    from onemo.runtime.shell import Module

__version__ = "0.1.0"
__all__ = [
    "EmulatorError",
    "HostNetwork",
    "Hosted",
    "HostedModule",
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
    "EmulatorError": "onemo.errors",
    "LinkError": "onemo.errors",
    "ProfileError": "onemo.errors",
    "UnknownModel": "onemo.errors",
    "UsageError": "onemo.errors",
    "open_pty": "onemo.link.pty",
    "HostNetwork": "onemo.net.host.sockets",
    "Routes": "onemo.net.host.routes",
    "parse_pattern": "onemo.net.host.routes",
    "parse_route": "onemo.net.host.routes",
    "Sandbox": "onemo.net.sandbox",
    "Hosted": "onemo.runtime.hosted",
    "HostedModule": "onemo.runtime.hosted",
    "Model": "onemo.runtime.models",
    "load_model": "onemo.runtime.models",
    "load_model_file": "onemo.runtime.models",
    "Module": "onemo.runtime.shell",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
