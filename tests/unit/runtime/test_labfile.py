"""The file of a lab: what it may say, what becomes of it, and every mistake with its key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onemo.cli.labs import _LAB
from onemo.errors import UsageError
from onemo.faults.plan import Fault
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import KEYS, Planned
from onemo.runtime.line import Cable
from onemo.runtime.models import Overrides
from onemo.runtime.network import NetworkOptions
from onemo.runtime.spec import Spec

from tests.unit.runtime.conftest import Read


def names(planned: tuple[Planned, ...]) -> list[str | None]:
    return [each.spec.overrides.name for each in planned]


# ---- What it says


def test_every_key(read: Read, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "box.toml").touch()
    first, second, third = read("""
        profiles = ["mine"]
        [[module]]
        name = "a"
        model = "mn316"
        link = "ports/a"
        ports = ["ports/b", "/tmp/c"]
        pty_mode = "0660"
        pace = true
        imei = "123456789012345"
        imsi = "460031234567890"
        iccid = "89860012345678901234"
        revision = "R{sub_model}"
        pin = "4321"
        zone = -20
        boot_time = 1
        register_time = 2.5
        speed = 10
        nv = "state/"
        source = "127.0.0.5"
        routes = ["a=b", "*=direct", "x=sandbox"]
        deny = ["c:1"]
        offline = true
        sandbox = true
        sandbox_file = "box.toml"
        sandbox_family = "ipv6"
        trace = "/tmp/trace.jsonl"
        [[module]]
        name = "b"
        link = "uart:///dev/ttyUSB0"
        baud = 9600
        no_sim = true
        [[module]]
        link = "rfc2217://[::1]:7000"
    """)
    overrides = Overrides(
        *("a", "123456789012345", "460031234567890", "89860012345678901234", "R{sub_model}", 2.5, "4321"),
        zone=-20,
        speed=10.0,
    )
    plan = NetworkOptions(("a=b", "*=direct", "x=sandbox"), ("c:1",), True, True, tmp_path / "box.toml", "ipv6")
    cable = Cable(tmp_path / "ports/a", 0o660, pace=True, ports=(tmp_path / "ports/b", Path("/tmp/c")))
    spec = Spec("mn316", (tmp_path / "mine",), 1.0, overrides, cable, plan, f"{tmp_path}/state/", "127.0.0.5")
    assert first == Planned(spec, Path("/tmp/trace.jsonl"))
    assert second.spec.cable == Cable(uart="/dev/ttyUSB0", baud=9600)
    assert second.spec.overrides == Overrides("b", sim=False)
    assert third.spec.cable == Cable(rfc2217="[::1]:7000")
    assert names((third,)) == ["ML307R-1"]


def test_a_table_many_times(read: Read, tmp_path: Path) -> None:
    planned = read("""
        [[module]]
        count = 12
        name = "m-{n:03}"
        link = "tcp://:{n+40000}"
        ports = ["m-{n:03}-nmea", "m-{i}"]
        routes = ["a{n}=b{n-1}:80", "c=d"]
    """)
    assert names(planned) == [f"m-{n:03}" for n in range(1, 13)]
    assert [each.spec.cable.tcp for each in planned] == [f":{40000 + n}" for n in range(1, 13)]
    assert planned[4].spec.network.routes == ("a5=b4:80", "c=d")
    assert planned[4].spec.cable.ports == (tmp_path / "m-005-nmea", tmp_path / "m-4")


@pytest.mark.parametrize(("number", "begins"), [(0, [5, 1]), (1, [7, 2]), (10, [25, 11])])
def test_a_slice_goes_on_where_the_one_before_ended(read: Read, number: int, begins: list[int]) -> None:
    tables = '[[module]]\nfirst = 5\nname = "a{n}"\ncount = 2\nlink = "tcp://:{i+7000}"\n[[module]]\nname = "b{n}"'
    planned = read(tables, number)
    assert names(planned) == [f"a{begins[0]}", f"a{begins[0] + 1}", f"b{begins[1]}"]
    assert [each.spec.cable.tcp for each in planned[:2]] == [":7000", ":7001"], "as every slice has it"


@pytest.mark.parametrize("name", ["gateway", "m-{i}", "{i+7}"])
def test_a_name_is_in_one_slice_alone(read: Read, name: str) -> None:
    """And its identity with it; a port may be the same, on another host."""
    table = f'[[module]]\nname = "{name}"\nlink = "tcp://127.0.0.1:7001"'
    assert len(read(table, 0)) == 1
    with pytest.raises(UsageError, match=r"module\[1\]\.name: \S+ is in every slice; give each its own, as with \{n\}"):
        read(table, 1)
    with pytest.raises(UsageError, match=r"defaults\.name: "):
        read(f'[defaults]\nname = "{name}"\n[[module]]', 1)
    assert len(read(table.replace(f'"{name}"', '"{i}-{n}"'), 1)) == 1
    assert len(read(table.replace(f'name = "{name}"', ""), 1)) == 1


def test_faults(read: Read, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[[step]]\ndo = "net-reset"')
    planned = read("""
        [[module]]
        name = "a"
        seed = 7
        scenario = "s.toml"
        [[module]]
        name = "b"
        model = "MN316"
        [[faults]]
        kind = "net-reset"
        times = 1
        [[faults]]
        kind = "sim-remove"
        after = "5s"
        module = "B"
        [[faults]]
        kind = "open-late"
        module = "ml307r"
    """)
    first, second = (each.spec.faults for each in planned)
    assert said(first.faults) == [["net-reset times=1"], ["urc-delay seconds=5s urc=MIPOPEN module=ml307r times=1"]]
    assert first.seed == 7
    assert said(step.faults for step in first.steps) == [["net-reset"]]
    assert said(second.faults) == [["net-reset times=1"], ["sim-remove module=B after=5s"]]


def said(faults: Iterable[tuple[Fault, ...]]) -> list[list[str]]:
    """As they would be typed."""
    return [list(map(str, each)) for each in faults]


def test_a_fault_is_what_its_table_says(read: Read) -> None:
    """Nothing of it passes through text, in which it may have another meaning."""
    (planned,) = read(r"""
        [[module]]
        [[faults]]
        kind = "net-reset"
        after = 2.0
        [[faults]]
        kind = "urc"
        text = 'a "b" \\ \x7f \r'
        on = "boot"
    """)
    (late,), (urc,) = planned.spec.faults.faults
    assert (late.after, late.after_seconds) == (0, 2.0)
    assert urc.data("text") == b'a "b" \\ \x7f \r'


def test_faults_that_are_wrong(read: Read) -> None:
    with pytest.raises(UsageError, match=r"faults\[1\]: .*did you mean net-reset") as told:
        read('[[module]]\n[[faults]]\nkind = "net-rest"\n[[faults]]\nkind = "net-reset"\nmodule = "x"')
    assert "faults[2].module: no module is called 'x'" in str(told.value)


def test_names_that_nobody_gave(read: Read) -> None:
    content = '[[module]]\ncount = 2\n[[module]]\n[[module]]\nmodel = "MN316"\n[[module]]\nname = "a{n}"\n[[module]]'
    assert names(read(content)) == ["ML307R-1", "ML307R-2", "ML307R-3", "MN316-1", "a1", "ML307R-4"]
    assert names(read(content, 7)) == ["ML307R-43", "ML307R-44", "ML307R-45", "MN316-43", "a8", "ML307R-46"]


def test_defaults(read: Read) -> None:
    planned = read("""
        [defaults]
        model = "MN316"
        routes = ["a=b"]
        link = "tcp://:{n+7000}"
        [[module]]
        [[module]]
        model = "MN318"
        routes = []
        link = "tcp://:0"
    """)
    assert [(each.spec.model, each.spec.network.routes) for each in planned] == [("MN316", ("a=b",)), ("MN318", ())]
    assert [each.spec.cable.tcp for each in planned] == [":7001", ":0"]


@given(st.integers(0, 10**9), st.integers(-(10**6), 10**6), st.integers(0, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_numbers_in_texts(read: Read, n: int, plus: int, width: int) -> None:
    written = f"{{n{plus:+}:0{width}}}"
    (planned,) = read(f'[[module]]\nfirst = {n}\nname = "x{written}y{{m}}"')
    assert planned.spec.overrides.name == f"x{str(n + plus).zfill(width)}y{{m}}"


# ---- Mistakes


def test_every_mistake_at_once(mistakes: Callable[[str], list[str]]) -> None:
    assert mistakes("""
        profile = []
        [defaults]
        speed = 0
        revison = "1"
        [[module]]
        imei = "{n}"
        count = 50
        [[module]]
        speed = 1
        pin = "12"
        modle = "MN316"
        [[module]]
        speed = 2
        zone = true
        name = "{name}"
        link = "a\\u0000b"
        [[module]]
        model = "zzz"
        source = "x"
        scenario = "/no/such"
        [[faults]]
        kind = "net-rest"
        [[faults]]
        kind = "net-reset"
        module = "any"
    """) == [
        "profile: is unknown here; did you mean profiles?",
        "defaults.revison: is unknown here; did you mean revision?",
        "defaults.speed: is 0.0, not a number from 0.001 to 1000000",
        "module[1].imei: '1' is no IMEI: give its 15 digits",
        "module[2].modle: is unknown here; did you mean model?",
        "module[2].pin: '12' is no PIN: give 4 to 8 digits",
        "module[3].name: {name} is none of {n}, {n:04}, {n+40000} and {n+40000:06}",
        "module[3].link: is 'a\\x00b': it has a NUL character, which nothing here can have",
        "module[3].zone: is True, not a whole number",
        "module[4].model: there is no model 'zzz'; no name comes close",
        "module[4].source: 'x' is no address of a host: give one of this host's, like 127.0.0.5",
        "module[4].scenario: /no/such: cannot be read: No such file or directory; name a file that can be read",
        "faults[1]: there is no fault 'net-rest'; did you mean net-reset or net-refuse?",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "module: is empty; a lab has at least one table [[module]]"),
        ("module = []", "module: is empty; a lab has at least one table [[module]]"),
        ("[module]", "module: is not an array"),
        ("module = [1]", "module.0: is not a table"),
        ("defaults = 1\n[[module]]", "defaults: is not a table"),
        ("[default]\n[[module]]", "default: is unknown here; did you mean defaults?"),
        ('profiles = ["/no/such"]\n[[module]]', "profiles: /no/such: there is no such directory"),
        ('[defaults]\npin = "x"\n[[module]]\n[[module]]', "defaults.pin: 'x' is no PIN: give 4 to 8 digits"),
        ("[[module", "is not TOML: "),
    ],
)
def test_a_mistake_of_the_whole(mistakes: Callable[[str], list[str]], content: str, told: str) -> None:
    (only,) = mistakes(content)
    assert only.startswith(told)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_lab(tmp_path / "lab.toml")


def test_a_profile_with_mistakes(read: Read, tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text('extends = "models/ml307r.toml"\nseries = "ACME"\nnonsense = 1\n')
    with pytest.raises(UsageError, match=r"module\[1\]\.model: its profile has mistakes:\n.*acme\.toml: "):
        read('profiles = ["."]\n[[module]]\nmodel = "ACME"')


ALONE = {
    "name": ('"x"', '"x"', "x"),
    "link": ('"/tmp/x"', '"/tmp/../tmp/x"', "/tmp/x"),
    "ports": ('["/tmp/x"]', '["/tmp/y", "/tmp/../tmp/x"]', "/tmp/x"),
    "nv": ('"/tmp/x.json"', '"/tmp/x.json"', "/tmp/x.json"),
    "trace": ('"/tmp/x"', '"/tmp/x"', "/tmp/x"),
    "msisdn": ('"+861440000000001"', '"+1440000000001"', "1440000000001"),
}


@pytest.mark.parametrize("key", ALONE)
def test_what_only_one_module_can_have(mistakes: Callable[[str], list[str]], key: str) -> None:
    one, other, place = ALONE[key]
    with_n = 'as with "+86144000000{n:04}"' if key == "msisdn" else "as with {n}"
    told = f"{place} is module[1].{key} as well; give each module its own, {with_n}"
    assert mistakes(f"[[module]]\n{key} = {one}\n[[module]]\n{key} = {other}") == [f"module[2].{key}: {told}"]
    told = f"{place} is the same for every n; give each module its own, {with_n}"
    assert mistakes(f"[[module]]\n{key} = {one}\ncount = 9") == [f"module[1].{key}: {told}"]


def test_ports_and_devices_are_one_modules_too(mistakes: Callable[[str], list[str]], read: Read) -> None:
    links = ["tcp://:7000", "rfc2217://127.0.0.1:7000", "uart:///dev/null", "uart:///dev/../dev/null"]
    told = mistakes("".join(f'[[module]]\nlink = "{link}"\n' for link in links))
    assert [each.partition("; ")[0] for each in told] == [
        "module[2].link: 127.0.0.1:7000 is module[1].link as well",
        "module[4].link: /dev/null is module[3].link as well",
    ]
    (clash,) = mistakes('[[module]]\nname = "a"\nnv = "state/"\n[[module]]\nname = "b"\nnv = "state/a"\n')
    assert "state/a is module[1].nv as well" in clash, "the contents of their files would lie in one place"
    assert len(read('[[module]]\ncount = 2\nlink = "tcp://:0"\nnv = "state/"\nimei = "123456789012345"')) == 2


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab{n+0:4}/", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abn", max_size=3), inner, max_size=3),
    max_leaves=6,
), st.sampled_from(sorted(KEYS)))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_value_is_it_is_taken_or_told(read: Read, value: object, key: str) -> None:
    told = ""
    try:
        read(f"[[module]]\n{key} = {written(value)}")
    except UsageError as error:
        told = str(error)
    assert not told or f"/lab.toml: module[1].{key}" in told


def written(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return '"none"' if value is None else json.dumps(value)


@pytest.mark.parametrize("number", [0, 1])
def test_the_file_of_the_help_page(read: Read, number: int) -> None:
    lines = _LAB.split("Examples:")[0].splitlines()[1:]
    planned = read("\n".join(lines), number)
    assert len(planned) == 51
    assert planned[-1].spec.overrides.name == f"gateway-{number + 1}"
    assert planned[-1].spec.cable.tcp == f"127.0.0.1:{7000 + number}"


def test_a_mistake_that_only_a_slice_has_names_it(read: Read) -> None:
    text = '[[module]]\ncount = 10000\nlink = "tcp://127.0.0.1:{n+20000}"\n'
    assert len(read(text, 3)) == 10000
    with pytest.raises(UsageError, match=r"65536: write HOST:PORT, .* \(in slice 4; slice 0 has no such mistake\)$"):
        read(text, 4)
    with pytest.raises(UsageError) as caught:
        read(text.replace("{n+20000}", "70000"), 4)
    assert "slice" not in str(caught.value)


def test_each_module_of_a_table_has_a_number_of_its_own(read: Read) -> None:
    planned = read('[[module]]\nmsisdn = "+86144000000{n:04}"\ncount = 2')
    assert [each.spec.overrides.msisdn for each in planned] == ["+861440000000001", "+861440000000002"]
