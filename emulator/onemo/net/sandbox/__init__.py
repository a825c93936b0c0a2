"""A network of its own for demos and tests without internet: every name has an address, every port a server."""

from onemo.net.sandbox.config import HostPing, PingConfig, SandboxConfig, load_config
from onemo.net.sandbox.network import Sandbox

__all__ = ["HostPing", "PingConfig", "Sandbox", "SandboxConfig", "load_config"]
