"""Profiles: the chain of files, sub-models, and where values come from."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from onemo.errors import ProfileError, UnknownModel
from onemo.profile.layers import Origin
from onemo.profile.loader import builtin_directory, model_files, sub_models
from onemo.profile.ranges import Range

from tests.support.profiles import load, load_file

FILES = sorted(builtin_directory().rglob("*.toml"))
NAMES = [name for file in model_files().values() for name in sub_models(file)]
Write = Callable[[str, str], Path]


def leaves(values: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values, without those of a section that have its default."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    elif hasattr(values, "_asdict"):
        defaults = values._field_defaults  # type: ignore[attr-defined]
        for key, value in values._asdict().items():
            if key not in defaults or value != defaults[key]:
                yield from leaves(value, (*path, key))
    else:
        yield path


def exists(profile: object, path: tuple[str, ...]) -> bool:
    for key in path:
        profile = profile[key] if isinstance(profile, Mapping) else getattr(profile, key)
    return not isinstance(profile, Mapping) and not hasattr(profile, "_asdict")


def unsourced(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The leaves that neither their own table nor one above it, short of the file, gives a source."""
    if path and "source" in table:
        return
    for key, value in table.items():
        if key in ("extends", "source", "sources", *table.get("sources", {})):
            continue
        if isinstance(value, Mapping):
            yield from unsourced(value, (*path, key))
        else:
            yield (*path, key)


# ---- what is shipped -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_every_model_has_a_source(name: str) -> None:
    loaded = load(name)
    said = {**loaded.profile._asdict(), **loaded.profile.tables}
    del said["tables"]
    assert set(leaves(said)) - {("sub_model",), ("lacks",)} <= set(loaded.origins)
    assert all(exists(said, path) for path in loaded.origins)
    assert all(origin.source for origin in loaded.origins.values())
    assert {origin.file for origin in loaded.origins.values()} <= {file.name for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_source_for_the_whole_file_only_covers_its_name(file: Path) -> None:
    document = tomllib.loads(file.read_text())
    assert set(unsourced(document)) <= {("series",), ("family",)}


@pytest.mark.parametrize("file", model_files().values(), ids=lambda file: file.stem)
def test_a_model_fits_one_screen(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert len(lines) < 50
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("file", model_files().values(), ids=lambda file: file.stem)
def test_a_model_extends_a_family_file_and_no_other_model(file: Path) -> None:
    parent = builtin_directory() / tomllib.loads(file.read_text())["extends"]
    assert parent.parent.name == "families"
    assert parent.is_file()


@pytest.mark.parametrize("extends", ['"families/none.toml"', "7", '"../\\u0000"'])
def test_a_sub_model_that_extends_no_file_says_so(write: Write, tmp_path: Path, extends: str) -> None:
    write(
        "mine.toml",
        f"""
        extends = "models/ml307a.toml"
        source = "mine"
        [sub_models."MINE-A"]
        extends = {extends}
        """,
    )
    with pytest.raises(ProfileError, match=r"mine\.toml: extends: "):
        load("MINE", [tmp_path])


def test_what_a_sub_model_extends_is_laid_over_its_series(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        """
        extends = "models/ml307r.toml"
        source = "mine"
        [sub_models."MINE-A"]
        extends = "families/cat1-voice.toml"
        commands.CRC = { available = false, source = "mine" }
        [sub_models."MINE-B"]
        """,
    )
    there = {name: load(name, [tmp_path]).profile.commands for name in ("MINE-A", "MINE-B")}
    available = {name: [commands[each].available for each in ("CLCC", "CRC")] for name, commands in there.items()}
    assert available == {"MINE-A": [True, False], "MINE-B": [False, False]}


# ---- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MN316-S-DLVS", "mn316-s-dlvs", "MN316-S", "mn316-s"])
def test_the_longest_series_name_wins(name: str) -> None:
    loaded = load(name)
    assert (loaded.profile.series, loaded.profile.sub_model) == ("MN316-S", "MN316-S-DLVS")
    assert loaded.file == builtin_directory() / "models" / "mn316-s.toml"


def test_a_series_means_its_first_sub_model() -> None:
    assert load("ML307R").profile.sub_model == "ML307R-DC"
    assert load("ml307r-dl").profile.sub_model == "ML307R-DL"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("ML370R", "ML307R"), ("MN316-S-DLV", "MN316-S-DLVS"), ("ml307r-dx", "ML307R-DL"), ("ML307R-", "ML307R")],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        load(name)
    assert caught.value.name == name
    assert caught.value.nearest[0] == nearest


@pytest.mark.parametrize("name", ["", "-", "../base", "base", "nothing like it"])
def test_an_unknown_name_may_have_no_neighbour(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        load(name)
    assert caught.value.nearest == []


def test_a_broken_file_does_not_hide_the_nearest_names(write: Write, tmp_path: Path) -> None:
    write("ml307x.toml", "series = ")
    with pytest.raises(UnknownModel) as caught:
        load("ML307Y", [tmp_path])
    assert {"ML307X", "ML307R"} <= set(caught.value.nearest)


# ---- the chain and the origins ---------------------------------------------------------------------------


def test_each_value_comes_from_the_last_file_that_says_it() -> None:
    loaded = load("MN326")
    assert loaded.origin(("series",)) == Origin("mn326.toml", "manual 1.1")
    assert loaded.origin(("params", "connect_id", "range")) == Origin("nb-mn316.toml", "manual 3.1, fn 2")
    assert loaded.origin(("family",)) == Origin("nb.toml", "manual 1.1")
    keepidle = ("commands", "MIPTKA", "params", "keepidle")
    assert loaded.origin((*keepidle, "range")) == Origin("sockets.toml", "manual 3.2")
    assert loaded.origin((*keepidle, "default")) == Origin("nb-mn316.toml", "manual 3.2, fn 9")
    assert loaded.origin(("cme", "phone_failure", "number")) == Origin("basic.toml", "27.007 9.2")


def test_what_is_not_said_has_the_origin_of_its_table() -> None:
    loaded = load("ML307R")
    assert loaded.origin(("commands", "MIPSTATE", "params")) == Origin("sockets.toml", "manual 3.8")
    assert loaded.origin(("commands", "MIPSTATE")) == Origin("sockets.toml", "manual 3.8")
    assert loaded.origin(("sub_model",)) is None


def test_tables_merge_and_lists_replace(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        """
        extends = "models/ml307r.toml"
        source = "measured"
        series = "MINE"
        [commands.MIPCFG]
        offers = ["encoding"]
        keys.encoding.params.recv_format.default = 1
        """,
    )
    loaded = load("mine", [tmp_path])
    config = loaded.profile.commands["MIPCFG"]
    assert (config.offers, config.test) == (("encoding",), "rows")
    formats = config.keys["encoding"].params
    assert (formats["recv_format"].range, formats["recv_format"].default) == (Range.parse("0-1"), 1)
    assert formats["send_format"].default == 0
    path = ("commands", "MIPCFG", "keys", "encoding", "params", "recv_format", "default")
    assert loaded.origin(path) == Origin("mine.toml", "measured")
    assert loaded.profile.sub_model == "MINE"


@pytest.mark.parametrize("file", model_files().values(), ids=lambda file: file.stem)
def test_a_users_profile_extends_any_model(write: Write, tmp_path: Path, file: Path) -> None:
    write("mine.toml", f'extends = "models/{file.name}"\nsource = "mine"\nseries = "MINE"\n')
    mine, model = load("mine", [tmp_path]).profile, load(file.stem).profile
    own = model.identity._replace(revision=mine.identity.revision)  # a sub-model may have one of its own
    assert (mine.series, mine.identity) == ("MINE", own)
    assert "{sub_model}" in own.revision
    assert (mine.params, mine.contexts, mine.tables) == (model.params, model.contexts, model.tables)


def test_the_nearest_source_counts(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        """
        extends = "families/cat1.toml"
        source = "the file"
        series = "MINE"
        [identity]
        source = "the table"
        model = "MINE"
        imei = "001017000000000"
        imeisv = "0010170000000001"
        [commands.S3]
        params.value = { default = 10, source = "the value" }
        """,
    )
    loaded = load("mine", [tmp_path])
    assert loaded.origin(("series",)) == Origin("mine.toml", "the file")
    assert loaded.origin(("identity", "imei")) == Origin("mine.toml", "the table")
    assert loaded.origin(("commands", "S3", "params", "value", "default")) == Origin("mine.toml", "the value")


def test_a_table_says_the_sources_of_single_values() -> None:
    loaded = load("ML307R")
    assert loaded.origin(("connection", "inline_max")) == Origin("sockets.toml", "manual 3.5")
    assert loaded.origin(("connection", "send_buffer")) == Origin("sockets.toml", "decided: the manual is silent")


def test_a_sub_model_changes_any_section(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        """
        extends = "models/ml307r.toml"
        source = "measured"
        series = "MINE"
        [sub_models."MINE-A"]
        [sub_models."MINE-B"]
        source = "measured on B"
        power.boot_time = 5.0
        commands.Q.available = false
        """,
    )
    assert sub_models(tmp_path / "mine.toml") == ["MINE-A", "MINE-B"]
    first, second = load("MINE", [tmp_path]), load("mine-b", [tmp_path])
    assert (first.profile.sub_model, second.profile.sub_model) == ("MINE-A", "MINE-B")
    assert (first.profile.power.boot_time, second.profile.power.boot_time) == (0.3, 5.0)
    assert [each.profile.commands["Q"].available for each in (first, second)] == [True, False]
    assert second.origin(("power", "boot_time")) == Origin("mine.toml", "measured on B")
    assert first.origin(("power", "boot_time")) == load("ML307R").origin(("power", "boot_time"))


@pytest.mark.parametrize("cid", ["x", "123", "-1"])
def test_a_context_of_the_module_has_a_cid(write: Write, tmp_path: Path, cid: str) -> None:
    given = (
        'pdp_type = "IP", apn = "a", ipv4_addr_alloc = 0, request_type = 0, p_cscf_discovery = 0, im_cn_signalling = 0'
    )
    head = 'extends = "models/ml307r.toml"\nsource = "measured"\nseries = "MINE"\n'
    write("mine.toml", f"{head}contexts.given.{cid} = {{ {given} }}\n")
    with pytest.raises(ProfileError, match=rf"contexts\.given\.{cid}: is not 1 to 2 digits"):
        load("MINE", [tmp_path])


# ---- the user's directory --------------------------------------------------------------------------------


def test_the_users_directory_comes_before_the_built_in_one(write: Write, tmp_path: Path) -> None:
    file = write("models/ml307r.toml", 'extends = "families/cat1.toml"\nsource = "mine"\nseries = "ML307R"\n')
    with file.open("a") as stream:
        stream.write('identity = { model = "M", imei = "001017000000000", imeisv = "0010170000000001" }\n')
    assert model_files([tmp_path])["ml307r"] == file
    assert model_files()["ml307r"] != file
    loaded = load("ML307R", [tmp_path])
    assert (loaded.file, loaded.profile.identity.model) == (file, "M")
    assert load("ML307G", [tmp_path]).file.parent == builtin_directory() / "models"


def test_what_lies_beside_the_folder_of_models_is_no_model(write: Write, tmp_path: Path) -> None:
    write("base.toml", "")
    write("models/mine.toml", "")
    assert model_files([tmp_path]).keys() - model_files().keys() == {"mine"}


def test_a_file_extends_its_neighbour_first(write: Write, tmp_path: Path) -> None:
    write("mn316.toml", 'extends = "models/mn316.toml"\nsource = "mine"\nline = { guard = 0.5 }\n')
    file = write("mine.toml", 'extends = "mn316.toml"\nsource = "mine"\nseries = "MINE"\n')
    assert load_file(file).profile.line.guard == 0.5
    assert load_file(file).profile.family == "NB"


def test_what_is_read_once_is_changed_by_no_profile() -> None:
    """All sub-models share the documents of the built-in files."""
    before = load("ML307R-DC")
    for name in ("ML307R-ML", "ML307H-GU", "MN316"):
        loaded = load(name)
        loaded.profile.commands.clear()
    after = load("ML307R-DC")
    assert (after.profile, after.origins) == (before.profile, before.origins)
