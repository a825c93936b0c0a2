"""The command line as it is typed: options, help pages, and what is said when something is wrong."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import onemo.__main__
import onemo.cli.run
import pytest
from onemo.cli.values import joined
from onemo.runtime.line import Cable
from onemo.runtime.models import Overrides
from onemo.runtime.network import NetworkOptions
from onemo.runtime.options import GROUPS, OPTIONS, ModuleOptions
from onemo.runtime.spec import Spec, spec_of

from tests.unit.cli.conftest import Typed, on_a_terminal, started

COMMANDS = ("run", "demo", "models", "show", "check-profile", "sandbox-ca", "firmware", "trace", "record", "replay",
            "lab", "ctl", "doctor", "completion", "help")  # fmt: skip
RUN, SHOW = "(onemo-emulator run --help tells more)", "(onemo-emulator show --help tells more)"
SECONDS = "write a number of seconds, 0 or more"
ZONE = "write quarters of an hour from -48 to 56, like 32 for UTC+8"
OCTAL = "write the permissions in octal, from 0 to 777, like 660"
COMPLAINTS = {
    "rnu": "there is no command 'rnu'; did you mean run? (onemo-emulator --help tells more)",
    "xyz": "there is no command 'xyz'; there are run, demo, models, show, check-profile, sandbox-ca, firmware, trace, "
    "record, replay, lab, ctl, doctor, completion, help (onemo-emulator --help tells more)",
    "--xyz": "there is no option '--xyz'; there are --help, -h, --version, -V (onemo-emulator --help tells more)",
    "run --lnk /tmp/x": f"there is no option '--lnk'; did you mean --link? {RUN}",
    "run --lnk=/tmp/x": f"there is no option '--lnk'; did you mean --link? {RUN}",
    "run --no-json": f"there is no option '--no-json'; did you mean --json? {RUN}",
    "run ML307R MN316": f"'MN316' is one argument too many {RUN}",
    "run --link": f"--link needs a value {RUN}",
    "run --link a --link b": f"--link is given more than once {RUN}",
    "run --json=5": f"--json takes no value {RUN}",
    "run --boot-time soon": f"--boot-time soon: {SECONDS} {RUN}",
    "run --boot-time -1": f"--boot-time -1: {SECONDS} {RUN}",
    "run --boot-time nan": f"--boot-time nan: {SECONDS} {RUN}",
    "run --boot-time inf": f"--boot-time inf: {SECONDS} {RUN}",
    "run --pty-mode rw": f"--pty-mode rw: {OCTAL} {RUN}",
    "run --pty-mode 680": f"--pty-mode 680: {OCTAL} {RUN}",
    "run --pty-mode 1000": f"--pty-mode 1000: {OCTAL} {RUN}",
    "run --pty-mode=-660": f"--pty-mode -660: {OCTAL} {RUN}",
    "run --pty-mode=": f"--pty-mode : {OCTAL} {RUN}",
    "run --zone east": f"--zone east: {ZONE} {RUN}",
    "run --zone 57": f"--zone 57: {ZONE} {RUN}",
    "run --zone -49": f"--zone -49: {ZONE} {RUN}",
    "run --zone=--5": f"--zone --5: {ZONE} {RUN}",
    "run --zone=\u0663": f"--zone \u0663: {ZONE} {RUN}",
    "run --zone=": f"--zone : {ZONE} {RUN}",
    "run --route nonsense": "route 'nonsense': there is no '='; a route is PATTERN=TARGET, for example ",
    "run --route a=b --route a:99999=b": "route 'a:99999=b': the port '99999' is neither 1-65535 nor '*'; ",
    "run --route *=sandbox:80": "route '*=sandbox:80': as a target, 'sandbox' stands alone; ",
    "run --route": f"--route needs a value {RUN}",
    "run --connect 127.0.0.1:0": "--connect 127.0.0.1:0: there is no port 0 to connect to; write HOST:PORT, as in ",
    "run --deny": f"--deny needs a value {RUN}",
    "run --deny 1.2.3": "pattern '1.2.3': '1.2.3' is no IPv4 address; a pattern is HOST or HOST:PORT, for example ",
    "run --deny=": "pattern '': there is no host; ",
    "run --offline=5": f"--offline takes no value {RUN}",
    "run --sandbox-file": f"--sandbox-file needs a value {RUN}",
    "run --uart x --strict-baud": "--strict-baud needs a speed of the DTE, and --uart tells none: use RFC 2217 ",
    "run --sandbox-file /dev/null": "--sandbox-file: nothing leads to the sandbox; add --sandbox, or a route to it",
    "run --tcp :0 --strict-baud": "--strict-baud needs a speed of the DTE, and --tcp tells none: use RFC 2217 ",
    "run --sandbox-family ipv4": "--sandbox-family: nothing leads to the sandbox; add --sandbox, or a route to it",
    "run --sandbox --sandbox-family v4": f"--sandbox-family v4: write ipv4 or ipv6 or both {RUN}",
    "run --sandbox --sandbox-file /no/such": "/no/such: cannot be read: No such file or directory; name a file ",
    "run --sandbox --sandbox-file /": "/: cannot be read: Is a directory",
    "run --baud fast --uart x": f"--baud fast: write a speed in bit/s, like 115200 {RUN}",
    "run --baud 9600": "--baud is the speed of a serial device: name that with --uart, or use AT+IPR",
    "run --tcp :0 --uart x --exec y": "--tcp and --uart and --exec: a module has one line; choose one of them",
    "run --tcp :0 --link /tmp/x": "--link is for a pseudo-terminal, and --tcp is none: leave one of them out",
    "run --uart x --pty-mode 660": "--pty-mode is for a pseudo-terminal, and --uart is none: leave one of them out",
    "run --port": f"--port needs a value {RUN}",
    "run --port /tmp/x --port /tmp/x": "--port /tmp/x is there twice: give each port a path of its own",
    "run --link /tmp/x --port /tmp/./x": "--port /tmp/x is there twice: give each port a path of its own",
    "run --trace x --nv ./x": "--trace x is the nv as well: give each a file of its own",
    "run --trace x --ready-file x": "--trace x is the ready file as well: give each a file of its own",
    "run --scenario s.toml --nv s.toml": "--nv s.toml is the scenario as well: give each a file of its own",
    "run --port /no/such/port": "cannot make the link /no/such/port: No such file or directory: choose a path ",
    "run --port /dev/null": "/dev/null exists and is no emulator's link: remove it or choose another path",
    "run --control nowhere": "--control nowhere: write HOST:PORT, as in 127.0.0.1:7000 or [::1]:7000; ",
    "run --tcp nowhere": "--tcp nowhere: write HOST:PORT, as in 127.0.0.1:7000 or [::1]:7000; ",
    "run --connect h": "--connect h: write HOST:PORT, as in 127.0.0.1:7000 or [::1]:7000\n",
    "run --rfc2217 h:99999": "--rfc2217 h:99999: write HOST:PORT, as in 127.0.0.1:7000 or [::1]:7000; ",
    "run --uart /dev/null": "cannot use /dev/null at 115200 bit/s: it is no serial device: name one, like /dev/ttyUSB0",
    "run --uart pyproject.toml": "cannot use pyproject.toml at 115200 bit/s: it is no serial device: ",
    "run --uart docs": "cannot use docs at 115200 bit/s: it is no serial device: ",
    "run --uart=": "the name of the serial device is empty: name one, like /dev/ttyUSB0",
    "run --exec no-such-program": "cannot run no-such-program: No such file or directory: name a program ",
    "run --exec": f"--exec needs a value {RUN}",
    "run --nv": f"--nv needs a value {RUN}",
    "run --nv /no/such/nv": "cannot keep the settings in /no/such/nv: No such file or directory: choose a file in ",
    "run --nv /dev/null": "cannot keep the settings in /dev/null: it is no regular file: choose another file",
    "run --name": f"--name needs a value {RUN}",
    "run --imei 12345678901234": "'12345678901234' is no IMEI: give its 15 digits",
    "run --imei 12345678901234x": "'12345678901234x' is no IMEI: give its 15 digits",
    "run --imei=": "'' is no IMEI: give its 15 digits",
    "run --imei=-12345678901234": "'-12345678901234' is no IMEI: give its 15 digits",
    "run --imsi 4600012345": "'4600012345' is no IMSI: give its 15 digits",
    "run --imsi 46000123456789\u0663": "'46000123456789\u0663' is no IMSI: give its 15 digits",
    "run --iccid 898600": "'898600' is no ICCID: give its 20 digits",
    "run --iccid": f"--iccid needs a value {RUN}",
    "run --revision=": "'' is no revision: give printable ASCII characters, like ",
    "run --revision R\u00e9": "'R\u00e9' is no revision: give printable ASCII characters, like ",
    "run --pin 123": "'123' is no PIN: give 4 to 8 digits",
    "run --pin 123456789": "'123456789' is no PIN: give 4 to 8 digits",
    "run --pin=-1234": "'-1234' is no PIN: give 4 to 8 digits",
    "run --pin 12a4": "'12a4' is no PIN: give 4 to 8 digits",
    "run --no-sim=5": f"--no-sim takes no value {RUN}",
    "run --sim": f"there is no option '--sim'; did you mean --no-sim? {RUN}",
    "run --register-time soon": f"--register-time soon: {SECONDS} {RUN}",
    "run --register-time -1": f"--register-time -1: {SECONDS} {RUN}",
    "run --speed 0": f"--speed 0: write how many times faster, from 0.001 to 1000000, like 10 {RUN}",
    "run --speed fast": "--speed fast: ",
    "run --speed -2": "--speed -2: ",
    "run --speed nan": "--speed nan: ",
    "run --speed inf": "--speed inf: ",
    "demo MN316 ML307R": "'ML307R' is one argument too many (onemo-emulator demo --help tells more)",
    "demo ML307Q": "there is no model 'ML307Q'; did you mean ",
    "run --profiles /no/such": f"--profiles /no/such: there is no such directory {RUN}",
    "run --profiles /etc/passwd": f"--profiles /etc/passwd: is a file, not a directory {RUN}",
    "show": f"MODEL is missing {SHOW}",
    "show --profiles / --profiles /no/such MN316": f"--profiles /no/such: there is no such directory {SHOW}",
    "show MN316 E V": f"'V' is one argument too many {SHOW}",
    "show ML307Q": "there is no model 'ML307Q'; did you mean ",
    "show zzz": "there is no model 'zzz'; no name comes close (onemo-emulator models lists all)",
    "show MN316 ATE V": f"'V' is one argument too many {SHOW}",
    "check-profile": "FILE is missing (onemo-emulator check-profile --help tells more)",
    "check-profile /no/such": "/no/such: there is no such file",
    "check-profile /": "/ is a directory; name a TOML file",
}


@pytest.mark.parametrize("line", COMPLAINTS)
def test_a_mistake_is_told_in_one_line(typed: Typed, line: str) -> None:
    printed = typed(*line.split())
    assert printed.err.startswith(f"onemo-emulator: {COMPLAINTS[line]}")
    assert (printed.status, printed.out, printed.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("MN31", "did you mean MN319, MN318 or MN316?"),
        ("ML307A-DCLM", "did you mean ML307A-DCLN, "),
        ("ml307r-dlx", "did you mean ML307R-DL, "),
    ],
)
def test_the_nearest_names_of_a_model(typed: Typed, asked: str, meant: str) -> None:
    assert f"there is no model {asked!r}; {meant}" in typed("show", asked).err


def test_a_run_with_every_option(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ModuleOptions] = []
    monkeypatch.setattr(onemo.cli.run, "serve", asked.append)
    options = f"--link /tmp/x --pty-mode 0660 --profiles {tmp_path} --profiles / --boot-time 1.5 --trace t --json -v"
    assert typed("run", "mn316", *options.split()).status == 0
    assert typed("run").status == 0
    outside = "--route a=b --route *=direct --deny c:1 --deny d --offline --sandbox --sandbox-file s --nv n/ --zone -20"
    assert typed("run", *outside.split(), "--sandbox-family", "ipv4").status == 0
    who = "--name node7 --imei 1 --imsi 2 --iccid 3 --revision R1 --pin 4321 --no-sim --register-time 2.5 --speed 10"
    assert typed("run", *who.split()).status == 0
    lines = ["--tcp", "h:1", "--rfc2217", ":2", "--uart", "/dev/x", "--baud", "9600", "--exec", "fw {port}", "--pace"]
    lines += [
        "--connect",
        "h:3",
        "--exec-when",
        "registered",
        "--log",
        "l",
        "--power-on",
        "open",
        "--early-input",
        "lost",
        "--no-strict-baud",
    ]
    assert typed("run", *lines).status == 0
    assert [spec_of(options) for options in asked] == [
        Spec("mn316", (tmp_path, Path("/")), 1.5, cable=Cable(Path("/tmp/x"), 0o660)),
        Spec("ML307R"),
        Spec(
            "ML307R",
            overrides=Overrides(zone=-20),
            network=NetworkOptions(("a=b", "*=direct"), ("c:1", "d"), True, True, Path("s"), "ipv4"),
            nv="n/",
        ),
        Spec("ML307R", overrides=Overrides("node7", "1", "2", "3", "R1", 2.5, "4321", sim=False, speed=10.0)),
        Spec(
            "ML307R",
            cable=Cable(
                tcp="h:1",
                connect="h:3",
                rfc2217=":2",
                uart="/dev/x",
                baud=9600,
                command="fw {port}",
                exec_when="registered",
                pace=True,
                power_on="open",
                strict_baud=False,
            ),
            early_input="lost",
        ),
    ]
    assert [(options.trace, options.json, options.verbose, options.log) for options in asked] == [
        (Path("t"), True, True, None),
        *[(None, False, False, None)] * 3,
        (None, False, False, Path("l")),
    ]


def test_every_mistake_of_a_sandbox_file(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text("hosts = 5\n[ping]\nttl = 0\n")
    printed = typed("run", "--sandbox", "--sandbox-file", str(file))
    assert (printed.status, printed.out) == (2, "")
    assert printed.err == (
        f"onemo-emulator: {file}: hosts: is not a table\n  {file}: ping.ttl: is 0, not a whole number from 1 to 255\n"
    )


# ---- The ready line


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], {"model": "MN316"}),
        (["--name", "node 7"], {"name": "node 7", "model": "MN316"}),
        (["--name", "\u00fcber\n"], {"name": "\u00fcber\n", "model": "MN316"}),
    ],
)
def test_the_ready_line_as_json(options: list[str], told: dict[str, str]) -> None:
    with started("run", "MN316", "--json", "--speed", "100", *options) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.terminate()
        assert process.communicate() == ("", "")
    assert ready == {**told, "port": ready["port"], "link": None}
    assert list(ready) == [*told, "port", "link"]
    assert ready["port"].startswith("/dev/pts/")


# ---- Help


def test_the_first_page_lists_the_commands_in_order(typed: Typed) -> None:
    printed = typed("--help")
    assert printed.status == 0
    assert re.findall(r"^│ (\w[\w-]+)  ", printed.out, re.MULTILINE) == list(COMMANDS)
    assert printed.out == typed("-h").out == typed().out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_page_with_examples(typed: Typed, command: str) -> None:
    printed = typed(command, "--help")
    assert printed.out.startswith(f"Usage: onemo-emulator {command} ")
    assert f"\n  onemo-emulator {command} " in printed.out
    assert "[default:" not in printed.out
    assert max(map(len, printed.out.splitlines())) <= 80


@pytest.mark.parametrize(
    "option", ["--route PATTERN=TARGET", "--deny PATTERN", "--offline", "--sandbox", "--sandbox-file FILE", "--nv FILE"]
)
def test_help_tells_of_what_is_outside(typed: Typed, option: str) -> None:
    assert f"│ {option}  " in typed("run", "--help").out


@pytest.mark.parametrize(
    "option",
    [
        *("--name STR", "--imei DIGITS", "--imsi DIGITS", "--iccid DIGITS", "--revision TEXT", "--pin DIGITS"),
        *("--no-sim", "--register-time SECONDS", "--speed N"),
    ],
)
def test_help_tells_of_who_the_module_is(typed: Typed, option: str) -> None:
    assert f"│ {option}  " in typed("run", "--help").out


@pytest.mark.parametrize("columns", [40, 60])
def test_help_fits_a_narrow_terminal(columns: int) -> None:
    lines = on_a_terminal(columns, "run", "--help", NO_COLOR="1")
    assert max(len(re.sub("\x1b\\[[0-9;]*m", "", line)) for line in lines) <= columns


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(typed: Typed, flag: str) -> None:
    python = re.escape(f"{onemo.__version__} (Python {platform.python_version()}")
    status, out, err = typed(flag)
    assert (status, err) == (0, "")
    assert re.fullmatch(python + r"(, commit [0-9a-f]{7,}\+?)?\)\n", out)


@pytest.mark.parametrize("words", [["run"], ["ctl", "sms"], ["check-profile"], []])
def test_help_is_the_page_of_a_command(typed: Typed, words: list[str]) -> None:
    assert typed("help", *words) == typed(*words, "--help")
    assert typed("help", *words).status == 0


def test_help_of_what_is_none(typed: Typed) -> None:
    assert typed("help", "rnu").err == f"onemo-emulator: {COMPLAINTS['rnu']}\n"


def test_every_option_stands_under_a_heading(typed: Typed) -> None:
    assert [option.name for option in OPTIONS.values() if not option.group and option.name != "model"] == []
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(OPTIONS.keys() - {"model"})
    page = typed("run", "--help").out
    headings = re.findall(r"╭─ ([A-Z][a-z ]+) ─", page)
    assert headings == ["Arguments", *GROUPS]


def test_the_command_and_the_module_are_the_same() -> None:
    (command,) = entry_points(group="console_scripts", name="onemo-emulator")
    assert command.load() is onemo.__main__.main
    with started("--version") as process:
        out, err = process.communicate()
    assert (out.split()[0], err) == (onemo.__version__, "")


# ---- What a profile of one's own has wrong


def test_run_lists_all_mistakes(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'extends = "models/mn316.toml"\nsource = "x"\n[line]\nguard = "long"\n[commands.NOPE]\navailable = true\n'
    )
    with started("run", "OWN", "--profiles", str(tmp_path)) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert err.splitlines() == [
        "onemo-emulator: the profile has 2 mistakes:",
        "  own.toml: line.guard: is 'long', not a number",
        "  own.toml: commands.NOPE: no command has this name",
    ]


# ---- Where the output goes


def test_running_needs_nothing_of_the_other_commands() -> None:
    """Nor the library that reads command lines: imports are most of the time until the port is ready."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from onemo.__main__ import main\n"
        "main()"
    )
    command = [sys.executable, "-c", code, "run", "--boot-time", "0", "--exec", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].split()
    assert "trio" in loaded
    others = {"cyclopts", "rich", "dns", "pydantic", "inotify_simple", "starlette", "h11", "httpx", "anyio", "json"}
    assert not others & {name.partition(".")[0] for name in loaded}
    assert not [name for name in loaded if name.startswith("onemo.control")]
    assert [name for name in loaded if name.startswith("onemo.cli.")] == [
        "onemo.cli.plain",
        "onemo.cli.outcome",
        "onemo.cli.controlled",
        "onemo.cli.ending",
        "onemo.cli.traces",
        "onemo.cli.run",
    ]


@pytest.mark.parametrize("command", ["trace", "record", "replay", "lab"])
def test_the_first_page_says_what_the_commands_own_page_says(typed: Typed, command: str) -> None:
    """It stands twice, so that the other commands need not be imported."""
    pages = [typed(*line).out for line in (["--help"], [command, "--help"])]
    first, own = (" ".join(re.sub("[│╭╮╰╯─]", " ", page).split()) for page in pages)
    about = own.partition("[OPTIONS] ")[2].partition(". ")[0]
    assert f"{command} {about}." in first


def test_thousands_of_patterns_are_read_in_the_time_of_a_start() -> None:
    """The library looks at all that follows for each occurrence of an option."""
    one = (["run"] + ["--deny", "a.test", "--deny=b.test", "-v"] * 2000) + ["--route", "a=b", "--", "--deny", "c"]
    assert joined(one) == [
        *("run", "--deny=" + "\0".join(["a.test", "b.test"] * 2000), *["-v"] * 2000),
        *("--route=a=b", "--", "--deny", "c"),
    ]


@pytest.mark.parametrize("arguments", [["--deny"], ["--deny", "-v"], ["--name", "x"], ["lab", "f"], ["--deny=", "x"]])
def test_other_arguments_stay_as_they_are(arguments: list[str]) -> None:
    assert joined(arguments) == arguments


def test_each_of_several_values_is_judged(typed: Typed) -> None:
    told = typed("run", "--deny", "a.test", "--deny", "a b", "--deny", "c.test")
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert told.err.startswith("onemo-emulator: pattern 'a b': ")
