"""Parameter records bound to what a profile says: parsing, defaults, what goes together, what is missing."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import pytest
from onemo.at.grammar import arguments
from onemo.at.params import (
    BindError,
    BoundRecord,
    Defaulted,
    Maybe,
    Param,
    ParamKind,
    Required,
    RequiredText,
    bind_record,
)
from onemo.at.reply import Cme, CommandError
from onemo.profile.ranges import Range
from onemo.profile.schema import ParamSection

Paired = Annotated[int, Param(ParamKind.INTEGER, together="pair")]


class Sample(NamedTuple):
    connect_id: Required
    name: RequiredText
    size: Defaulted
    other: Maybe
    left: Paired
    right: Paired


def integer(text: str, default: int | None = None, **more: Any) -> ParamSection:
    return ParamSection(range=Range.parse(text), default=default)._replace(**more)


SECTIONS = {
    "size": integer("1-8,10", 4),
    "other": integer("0-3"),
    "left": integer("0-1", 0),
    "right": integer("0-1", 1),
}
SHARED = {"connect_id": integer("0-5")}


def bound(**sections: ParamSection) -> BoundRecord[Sample]:
    return bind_record(Sample, {**SECTIONS, **sections}, SHARED)


def parsed(text: str, record: BoundRecord[Sample] | None = None, base: Sample | None = None) -> Sample:
    return (record or bound()).parse(arguments(text.encode(), 0, escapes=False)[0], base)


def refused(text: str, record: BoundRecord[Sample] | None = None) -> bool:
    try:
        parsed(text, record)
    except CommandError as error:
        return error.code is Cme.INCORRECT_PARAMETERS
    return False


def test_what_is_given_and_what_is_not() -> None:
    assert parsed('0,"n"') == Sample(0, "n", 4, None, 0, 1)
    assert parsed('5,"n",10,3,1,0') == Sample(5, "n", 10, 3, 1, 0)
    assert parsed("0,n,,2") == Sample(0, "n", 4, 2, 0, 1)
    assert parsed('0,"n",,,,') == Sample(0, "n", 4, None, 0, 1)


def test_a_setting_keeps_what_is_not_given() -> None:
    base = Sample(1, "m", 8, 3, 1, 0)
    assert parsed('1,"m"', base=base) == base
    assert parsed('1,"k",,0', base=base) == Sample(1, "k", 8, 0, 1, 0)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0,", ',"n"', '6,"n"', '"0","n"', '0,"n",0', '0,"n",9', '0,"n",11', '0,"n","4"', '0,"n",x', '0,"n",,4',
     '0,""', '0,"n",,,,,', '0,"n",,,1', '0,"n",,,,1', '0,"n",,,1,'],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    assert refused(text)


def test_a_string_is_given_unchanged_and_no_longer_than_it_may_be() -> None:
    assert parsed('0,"123456"').name == "123456"
    assert parsed('0," \xe9"'.encode("latin-1").decode("latin-1")).name.startswith(" ")
    short = bound(name=ParamSection(max_length=3))
    assert parsed('0,"abc"', short).name == "abc"
    assert refused('0,"abcd"', short)


def test_what_a_model_lacks() -> None:
    lacking = bound(size=integer("1-8", 4, available=False), other=ParamSection(available=False))
    assert refused('0,"n",4', lacking)
    assert refused('0,"n",,0', lacking)
    assert parsed('0,"n",,,1,1', lacking) == Sample(0, "n", 4, None, 1, 1)
    assert lacking.shown == "(0-5),,,,(0-1),(0-1)"


def test_what_is_shown() -> None:
    assert bound().shown == "(0-5),,(1-8,10),(0-3),(0-1),(0-1)"
    assert (
        bound(size=integer("1-8", 4, shown="1-9"), other=integer("0-3", shown="")).shown == "(0-5),,(1-9),,(0-1),(0-1)"
    )
    gone = {name: integer("0-1", 0, available=False) for name in ("left", "right")}
    assert bound(**gone).shown == "(0-5),,(1-8,10),(0-3)"


def test_out_of_range_may_be_ignored() -> None:
    lenient = bound(size=integer("1-8", 4, out_of_range="ignore"))
    assert parsed('0,"n",9', lenient).size == 4
    assert parsed('0,"n",60000', lenient).size == 4
    assert parsed('0,"n",8', lenient).size == 8
    assert refused('0,"n",x', lenient)
    assert refused('0,"n","9"', lenient)


def test_what_is_inert_acts_as_its_default() -> None:
    record = bound(size=integer("1-8", 4, inert=True))
    given = parsed('0,"n",8', record)
    assert given.size == 8
    assert record.effective(given) == given._replace(size=4)
    assert refused('0,"n",9', record)
    assert bound().effective(given) == given


def test_defaults() -> None:
    assert bound().initial(connect_id=3, name="n") == Sample(3, "n", 4, None, 0, 1)


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"surplus": ParamSection()}, "params.surplus"),
        ({"size": ParamSection(default=4)}, "params.size.range"),
        ({"size": integer("1-8")}, "params.size.default"),
        ({"size": integer("1-8", 9)}, "params.size.default"),
        ({"name": integer("1-8")}, "params.name.range"),
    ],
)
def test_what_does_not_fit_is_told_with_its_path(sections: dict[str, ParamSection], path: str) -> None:
    with pytest.raises(BindError) as caught:
        bound(**sections)
    assert [found for found, _ in caught.value.problems] == [path]


def test_all_of_it_is_told_at_once() -> None:
    with pytest.raises(BindError) as caught:
        bind_record(Sample, {"surplus": ParamSection(), "size": integer("1-8", 9)}, {})
    paths = {path for path, _ in caught.value.problems}
    assert paths == {
        "params.surplus", "params.size.default", "params.connect_id", "params.other", "params.left", "params.right",
    }  # fmt: skip


class One(NamedTuple):
    value: Required


class Word(NamedTuple):
    word: RequiredText


def test_the_record_of_a_number_is_remembered_and_that_of_a_string_is_not() -> None:
    one, word = bind_record(One, {"value": integer("0-5")}, {}), bind_record(Word, {}, {})
    number, pins = arguments(b"1", 0)[0], [arguments(text, 0)[0] for text in (b'"1234"', b"1234")]
    assert one.parse(number) is one.parse(number)
    for pin in pins:
        assert word.parse(pin) == Word("1234")
        assert word.parse(pin) is not word.parse(pin)
    assert not word._known


def test_what_was_parsed_before_changes_nothing() -> None:
    """Neither another model's range, nor what was refused."""
    narrow, wide = (bind_record(One, {"value": integer(text)}, {}) for text in ("0-3", "0-300"))
    for number in [*range(200)] * 2:
        given, _ = arguments(b"%d" % number, 0)
        assert wide.parse(given) == One(number)
        if number < 4:
            assert narrow.parse(given) == One(number)
        else:
            with pytest.raises(CommandError):
                narrow.parse(given)
    assert len(wide._known) <= 64
