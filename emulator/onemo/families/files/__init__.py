"""The file store: AT+MFCFG, the commands of whole files, and those of handles."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, NoParameters
from onemo.at.family import FamilyDefinition, StateField, Trait
from onemo.at.reply import errors_in
from onemo.families.files import handles, whole
from onemo.families.files.settings import ENCODING, FRAGMENT, TIMEOUT, split
from onemo.modem.filestore import STORE, FileStore, store_of
from onemo.modem.filetable import FILES, StoreError
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile


class FileRoomInfo(NamedTuple):
    """The room of the file store, in bytes. files: how many there are."""

    total: int
    free: int
    files: int


def room(modem: Modem) -> FileRoomInfo | None:
    """Tell of the store's room; None: the model has no files."""
    if not modem.profile.table(FILES).longest_path:
        return None
    store = store_of(modem.keeping)
    return FileRoomInfo(store.total, store.free, sum(store.is_file(path) for path, _ in store.entries()))


def _store(modem: Modem) -> FileStore:
    """Make the store, whose room certificates and keys share."""

    def others() -> list[int]:
        credentials = modem.memory.keepers.get("files")  # where it was not needed yet there are none
        return [] if credentials is None else [len(each.data) for each in modem.credentials.stored.values()]

    return FileStore(modem.profile.table(FILES), modem.memory, others)


def traits(profile: Profile) -> dict[str, Trait]:
    """Tell the room of the store."""
    section = profile.table(FILES)
    return {"files": Trait(f"a file store of {section.size} bytes, paths of {section.longest_path}")}


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting("MFCFG", (Key(TIMEOUT), Key(ENCODING), Key(FRAGMENT))),
        Action("MFSINFO", NoParameters, whole.tell_room, tested=False),
        Action("MFLIST", whole.PathOrAll, whole.list_directory, bare=True, tested=False),
        Action("MFSIZE", whole.FileName, whole.tell_size, tested=False),
        Action("MFPUT", whole.PutFile, whole.put, tested=False, split=split),
        Action("MFGET", whole.FileName, whole.get, tested=False),
        Action("MFOPEN", handles.OpenRecord, handles.open_file, tested=False),
        Action("MFREAD", handles.ReadHandle, handles.read, tested=False),
        Action("MFWRITE", handles.WriteHandle, handles.write, tested=False, split=split),
        Action("MFSEEK", handles.SeekHandle, handles.seek, tested=False),
        Action("MFCLOSE", handles.OfHandle, handles.close, tested=False),
        Action("MFTRUNC", handles.CutHandle, handles.cut, tested=False),
        Action("MFDELETE", whole.PathOrAll, whole.delete, bare=True, tested=False),
        Action("MFMOVE", whole.Rename, whole.move, tested=False),
        Action("MFCHECK", whole.CheckFile, whole.tell_sum, tested=False),
    ),
    errors=errors_in(StoreError),
    tables=(FILES,),
    part=handles.Handles,
    keepers={STORE: _store},
    shows={"MFSINFO": ("files",), "MFOPEN": ("files",), "MFPUT": ("files",)},
    traits=traits,
    state=(StateField("file_store", FileRoomInfo | None, room, empty=None),),
)
