"""What the rounds of scripts/bench come to: ratios, targets, and the change since an earlier run."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

TARGETS = {
    "at": 1.2,
    "mipstate": 1.35,
    "start": 1.5,
    "memory": 45.0,
    "idle": 1.1,
    "lab": 1.3,
    "watched": 1.5,
    "paced": 2.0,
}
"""Most that a ratio to the reference may be; memory in MB."""
LAB_TARGETS = {"ready_s": 5.0, "further_kb": 64.0}
"""Most that these figures of a lab may be."""
LEAST = {"up": 1.2, "down": 1.0, "http": 0.7, "http_file": 0.7, "mqtt_up": 0.6, "mqtt_down": 0.6}
"""Least that a ratio to socat's throughput must be, or to that of AT+MIPRD, of messages to AT+MIPSEND."""

Figures = dict[str, float]
Round = tuple[Figures, Figures | None]


def summary(name: str, rounds: list[Round]) -> dict[str, Any]:
    """Compare the medians over the rounds."""
    ours = _medians([emulator for emulator, _ in rounds])
    told: dict[str, Any] = {"emulator": ours}
    references = [reference for _, reference in rounds if reference is not None]
    reached = next(iter(ours.values()))
    if references:
        ratios = _ratios(rounds, next(iter(ours)))
        told |= {"reference": _medians(references), "ratio": round(median(ratios), 3)}
        told["ratios"] = [round(ratio, 3) for ratio in ratios]
        if "cpu_ms_per_mb" in ours and "cpu_ms_per_mb" in references[0]:
            told["cpu_ratio"] = round(median(_ratios(rounds, "cpu_ms_per_mb")), 3)
        reached = reached if name == "memory" else median(ratios)
    if name in LEAST:
        told |= {"target": LEAST[name], "met": reached >= LEAST[name]}
    if name in TARGETS:
        told |= {"target": TARGETS[name], "met": reached <= TARGETS[name]}
    if name == "lab":
        met = reached <= TARGETS[name] and all(ours[key] <= most for key, most in LAB_TARGETS.items())
        told |= {"targets": LAB_TARGETS, "met": met}
    return told


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
        if "target" in each:
            words.append(f"target {each['target']:g} {'met' if each['met'] else 'MISSED'}")
        words += [f"{key} now/then {value:g}" for key, value in each.get("compared", {}).items()]
        lines.append(f"{name:<14}{', '.join(words)}")
    return "\n".join(lines)


def _medians(figures: list[Figures]) -> Figures:
    return {key: round(median(each[key] for each in figures), 3) for key in figures[0]}


def _ratios(rounds: list[Round], key: str) -> list[float]:
    """Divide a figure of each round by that of its reference."""
    return [emulator[key] / reference[key] for emulator, reference in rounds if reference is not None]
