"""The profile of calls and USSD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from onemo.profile.ranges import Range
from onemo.profile.schema import Count, Delay, Profile, Table


class VoiceSection(NamedTuple):
    """Voice calls and USSD."""

    ring_interval: Delay
    """From one RING to the next."""
    alert_time: Delay
    """From ATD until it rings at the other side, or that is busy, or the network refuses the call."""
    answer_time: Delay
    """From ATD until the other side answers."""
    no_answer_time: Delay
    """From ATD until a call that nobody answers ends."""
    needs_semicolon: bool
    """ATD without ; at its end is no voice call, but one for data, which the network does not take."""
    activity: Range
    """The values that AT+CPAS has; in place of another one it tells 0."""
    ciev: bool
    """ATH is followed by CIEV: SOUNDER 0 and CIEV: CALL 0."""
    clip_provision: Count
    """<m> of AT+CLIP?: whether the network tells who calls (27.007 7.6)."""
    ussd_time: Delay
    """From AT+CUSD until the network answers."""
    ussd_dcs: Count
    """<dcs> of a text in the GSM alphabet."""
    ussd_hex_dcs: Count
    """<dcs> of a text in UCS2, which is told in hex."""
    ussd: Mapping[str, str]
    """The network's answers, by code; any other code is not known there."""


VOICE = Table("voice", VoiceSection, "Calls and USSD: the seconds between RINGs, the network's answers to codes")


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find RINGs that follow each other at once, of which there would be no end."""
    if not profile.table(VOICE).ring_interval:
        yield "voice.ring_interval", "is 0: give the seconds from one RING to the next"
