"""The series of the manuals' tables, by family, and names that stand for several of them."""

from __future__ import annotations

NB = ("MN316", "MN316-S", "MN316A", "MN318", "MN319", "MN326", "MN326A")
NEWER_CAT1 = ("ML307C", "ML307M", "ML307N", "ML307H", "ML307X")
FIVE_G = ("MR880A",)
CAT1 = ("ML302A", "ML305A", "ML307A", "ML302S", "ML307S", "ML305U", "ML305M", "ML307R", "ML307G", *NEWER_CAT1, *FIVE_G)
"""Those that are built on what the LTE Cat.1 series have in common, 5G among them."""
SERIES = (*NB, *CAT1)
GROUPS = {"all": SERIES, "NB": NB, "Cat.1": CAT1}


def select(text: str) -> tuple[str, ...]:
    """``all except MN318``, ``NB ML307R``: groups, series and sub-models, and those that are left out.

    Raises ValueError for a name that is left out without having been in.
    """
    chosen, _, left_out = text.partition(" except ")
    names = [name for word in chosen.split() for name in GROUPS.get(word, (word,))]
    for word in left_out.split():
        for name in GROUPS.get(word, (word,)):
            if name not in names:
                raise ValueError(f"{name} is left out of {chosen!r}, where it is not")
            names.remove(name)
    return tuple(dict.fromkeys(names))
