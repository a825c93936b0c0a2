"""Labels of instances: in words, in JSON, and whose connection a crossing is told to be."""

from __future__ import annotations

import pytest
from onemo.control.ask import filtered
from onemo.control.journal import Journal
from onemo.dialogue.lines import network_line
from onemo.families import SOCKETS
from onemo.profile.index import Index, Label, label_of

from tests.support.labels import socket_label

OTHER = Label(Index("demoid", "", b""), 0)


@pytest.mark.parametrize(
    ("label", "said", "connection"),
    [(socket_label(0), "* connection 0: opened h:1", 0), (OTHER, "* demoid 0: opened h:1", None),
     (None, "* opened h:1", None)],
)  # fmt: skip
def test_what_a_crossing_is_told_as(label: Label | None, said: str, connection: int | None) -> None:
    told = network_line("opened", label, "h:1", 1.0)
    assert (str(told), told.connection) == (said, connection)


def test_what_a_journal_and_its_filter_make_of_it() -> None:
    journal = Journal("meter")
    for label in (socket_label(0), OTHER, None):
        journal.net("sent", label, b"x")
    entries = journal.since(0)
    shown = [entry.shown("meter") for entry in entries]
    assert [label_of(each, [SOCKETS]) for each in shown] == [socket_label(0), OTHER, None]
    wanted = filtered(side=None, contains=None, command=None, urc=None, labels=[socket_label(0)])
    assert [wanted(entry) for entry in entries] == [True, False, False]
