"""The footnotes of the HTTP guide on each series, read a second time, against the profiles."""

from __future__ import annotations

from onemo.families.http.profile import FAILURES, HTTP_CLIENT
from onemo.profile.schema import ParamSection, Profile

from tests.registry.facts import ASR, CAT1, NB, accepted, param, table, without

ALL = f"{NB} {CAT1}"
IDS = table(("MN316A MN319", "0-1"), (without(without(ALL, "MN316A"), "MN319"), "0-3"))
LACKS = table(
    ("MN316 MN316-S MN326", {"cid"}),
    ("MN316A MN319", {"ssl", "cid"}),
    ("MN318", {"ssl"}),
    (CAT1, set()),
)
KEYS = ("header", "chunked", "cached", "timeout", "encoding", "ssl", "cid", "fragment", "urlencode")
CACHES = table(("MN316A", "1-4096"), (without(ALL, "MN316A"), "1-8192"))
CIDS = table(("ML302S ML307S ML305U", 1), (f"{NB} ML302A ML305A ML307A ML305M ML307R ML307G", None))
FIELDS = table((" ".join(ASR) + " ML307G", 1024), (f"{NB} ML302S ML307S ML305U ML305M", None))
INLINE = table(
    ("MN316 MN316-S MN316A MN318 MN326", (0, 0)),
    ("MN319", (1560, 1560)),
    (" ".join(ASR) + " ML307G", (1024, 4096)),
    ("ML302S ML307S ML305U ML305M", (4096, 4096)),
)
TOTALS = table(("ML307G", (4096, 12288)), (without(ALL, "ML307G"), (16384, 1048576)))


def key_param(model: Profile, key: str, name: str) -> ParamSection:
    return model.commands["MHTTPCFG"].keys[key].params.get(name) or model.params.get(name) or ParamSection()


def test_instances_and_keys(model: Profile) -> None:
    assert accepted(model.params["httpid"]) == IDS[model.series]
    offers = model.commands["MHTTPCFG"].offers or ()
    assert offers == tuple(key for key in KEYS if key not in LACKS[model.series])
    assert (key_param(model, "cid", "cid").default) == CIDS[model.series]
    cache = key_param(model, "cached", "size")
    assert (accepted(cache), cache.default) == (CACHES[model.series], 4096)
    assert key_param(model, "header", "fields").max_length == FIELDS[model.series]


def test_text(model: Profile) -> None:
    found, cat1 = model.table(HTTP_CLIENT), model.series in CAT1.split()
    assert (found.entry, found.inner_quotes) == (cat1, not cat1)
    assert key_param(model, "timeout", "entry").available is cat1
    assert (found.header_inline, found.text_inline) == INLINE[model.series]
    assert (found.stored_header, found.stored_body) == TOTALS[model.series]
    assert found.ind_eol == ("none" if model.series in ("ML307A", "ML307R") else "crlf")
    for command in ("MHTTPHEADER", "MHTTPCONTENT", "MHTTPREQUEST"):
        length = param(model, command, "length")
        assert (length.shown or accepted(length)) == "0-4096"


def test_one_series_is_different(model: Profile) -> None:
    found, other = model.table(HTTP_CLIENT), model.series != "ML307G"
    assert (found.delete_body, found.caches_part) == (other, other)
    assert list(model.table(FAILURES)._asdict().values()) == [1, 1, 3, 4, 4, 4, 4, 4, 4, 4, 2, 5, 6, 7, 8, 10]


def test_files(model: Profile) -> None:
    cat1, found = model.series in CAT1.split(), model.table(HTTP_CLIENT)
    assert model.commands["MHTTPDLFILE"].available is cat1
    assert model.commands["MHTTPREQUEST"].params.get("local_path", ParamSection()).available is cat1
    assert (found.rooted_by == "any_slash") is (model.series in ("ML305U", "ML305M"))
    assert (found.download_scheme == "https") is (model.series == "ML307G")


def test_the_window_is_that_of_connections(model: Profile) -> None:
    from onemo.families.sockets.profile import CONNECTION

    assert model.table(HTTP_CLIENT).tcp_window == model.table(CONNECTION).tcp_window
