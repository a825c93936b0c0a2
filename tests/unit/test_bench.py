"""The results of scripts/bench: ratios of each round, targets, and the change since an earlier run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from scripts import bench
from scripts.bench_bulk import cpu
from scripts.bench_results import Round, compare, read_earlier, summary, table

ROUNDS: list[Round] = [
    ({"mb_per_s": 50.0, "cpu_ms_per_mb": 8.0}, {"mb_per_s": 100.0, "cpu_ms_per_mb": 4.0}),
    ({"mb_per_s": 90.0, "cpu_ms_per_mb": 6.0}, {"mb_per_s": 100.0, "cpu_ms_per_mb": 2.0}),
    ({"mb_per_s": 60.0, "cpu_ms_per_mb": 9.0}, {"mb_per_s": 100.0, "cpu_ms_per_mb": 4.0}),
]


def test_the_ratio_is_the_median_of_those_of_the_rounds() -> None:
    told = summary("up", ROUNDS)
    assert told["emulator"] == {"mb_per_s": 60.0, "cpu_ms_per_mb": 8.0}
    assert (told["ratio"], told["ratios"]) == (0.6, [0.5, 0.9, 0.6])
    assert told["cpu_ratio"] == 2.25
    assert told["targets"] == {"ratio >= 1.2": False, "lowest_ratio >= 1": False}


def test_targets() -> None:
    """Of the median of a figure, of that of a ratio, and of the lowest ratio of all."""
    quick: list[Round] = [({"mb_per_s": speed, "cpu_ms_per_mb": 3.0}, ROUNDS[0][1]) for speed in (99.0, 130.0, 140.0)]
    assert summary("up", quick)["targets"] == {"ratio >= 1.2": True, "lowest_ratio >= 1": False}
    assert summary("down", quick)["targets"] == {"cpu_ratio <= 1.5": True, "ratio >= 1": True}
    assert summary("rfc2217_up", quick)["targets"] == {"cpu_ms_per_mb <= 2": False}
    assert summary("wakeups", [({"wakeups_per_s": 0.0}, None)])["targets"] == {"wakeups_per_s <= 0": True}
    assert "targets" not in summary("tcp_up", quick)


def test_cpu_time_is_told_below_a_tick() -> None:
    """Else a transfer that takes less is told as free."""
    before = cpu(os.getpid())
    sum(range(10_000))
    assert 0 < cpu(os.getpid()) - before < 1000 / os.sysconf("SC_CLK_TCK")


def test_an_earlier_run(tmp_path: Path) -> None:
    file = tmp_path / "earlier.json"
    file.write_text(json.dumps({"up": {"emulator": {"mb_per_s": 30.0}, "ratio": 0.3}, "rounds": 7}))
    told = {"rounds": 3, "up": summary("up", ROUNDS), "down": summary("down", ROUNDS)}
    compare(told, read_earlier(file))
    assert told["up"]["compared"] == {"mb_per_s": 2.0, "ratio": 2.0}  # type: ignore[index]
    assert "compared" not in told["down"]  # type: ignore[operator]
    rounds, up, down = table(told).splitlines()
    assert rounds.split() == ["rounds", "3"]
    assert up.endswith("ratio >= 1.2 MISSED, lowest_ratio >= 1 MISSED, mb_per_s now/then 2, ratio now/then 2")
    assert down.startswith("down ")


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_an_earlier_run_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "earlier.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit, match=f"^bench: --compare {file}: .*; give a file that --json wrote$"):
        read_earlier(file)


def measure(patch: pytest.MonkeyPatch, *words: str) -> None:
    """Run it where what is compiled is not kept; it measures only whether that is so for what it starts."""
    patch.setattr(os, "sched_setaffinity", lambda pid, mask: None)
    patch.setattr(
        bench,
        "MEASUREMENTS",
        {"own": lambda each: ({"kept": float("PYTHONDONTWRITEBYTECODE" not in os.environ)}, None)},
    )
    patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    patch.setattr(sys, "argv", ["bench", *words])
    bench.main()


def test_no_start_compiles_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Else it takes twice as long as a start does."""
    measure(monkeypatch, "--rounds", "2", "--json")
    assert json.loads(capsys.readouterr().out)["own"]["emulator"] == {"kept": 1.0}


@pytest.mark.parametrize("count", ["-4096", "0", "100", "1024"])
def test_bytes_that_end_in_a_shorter_packet(
    count: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        measure(monkeypatch, "--bytes", count)
    assert f"--bytes {count}: give a multiple of 4096" in capsys.readouterr().err
