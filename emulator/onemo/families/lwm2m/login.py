"""AT+MIPLADDOBJ, MIPLDELOBJ, MIPLDISCOVERRSP, MIPLOPEN, MIPLUPDATE and MIPLCLOSE (LwM2M manual 3.3-3.8)."""

from __future__ import annotations

import re
from typing import NamedTuple

from onemo.at.command import Action, Declaration, Query
from onemo.at.params import Defaulted, Required, RequiredText
from onemo.at.reply import DONE, CommandError, Reply
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.device import ONENET
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.setup import OneDevice
from onemo.families.lwm2m.states import Cis, Lwm2mOperation, Lwm2mTold
from onemo.modem.modem import Modem

_BITMAP = re.compile(r"[01]+")
_RESOURCES = re.compile(r"\d{1,5}(?:;\d{1,5})*;?")
_MOST_ID = 0xFFFF


class AddObject(NamedTuple):
    """AT+MIPLADDOBJ. bitmap: a character for each instance, 1 where it is usable."""

    ref: Required
    objid: Required
    inscount: Required
    bitmap: RequiredText
    atts: Required
    acts: Required


class DeleteObject(NamedTuple):
    """AT+MIPLDELOBJ."""

    ref: Required
    objid: Required


class ListResources(NamedTuple):
    """AT+MIPLDISCOVERRSP. length: of data, which is counted anew."""

    ref: Required
    objid: Required
    result: Required
    length: Required
    data: RequiredText


class OpenLogin(NamedTuple):
    """AT+MIPLOPEN, in seconds."""

    ref: Required
    lifetime: Required
    timeout: Defaulted


class UpdateLogin(NamedTuple):
    """AT+MIPLUPDATE, in seconds."""

    ref: Required
    lifetime: Required
    with_objects: Required


def _add(modem: Modem, record: AddObject) -> Reply:
    """Add an object (AT+MIPLADDOBJ). Raises CommandError: SYNTAX, RESOURCE (it is there, or too many), NOT_ALLOWED."""
    device = modem.part(Lwm2mClient).device
    if _BITMAP.fullmatch(record.bitmap) is None or len(record.bitmap) != record.inscount:
        raise CommandError(Cis.SYNTAX)
    device.check(Lwm2mOperation.OBJECTS)
    if record.objid in device.objects or len(device.objects) >= modem.profile.table(LWM2M).most_objects:
        raise CommandError(Cis.RESOURCE)
    device.objects.add(record.objid, [each == "1" for each in record.bitmap])
    return DONE


def _remove(modem: Modem, record: DeleteObject) -> Reply:
    """Remove an object (AT+MIPLDELOBJ). Raises CommandError: RESOURCE, NOT_ALLOWED."""
    device = modem.part(Lwm2mClient).device
    device.check(Lwm2mOperation.OBJECTS)
    if record.objid not in device.objects:
        raise CommandError(Cis.RESOURCE)
    device.objects.remove(record.objid)
    return DONE


def _list(modem: Modem, record: ListResources) -> Reply:
    """List an object's resources (AT+MIPLDISCOVERRSP). Raises CommandError: SYNTAX, RESOURCE."""
    device = modem.part(Lwm2mClient).device
    if _RESOURCES.fullmatch(record.data) is None:
        raise CommandError(Cis.SYNTAX)
    resources = [int(each) for each in record.data.strip(";").split(";")]
    if max(resources) > _MOST_ID:
        raise CommandError(Cis.SYNTAX)
    device.check(Lwm2mOperation.SET)
    if record.objid not in device.objects:
        raise CommandError(Cis.RESOURCE)
    device.objects.list_resources(record.objid, resources)
    return DONE


def _open(modem: Modem, record: OpenLogin) -> Reply:
    """Log in (AT+MIPLOPEN): OK now, the result in events. Raises CommandError: RESOURCE, NOT_LOGGED_IN, NOT_ALLOWED."""
    modem.part(Lwm2mClient).open(record.lifetime, record.timeout)
    return DONE


def _tell_login(modem: Modem) -> Reply:
    """Tell whether the device is logged in (AT+MIPLOPEN?): OK, then the event of a login.

    Raises CommandError: RESOURCE; NOT_ALLOWED, another platform; NOT_LOGGED_IN.
    """
    device = modem.part(Lwm2mClient).device
    device.check(Lwm2mOperation.SET)
    if device.platform != ONENET:
        raise CommandError(Cis.NOT_ALLOWED)
    device.check(Lwm2mOperation.EXCHANGE)
    device.tell_event(Lwm2mTold.LOGGED_IN)
    return DONE


def _update(modem: Modem, record: UpdateLogin) -> Reply:
    """Update the registration (AT+MIPLUPDATE): OK now, an event for success.

    Raises CommandError: RESOURCE, NOT_LOGGED_IN; BUSY, an update is on its way.
    """
    modem.part(Lwm2mClient).login.update(record.lifetime, with_objects=bool(record.with_objects))
    return DONE


def _close(modem: Modem, record: OneDevice) -> Reply:
    """Log out (AT+MIPLCLOSE): OK now, an event for success. Raises CommandError: RESOURCE, NOT_LOGGED_IN."""
    modem.part(Lwm2mClient).login.close()
    return DONE


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPLADDOBJ", AddObject, _add, tested=False),
    Action("MIPLDELOBJ", DeleteObject, _remove, tested=False),
    Action("MIPLDISCOVERRSP", ListResources, _list, tested=False),
    Query("MIPLOPEN", OpenLogin, _tell_login, _open, tested=False),
    Action("MIPLUPDATE", UpdateLogin, _update, tested=False),
    Action("MIPLCLOSE", OneDevice, _close, tested=False),
)
