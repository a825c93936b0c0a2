"""Integer ranges as the manual writes them: ``"0-4"``, ``"0,2,3"``, ``"0-4,7"``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ITEM = re.compile(r"(-?\d+)(?:-(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """A set of integers, which may be negative. ``text`` is how it is written, ``spans`` its inclusive intervals."""

    text: str
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read ``"0-4"`` or ``"0,2,3"``. Raises ValueError when it is neither, empty, or not ascending."""
        spans: list[tuple[int, int]] = []
        for item in text.split(","):
            match = _ITEM.fullmatch(item)
            if match is None:
                raise ValueError(f"{text!r} is no range: write it like 0-4 or 0,2,3")
            low = int(match[1])
            high = int(match[2]) if match[2] else low
            if high < low or (spans and low <= spans[-1][1]):
                raise ValueError(f"{text!r} is not in ascending order")
            spans.append((low, high))
        return cls(text, tuple(spans))

    def __contains__(self, value: int) -> bool:
        return any(low <= value <= high for low, high in self.spans)

    def __iter__(self) -> Iterator[int]:
        for low, high in self.spans:
            yield from range(low, high + 1)

    @property
    def low(self) -> int:
        """The lowest accepted value."""
        return self.spans[0][0]

    @property
    def high(self) -> int:
        """The highest accepted value."""
        return self.spans[-1][1]

    @property
    def boundaries(self) -> tuple[int, ...]:
        """The outermost accepted values of each interval."""
        return tuple(sorted({bound for span in self.spans for bound in span}))

    @property
    def neighbours(self) -> tuple[int, ...]:
        """The values just outside each interval: none of them is accepted."""
        edges = {edge for low, high in self.spans for edge in (low - 1, high + 1)}
        return tuple(sorted(edge for edge in edges if edge >= 0 and edge not in self))

    @property
    def shown(self) -> str:
        """The range as a test command prints it: ``(0-4)``."""
        return f"({self.text})"
