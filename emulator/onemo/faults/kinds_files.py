"""The kinds of faults of the file store."""

from __future__ import annotations

from onemo.faults.kind import INDICES, FaultKey, FaultKind, Layer, Type

_SCOPE = ("on", *(index.name for index in INDICES), "form")

FILE_KINDS = (
    FaultKind("file-space", Layer.EVENT, "The file store says that it has no more room than this.", (
        FaultKey("free", Type.INTEGER, "How many bytes.", 0),
    ), _SCOPE, once=True, undo="file-space-back", example="file-space free=4096 on=command:MFPUT"),
    FaultKind("file-space-back", Layer.EVENT, "The file store has its room again.", (), _SCOPE, once=True,
              example="file-space-back after=2s"),
)  # fmt: skip
