"""Types seeded inputs at modules without a port, in processes of their own, and tells what breaks one.

An input is what one write of the DTE carries. They come in dialogues of some eighty steps, each with a module of its
own, with time, peers and faults between them. A dialogue fails where an exception comes out that nobody declares,
where a command reports a bug, where it does not end, and where AT is not answered with OK after it. What fails is told
with its seed and the fewest steps that still fail; --only N runs the one dialogue again.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from itertools import count
from random import Random
from types import FrameType
from typing import NamedTuple, TypeVar

from onemo.errors import FaultError, NetFailure
from onemo.families.sockets.connection import Loss
from onemo.modem.slots import EDITING
from onemo.net.interface import CloseResult

from scripts.fuzz_cases import Case, Maker, Step
from tests.support.driver import model_named
from tests.support.faulty import FaultyDriver
from tests.support.models import SERIES
from tests.support.world import World

BATCH = 50
"""Dialogues that a process runs at a time."""
PATIENCE = 20.0
"""Seconds after which a dialogue hangs; the usual one takes some hundredths."""
SHRINKING = 20.0
"""Seconds for which fewer steps are looked for."""


S = TypeVar("S", bytes, tuple[Step, ...])


class Stuck(Exception):
    """A module does not answer any more, or a dialogue does not end."""


class Failure(NamedTuple):
    """A dialogue that failed: its number, the kind of failure, its traceback, and the steps that are left of it."""

    number: int
    kind: str
    report: str
    case: Case


class Outcome(NamedTuple):
    """The result of a batch: the inputs typed, and the dialogues that failed."""

    inputs: int
    failures: list[Failure]


# One dialogue.


def make(seed: int, number: int) -> Case:
    """Make the dialogue of that number; it is the same for ever."""
    random = Random(f"{seed}/{number}")
    model = random.choice(SERIES)
    chunk = random.choice((65536, 65536, 1, 7, 100))
    case = Case(model, chunk, random.getrandbits(32), Maker(model_named(model), random).steps())
    return _at_two_consoles(case, random) if number % 3 == 2 else case


def _at_two_consoles(case: Case, random: Random) -> Case:
    """Spread the steps of a dialogue over two consoles, a few of them at a time."""
    steps: list[Step] = []
    for step in case.steps:
        if random.random() < 0.3:
            steps.append(Step("console", number=random.randrange(2)))
        steps.append(step)
    return case._replace(steps=steps, consoles=2)


def run(case: Case) -> None:
    """Run a dialogue. Raises whatever goes wrong."""
    driver = FaultyDriver(case.model, seed=case.dice, chunk=case.chunk, consoles=case.consoles)
    driver.boot()
    for step in case.steps:
        if step.what == "console":
            driver.go_to(int(step.number))
        else:
            _take(driver, step)
        for end in driver.ends:
            end.received.clear()
    _check_alive(driver)


def _take(driver: FaultyDriver, step: Step) -> None:
    match step.what.split():
        case ["type"]:
            driver.type(step.data)
        case ["wait"]:
            driver.wait(step.number)
        case ["arm"]:
            try:
                driver.arm(step.text)
            except FaultError:
                pass
        case ["disarm"]:
            armed = list(driver.faults.plan)
            if step.number < len(armed):
                driver.disarm(armed[int(step.number)])
        case ["supply", way]:
            driver.supply(on=way == "on")
        case ["dtr"]:
            driver.raise_dtr()
        case ["let", "go"]:
            _let_go(driver)
        case words:
            _act(driver.world, words, step)


def _act(world: World, words: list[str], step: Step) -> None:
    """Do what the world does in a step."""
    number = int(step.number)
    match words:
        case ["sends"] if number in world.peers:
            world.peer_sends(number, step.data)
        case ["ends"] if number in world.peers:
            world.peer_ends(number, Loss[step.text])
        case ["hold", ("lookup" | "ping" | "asktime") as kind]:
            world.answers.held.add(kind)
        case ["hold", kind]:
            world.hold(kind, number)
        case ["fail", "open"] if number not in world.opening:
            world.fail_open(number, NetFailure.TIMED_OUT)
        case ["nv", state]:
            world.answers.full = state == "full"


def _let_go(driver: FaultyDriver) -> None:
    """Bring all that the world holds to its end."""
    world = driver.world
    for connect_id in list(world.opening):
        world.finish_open(connect_id)
    while world.sending:
        world.finish_send()
    for connect_id in list(world.closing):
        world.end_close(connect_id, CloseResult.NORMAL)
    world.answers.release_all()


def _check_alive(driver: FaultyDriver) -> None:
    """Raise Stuck unless AT is answered with OK on every console, and nothing is left on the way."""
    driver.faults.reset()
    driver.wait(0)
    _let_go(driver)
    driver.wait(200)  # no entry, search or sleep to come lasts longer
    _let_go(driver)
    for console in range(len(driver.ends)):
        driver.go_to(console)
        _check_answers(driver)


def _check_answers(driver: FaultyDriver) -> None:
    """Raise Stuck unless AT is answered with OK on the console that the DTE is at."""
    modem, console = driver.modem, driver.end.console
    answer = b""
    for _ in range(6):  # the first of them may wake it, or end a line that switches it off
        driver.supply(on=True)
        if console.online:
            driver.wait(0.5)  # what was typed last may have come right before
            driver.type(b"+++")
        driver.wait(0.5)  # less than it takes to fall asleep again
        end, linefeed = console.format.cr[0], console.format.lf[0]
        if {end, linefeed, console.settings.get(EDITING).value} & set(b"ATEVQ01"):
            return  # nobody can type AT any more
        driver.type(b"\x1b%cATE0V1Q0%c" % (end, end))
        driver.take()
        driver.type(b"AT" + bytes((end,)))
        answer = driver.take()
        if answer == bytes((end, linefeed)).join((b"", b"OK", b"")):
            if console.transmitter.size or driver.untaken:
                raise Stuck(f"{console.transmitter.size} bytes stay in the module, {driver.untaken} before it")
            return
    raise Stuck(f"AT is answered {answer!r} in mode {console.framer.mode.name}, power {modem.power.state.name}")


# Failures.


def _failure(case: Case) -> tuple[str, str] | None:
    """Run a dialogue, and return the kind and the report of its failure, if there is one."""
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        run(case)
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        origin = error.__cause__ or error
        frames = traceback.extract_tb(origin.__traceback__)
        where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
        kind = str(error).partition(" answered ")[0] if isinstance(error, Stuck) else f"{type(origin).__name__} {where}"
        return kind, "".join(traceback.format_exception(error))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def _hangs(number: int, frame: FrameType | None) -> None:
    raise Stuck("the dialogue does not end")


def shrunk(case: Case, kind: str) -> Case:
    """Look for the fewest steps, and the shortest bytes, that still fail so, as far as the time allows."""
    until = time.monotonic() + SHRINKING

    def fails(steps: Sequence[Step]) -> bool:
        if time.monotonic() > until:
            return False
        found = _failure(case._replace(steps=steps))
        return found is not None and found[0] == kind

    def fails_with(index: int, data: bytes) -> bool:
        return fails([*steps[:index], steps[index]._replace(data=data), *steps[index + 1 :]])

    steps = list(_fewest(tuple(case.steps), fails))
    for index, step in enumerate(steps):
        steps[index] = step._replace(data=_fewest(step.data, partial(fails_with, index)))
    return case._replace(steps=steps)


def _fewest(items: S, fails: Callable[[S], bool]) -> S:
    """Parts are left out, large ones first, as long as it fails without them."""
    size = len(items) // 2
    while size:
        start = 0
        while start < len(items):
            without = items[:start] + items[start + size :]
            if fails(without):
                items = without
            else:
                start += size
        size //= 2
    return items


# All of them.


def batch(seed: int, numbers: range, patience: float) -> Outcome:
    """Run those dialogues; of several failures of one kind the first is made small."""
    signal.signal(signal.SIGALRM, _hangs)
    inputs = 0
    failures: dict[str, Failure] = {}
    for number in numbers:
        case = make(seed, number)
        inputs += sum(step.what == "type" for step in case.steps)
        found = _failure(case)
        if found is not None and found[0] not in failures:
            failures[found[0]] = Failure(number, *found, shrunk(case, found[0]))
    return Outcome(inputs, list(failures.values()))


def outcomes(seed: int, jobs: int, enough: Callable[[], bool]) -> Iterator[Outcome]:
    """Yield the outcome of batch after batch, until there is enough."""
    starts = count(0, BATCH)
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[Outcome]] = set()
        while running or not enough():
            while len(running) < 2 * jobs and not enough():
                start = next(starts)
                running.add(pool.submit(batch, seed, range(start, start + BATCH), PATIENCE))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


def _tell(failure: Failure, seed: int) -> None:
    case = failure.case
    print(f"\n{failure.kind}: --seed {seed} --only {failure.number}, model {case.model}, {case.chunk} bytes at once, "
          f"{case.consoles} consoles, faults' seed {case.dice}")  # fmt: skip
    for step in case.steps:
        print(f"    {step}")
    print("".join(f"  | {line}\n" for line in failure.report.splitlines()[-14:]), flush=True)


def main() -> int:
    """Type until the inputs are spent, and return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many inputs (%(default)s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--seed", type=int, default=1, help="of all dice (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--only", type=int, metavar="N", help="the one dialogue of that number")
    given = parser.parse_args()
    began = last = time.monotonic()
    inputs, dialogues = 0, 0
    failures: dict[str, Failure] = {}
    kinds: Counter[str] = Counter()
    if given.only is not None:
        results = iter([batch(given.seed, range(given.only, given.only + 1), PATIENCE)])
    else:
        results = outcomes(
            given.seed, given.jobs, lambda: inputs >= given.inputs or time.monotonic() - began > given.seconds
        )
    for outcome in results:
        inputs += outcome.inputs
        dialogues += BATCH if given.only is None else 1
        for failure in outcome.failures:
            kinds[failure.kind] += 1
            if failure.kind not in failures:
                failures[failure.kind] = failure
                _tell(failure, given.seed)
        if time.monotonic() - last > 10:
            last = time.monotonic()
            print(f"{inputs:,} inputs in {last - began:.0f} s, {len(failures)} kinds of failure", flush=True)
    took = time.monotonic() - began
    print(f"{inputs:,} inputs in {dialogues:,} dialogues, seed {given.seed}, {took:.1f} s ({inputs / took:,.0f}/s): "
          f"{len(failures)} kinds of failure {dict(kinds) if kinds else ''}")  # fmt: skip
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
