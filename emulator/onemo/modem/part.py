"""The state that a family keeps in the device for one boot cycle."""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeVar


class Timed(Protocol):
    """Something that time changes."""

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        ...


class Part:
    """The base of the state of a family: made at its first use by ``device.part(Kind)``, dropped with the boot cycle.

    Its maker is called with the device alone. deadline: when on_deadline is to be called; inf: never. What outlives the
    cycle is a keeper's.
    """

    deadline: float = math.inf

    def __init__(self, device: Any) -> None:  # noqa: ANN401  (a device cannot be named below it)
        self._device = device

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""

    @property
    def busy(self) -> bool:
        """True while the module has to stay awake."""
        return False

    @property
    def connections(self) -> int:
        """The number of connections to the network that are in use."""
        return 0

    @property
    def tls_connections(self) -> int:
        """The number of those that are in TLS."""
        return 0

    def context_down(self, cid: int) -> None:
        """End what runs on a PDP context, which is down; its own URCs are told already."""

    def on_registered(self, now: float) -> None:
        """Hear that the module has registered with the network."""

    def network_lost(self) -> None:
        """End what needs a registration, which is gone; its contexts are down already."""

    def fall_asleep(self) -> None:
        """Forget what does not outlive deep sleep; nothing may be told."""

    def save(self) -> bool:
        """Tell whether it outlives power saving, in which connections are gone; forget what does not."""
        return False

    def wake(self, now: float) -> None:
        """Go on after deep sleep or power saving; what did not outlive it may be told now."""


P = TypeVar("P", bound=Part)
