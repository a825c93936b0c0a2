"""AT+MIPLCREATE, MIPLCREATEEX, MIPLDELETE, MIPLCFG and the other settings of the device (LwM2M manual 3.1, 3.2, 4)."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, Key, KeyedSetting, NoParameters, Query, print_line
from onemo.at.grammar import Argument, Arguments, arguments, integer
from onemo.at.params import Defaulted, Maybe, MaybeText, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, CommandError, Reply
from onemo.at.store import Slot
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.device import ONENET, OTHER_PLATFORM, PATTERNS
from onemo.families.lwm2m.naming import Lwm2mNaming
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.states import Lwm2mError, Lwm2mOperation
from onemo.families.lwm2m.target import BOOTSTRAPS, Lwm2mTarget, read_blob, read_target
from onemo.modem.modem import Modem

REF = "ref"
_PSK, _HEX_PSK = re.compile(r"[0-9A-Za-z]{0,16}"), re.compile(r"(?:[0-9A-Fa-f]{2}){0,16}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_PLATFORM, _BINDING = "platform", "binding"
_WHOLE, _FIRST = 0, 1
"""<flag> of a configuration that is complete with this piece, and of the first piece of one."""


class Lwm2mCreate(NamedTuple):
    """AT+MIPLCREATE: nothing, or a piece of a configuration."""

    totalsize: Maybe
    config: MaybeText
    idx: Maybe
    currentsize: Maybe
    flag: Maybe


class Lwm2mCreateAt(NamedTuple):
    """AT+MIPLCREATEEX."""

    host: RequiredText
    flag: Required
    authcode: MaybeText
    psk: MaybeText
    pskid: MaybeText
    psk_encode: Defaulted


class Lwm2mOfDevice(NamedTuple):
    """A command about the device."""

    ref: Required


class Lwm2mConfigure(NamedTuple):
    """AT+MIPLCFG. name: the endpoint name, or the number of its pattern."""

    key: Annotated[str, Param(ParamKind.STRING, required=True, choices=(_PLATFORM, _BINDING))]
    ref: Required
    value: Required
    name: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True)]


class Lwm2mIndicate(NamedTuple):
    """AT+MIPLNMI. nnmi: 0 requests are told, 1 they are stored, and that is told, 2 they are stored."""

    ref: Required
    nnmi: Required
    nsmi: Required


class Lwm2mRenew(NamedTuple):
    """AT+MIPLUPDATESET."""

    ref: Required
    enable: Required


class Lwm2mAging(NamedTuple):
    """AT+MIPLDTLSNAT: seconds after which a DTLS address is old; 0: never."""

    ref: Required
    timeout: Required


class Lwm2mFirmwareTime(NamedTuple):
    """AT+MIPLFOTACFG="timeout": hours."""

    hours: Defaulted


FIRMWARE_TIME = Slot("timeout", Lwm2mFirmwareTime, of="MIPLFOTACFG")


def _create_split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters. Raises CommandError(SYNTAX): there are none behind the equals sign."""
    found, end = arguments(line, position)
    if all(each is None for each in found):
        raise CommandError(Lwm2mError.SYNTAX)
    return found, end


def _create(modem: Modem, record: Lwm2mCreate) -> Reply:
    """Create the device for the usual bootstrap server, or for that of a configuration (AT+MIPLCREATE).

    Raises CommandError: SYNTAX, RESOURCE (there is one).
    """
    client, table = modem.part(Lwm2mClient), modem.profile.table(LWM2M)
    if all(value is None for value in record):
        target = read_target(table.host, table.port)
        assert target is not None, "the profile's host is checked"
        found: Lwm2mTarget | None = target._replace(flag=BOOTSTRAPS)
    elif any(value is None for value in record) or not _HEX.fullmatch(record.config or ""):
        raise CommandError(Lwm2mError.SYNTAX)
    else:
        client.device.check(Lwm2mOperation.CREATE)
        whole = _joined(client, record)
        if whole is None:
            return DONE
        found = read_blob(bytes.fromhex(whole), table.port)
    return _begin(modem, "MIPLCREATE", found)


def _begin(modem: Modem, command: str, target: Lwm2mTarget | None) -> Reply:
    """Create the device; on some models once its server's name is resolved. Raises CommandError: SYNTAX, RESOURCE."""
    client, table = modem.part(Lwm2mClient), modem.profile.table(LWM2M)
    if target is None or (target.port == table.secure_port and not table.secures):
        raise CommandError(Lwm2mError.SYNTAX)
    if not table.resolves:
        client.create(target)
        return Reply((print_line(command, 0),))
    client.device.check(Lwm2mOperation.CREATE)
    modem.part(Lwm2mNaming).create(command, target)
    return DONE


def _joined(client: Lwm2mClient, record: Lwm2mCreate) -> str | None:
    """Return a configuration that is complete; None: more is to come. Raises CommandError(SYNTAX), and forgets it."""
    config, index, flag = record.config or "", record.idx or 0, record.flag or 0
    pieces, client.pieces = client.pieces, []
    follows = pieces[-1][0] == index + 1 if pieces else flag in (_WHOLE, _FIRST)
    starts = flag != _FIRST or not pieces
    ends = (index == 0) == (flag == _WHOLE)
    sized = record.currentsize in (len(config), len(config) // 2)
    whole = "".join((*(piece for _, piece in pieces), config))
    if not (follows and starts and ends and sized) or len(whole) > 2 * (record.totalsize or 0):
        raise CommandError(Lwm2mError.SYNTAX)
    if flag != _WHOLE:
        client.pieces = [*pieces, (index, config)]
        return None
    if record.totalsize not in (len(whole), len(whole) // 2):
        raise CommandError(Lwm2mError.SYNTAX)
    return whole


def _create_at(modem: Modem, record: Lwm2mCreateAt) -> Reply:
    """Create the device for a server (AT+MIPLCREATEEX). Raises CommandError: SYNTAX, RESOURCE (there is one)."""
    table = modem.profile.table(LWM2M)
    target = read_target(record.host, table.port)
    psk = record.psk or ""
    fits = (_HEX_PSK if record.psk_encode else _PSK).fullmatch(psk)
    if target is None or fits is None or (target.port == table.secure_port and not psk):
        raise CommandError(Lwm2mError.SYNTAX)
    return _begin(modem, "MIPLCREATEEX", target._replace(flag=record.flag, authcode=record.authcode or "", psk=psk))


def _delete(modem: Modem, record: Lwm2mOfDevice) -> Reply:
    """Delete the device (AT+MIPLDELETE). Raises CommandError(RESOURCE)."""
    modem.part(Lwm2mClient).delete()
    return DONE


def _configure(modem: Modem, record: Lwm2mConfigure) -> Reply:
    """Choose the platform and the endpoint name, or the binding (AT+MIPLCFG).

    Raises CommandError: SYNTAX, a value, pattern or name that does not fit; RESOURCE; NOT_ALLOWED.
    """
    device = modem.part(Lwm2mClient).device
    if record.key == _BINDING:
        if record.value not in modem.profile.table(LWM2M).bindings or record.name is not None:
            raise CommandError(Lwm2mError.SYNTAX)
        device.check(Lwm2mOperation.CONFIGURE)
        device.set_binding(record.value)
        return DONE
    if record.value not in modem.profile.table(LWM2M).platforms:
        raise CommandError(Lwm2mError.SYNTAX)
    pattern, name = _endpoint(modem, record)
    device.check(Lwm2mOperation.CONFIGURE)
    device.platform, device.pattern, device.name = record.value, pattern, name
    return DONE


def _endpoint(modem: Modem, record: Lwm2mConfigure) -> tuple[int | None, str | None]:
    """Return the pattern and the endpoint name that are given. Raises CommandError(SYNTAX)."""
    if record.name is None:
        return None, None
    if record.value == OTHER_PLATFORM:
        if not 1 <= len(record.name) <= modem.profile.table(LWM2M).longest_name:
            raise CommandError(Lwm2mError.SYNTAX)
        try:
            return None, record.name.decode()  # as CoAP has it: in UTF-8 (RFC 7252 5.10.1)
        except UnicodeDecodeError as error:
            raise CommandError(Lwm2mError.SYNTAX) from error
    pattern = integer(Argument(record.name, quoted=False))
    if pattern is None or not 0 <= pattern <= PATTERNS:
        raise CommandError(Lwm2mError.SYNTAX)
    return pattern, None


def _indicate(modem: Modem, record: Lwm2mIndicate) -> Reply:
    """Choose how requests, and what is sent, are told (AT+MIPLNMI). Raises CommandError: RESOURCE, NOT_ALLOWED."""
    client = modem.part(Lwm2mClient)
    device = client.device
    device.check(Lwm2mOperation.SET)
    if device.platform != ONENET:
        raise CommandError(Lwm2mError.NOT_ALLOWED)
    device.direct, device.hints, device.sends = record.nnmi == 0, record.nnmi == 1, bool(record.nsmi)
    if device.direct and client.session is not None:
        client.session.inbox.tell_stored()
    return DONE


def _renew(modem: Modem, record: Lwm2mRenew) -> Reply:
    """Have the registration updated by itself (AT+MIPLUPDATESET). Raises CommandError: RESOURCE, NOT_ALLOWED."""
    device = modem.part(Lwm2mClient).device
    device.check(Lwm2mOperation.CONFIGURE)
    device.renews = bool(record.enable)
    return DONE


def _age(modem: Modem, record: Lwm2mAging) -> Reply:
    """Choose when a DTLS address is old (AT+MIPLDTLSNAT). Raises CommandError(RESOURCE)."""
    modem.part(Lwm2mClient).device.check(Lwm2mOperation.SET)
    return DONE


def _tell_server(modem: Modem) -> Reply:
    """Tell the server in force (AT+MIPLDEVINFO?). Raises CommandError(RESOURCE)."""
    device = modem.part(Lwm2mClient).device
    device.check(Lwm2mOperation.SET)
    server = device.server
    assert server is not None, "a device without a server"
    given = [f'"{text}"' if text else "" for text in (device.authcode, server.psk)]
    while given and not given[-1]:
        given.pop()
    return Reply((print_line("MIPLDEVINFO", server.text, server.flag, *(text.encode("latin-1") for text in given)),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPLCREATE", Lwm2mCreate, _create, bare=True, tested=False, split=_create_split),
    Action("MIPLCREATEEX", Lwm2mCreateAt, _create_at, tested=False),
    Action("MIPLDELETE", Lwm2mOfDevice, _delete, tested=False),
    Action("MIPLCFG", Lwm2mConfigure, _configure, tested=False),
    Action("MIPLNMI", Lwm2mIndicate, _indicate, tested=False),
    Action("MIPLUPDATESET", Lwm2mRenew, _renew, tested=False),
    Action("MIPLDTLSNAT", Lwm2mAging, _age, tested=False),
    Query("MIPLDEVINFO", NoParameters, _tell_server, None, tested=False),
    KeyedSetting("MIPLFOTACFG", (Key(FIRMWARE_TIME),), tested=False),
)
