"""What the rounds of scripts/bench come to: ratios, targets, and the change since an earlier run."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

MOST = {
    "at": {"ratio": 1.12},
    "mipstate": {"ratio": 1.25},
    "start": {"ratio": 1.5},
    "memory": {"rss_mb": 45.0},
    "idle": {"ratio": 1.1},
    "lab": {"ratio": 1.3, "ready_s": 5.0, "further_kb": 64.0},
    "down": {"cpu_ratio": 1.5},
    "rfc2217_up": {"cpu_ms_per_mb": 2.0},
    "watched": {"ratio": 1.5},
    "paced": {"ratio": 2.0},
    "wakeups": {"wakeups_per_s": 0.0},
}
"""Most that a figure of the emulator may be, or a ratio to the reference."""
LEAST = {
    "up": {"ratio": 1.2, "lowest_ratio": 1.0},
    "down": {"ratio": 1.0},
    **{name: {"ratio": 0.7} for name in ("http", "http_file")},
    **{name: {"ratio": 0.6} for name in ("mqtt_up", "mqtt_down")},
}
"""Least that one must be. lowest_ratio: of all rounds."""

Figures = dict[str, float]
Round = tuple[Figures, Figures | None]


def summary(name: str, rounds: list[Round]) -> dict[str, Any]:
    """Compare the medians over the rounds."""
    ours = _medians([emulator for emulator, _ in rounds])
    told: dict[str, Any] = {"emulator": ours}
    references = [reference for _, reference in rounds if reference is not None]
    reached = dict(ours)
    if references:
        ratios = _ratios(rounds, next(iter(ours)))
        told |= {"reference": _medians(references), "ratio": round(median(ratios), 3)}
        told["ratios"] = [round(ratio, 3) for ratio in ratios]
        reached |= {"ratio": median(ratios), "lowest_ratio": min(ratios)}
        if "cpu_ms_per_mb" in ours and "cpu_ms_per_mb" in references[0]:
            reached["cpu_ratio"] = median(_ratios(rounds, "cpu_ms_per_mb"))
            told["cpu_ratio"] = round(reached["cpu_ratio"], 3)
    met = {f"{key} <= {most:g}": reached[key] <= most for key, most in MOST.get(name, {}).items()}
    met |= {f"{key} >= {least:g}": reached[key] >= least for key, least in LEAST.get(name, {}).items()}
    return {**told, "targets": met} if met else told


def compare(told: dict[str, Any], earlier: dict[str, Any]) -> None:
    """Add to each measurement its figures divided by those of an earlier run, where that has them.

    ``ratio`` is that of the two ratios to the reference, which a slower machine does not change.
    """
    for name, now in told.items():
        then = earlier.get(name)
        if not isinstance(now, dict) or not isinstance(then, dict) or "emulator" not in now:
            continue
        pairs = {key: (value, then.get("emulator", {}).get(key)) for key, value in now["emulator"].items()}
        pairs |= {key: (now[key], then.get(key)) for key in ("ratio", "cpu_ratio") if key in now}
        now["compared"] = {key: round(value / before, 3) for key, (value, before) in pairs.items() if before}


def read_earlier(file: Path) -> dict[str, Any]:
    """Read what an earlier run printed with --json. Raises SystemExit where it is no such file."""
    try:
        earlier = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SystemExit(f"bench: --compare {file}: {error}; give a file that --json wrote") from error
    if not isinstance(earlier, dict):
        raise SystemExit(f"bench: --compare {file}: this is no object; give a file that --json wrote")
    return earlier


def table(told: dict[str, Any]) -> str:
    """Return the figures as lines of text, one a measurement."""
    lines = []
    for name, each in told.items():
        if not isinstance(each, dict) or "emulator" not in each:
            lines.append(f"{name:<14}{each}")
            continue
        words = [f"{key} {value:g}" for key, value in each["emulator"].items()]
        words += [f"{key.replace('_', ' ')} {each[key]:g}" for key in ("ratio", "cpu_ratio") if key in each]
        words += [f"{target} {'met' if met else 'MISSED'}" for target, met in each.get("targets", {}).items()]
        words += [f"{key} now/then {value:g}" for key, value in each.get("compared", {}).items()]
        lines.append(f"{name:<14}{', '.join(words)}")
    return "\n".join(lines)


def _medians(figures: list[Figures]) -> Figures:
    return {key: round(median(each[key] for each in figures), 3) for key in figures[0]}


def _ratios(rounds: list[Round], key: str) -> list[float]:
    """Divide a figure of each round by that of its reference."""
    return [emulator[key] / reference[key] for emulator, reference in rounds if reference is not None]
