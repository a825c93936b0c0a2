"""The traits that tell the sockets of one model from another's, for a reader."""

from __future__ import annotations

from collections.abc import Mapping

from onemo.at.family import Trait, either
from onemo.families.sockets.profile import CLOSE_MODES, CONNECTION
from onemo.profile.schema import ParamSection, Profile


def traits(profile: Profile) -> dict[str, Trait]:
    """Return the traits of a model's sockets, by the question that each answers."""
    connection, config = profile.table(CONNECTION), profile.commands["MIPCFG"]
    offers = config.offers or ()
    cids = _param(profile, config.keys["cid"].params, "cid").range
    found = {"offers": Trait(f"MIPCFG with {', '.join(offers)}")}
    if "timeout" in offers:
        limits = _param(profile, config.keys["timeout"].params, "send_timeout").range
        found["timeout"] = Trait(f"send timeout {limits.text} s" if limits else "no send timeout")
    inline = connection.inline_data == "required"
    return {
        **found,
        "inline": either(inline, "MIPSEND only with its data in the line", "MIPSEND also without data in the line"),
        "empty": either(connection.empty_datagram, "sends empty datagrams", "no empty datagrams"),
        "close": Trait(_closing(profile)),
        "window": Trait(
            f"TCP window {connection.tcp_window}" + (", which can be set" if connection.window_is_set else "")
        ),
        "packets": Trait(f"buffers {connection.packets} packets"),
        "cid": Trait(f"PDP contexts {cids.text}" if cids else "no PDP contexts"),
    }


def _param(profile: Profile, params: Mapping[str, ParamSection], name: str) -> ParamSection:
    """Return a parameter of a command, or the one of this name that many commands share."""
    return params.get(name) or profile.params[name]


def _closing(profile: Profile) -> str:
    mode = _param(profile, profile.commands["MIPCLOSE"].params, "mode")
    if mode.available and mode.range:
        return f"MIPCLOSE takes mode {mode.range.text}"
    how = profile.table(CLOSE_MODES)[str(mode.default)]
    words = {"drain": "closes once all is sent", "now": "closes without waiting for the rest", "reset": "closes by RST"}
    return words[how.way] + (", port free after 2 MSL" if how.waits else "")
