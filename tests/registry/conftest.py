"""The profile of each series, for tests of one."""

from __future__ import annotations

import pytest
from onemo.profile.schema import Profile

from tests.registry.facts import SERIES, profile_of


@pytest.fixture(params=SERIES)
def model(request: pytest.FixtureRequest) -> Profile:
    return profile_of(request.param)
