"""The control's answers about modules that are not there."""

from __future__ import annotations

import pytest
from onemo.control.api import Control
from onemo.control.endpoints import ApiRequest, Refused

ASKED = ApiRequest({"name": "gateway"}, {}, None, {})


def test_what_is_awaited_is_not_ready() -> None:
    control = Control({})
    with pytest.raises(Refused, match="not ready: there is no module yet") as refused:
        control.ready(ASKED)
    assert refused.value.status == 503
    control.awaited |= {f"m{n:02}" for n in range(12)}
    with pytest.raises(Refused, match=r"not ready: m00, m01, .*, m09 …"):
        control.ready(ASKED)


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(Refused, match="there is no module 'gateway'; there are none") as refused:
        Control({}).module(ASKED)
    assert refused.value.status == 404
