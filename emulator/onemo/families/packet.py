"""The packet domain (27.007 10.1): AT+CGATT, CGDCONT, CGACT, CGPADDR, CGCONTRDP, CGAUTH, CGEREP."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Iterable
from typing import Any, NamedTuple

from onemo.at.command import Action, Query, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import BoundRecord, Maybe, Repeated, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply, errors_in
from onemo.modem.contexts import Active, Definition, Login, PdpError
from onemo.modem.intents import Attach, Wait
from onemo.modem.modem import Modem
from onemo.modem.names import given_servers, shown_address
from onemo.modem.slots import EVENT_REPORT
from onemo.net.interface import AddressFamily


class Attachment(NamedTuple):
    """AT+CGATT: 1 attached."""

    state: Required


class Activation(NamedTuple):
    """AT+CGACT: 1 active; no cid: every defined context, or every active one."""

    state: Required
    cid: Repeated


class WhichContexts(NamedTuple):
    """AT+CGPADDR: every defined context without a cid."""

    cid: Repeated


class WhichActive(NamedTuple):
    """AT+CGCONTRDP: every active context without a cid."""

    cid: Maybe


# AT+CGATT.


def _is_attached(modem: Modem) -> Reply:
    """Tell whether the module is attached (AT+CGATT?)."""
    return Reply((print_line("CGATT", int(modem.contexts.attached)),))


def _attach(modem: Modem, record: Attachment) -> Outcome:
    """Attach or detach (AT+CGATT=); 1 is answered once the network has the module again.

    On LTE the state of the packet domain is the registration: 0 leaves the network. Raises CommandError: as Sim.require
    and Radio.attach_again; NO_NETWORK, the network did not take it.
    """
    modem.sim.require()
    if not record.state:
        modem.radio.detach()
        return DONE
    seconds = modem.radio.attach_again(modem.now)
    return DONE if seconds is None else Pending(Wait(seconds), lambda result: _take_network(modem))


def _take_network(modem: Modem) -> Outcome:
    """Register at the end of the search of AT+CGATT=1. Raises CommandError: as Radio.end_attach."""
    return Pending(Attach(), _finish_attach) if modem.radio.end_attach() else DONE


def _finish_attach(done: bool) -> Reply:
    """Answer AT+CGATT=1. Raises CommandError(NO_NETWORK): the network did not take the module."""
    if not done:
        raise CommandError(Cme.NO_NETWORK)
    return DONE


# AT+CGDCONT and AT+CGAUTH.


def _definitions(modem: Modem) -> Reply:
    """List the definitions (AT+CGDCONT?)."""
    return Reply([_definition_line(each) for _, each in sorted(modem.contexts.defined.items())])


def _definition_line(given: Definition) -> bytes:
    """Make the line of a definition.

    Fields that were not given are empty, and so is the address, whatever was given (27.007 10.1.1).
    """
    rest = (given.ipv4_addr_alloc, given.request_type, given.p_cscf_discovery, given.im_cn_signalling)
    shown = [b"" if value is None else value for value in rest]
    kind, apn = given.pdp_type or "", given.apn or ""
    return print_line("CGDCONT", given.cid, kind, apn, b"", given.d_comp, given.h_comp, *shown)


def _define(modem: Modem, record: Definition) -> Outcome:
    """Define a context, or end its definition, if there is nothing but a cid (AT+CGDCONT=).

    A type that is left out is the usual one. Raises CommandError: NOT_ALLOWED, reserved, or undefined while it is
    active; MEMORY_FULL.
    """
    contexts = modem.contexts
    contexts.require_free(record.cid)
    if all(value is None for value in record[1:4]) and record[4:] == Definition(record.cid)[4:]:
        return modem.keeping.keep_contexts(lambda: contexts.undefine(record.cid))
    kind = record.pdp_type or modem.profile.contexts.pdp_type
    definition = record._replace(pdp_type=kind, apn=record.apn or "", pdp_addr=None)
    return modem.keeping.keep_contexts(lambda: contexts.define(definition))


def _test_definition(modem: Modem, bound: BoundRecord[Any]) -> Reply:
    """Answer AT+CGDCONT=?: a line for each type."""
    cid, kind, *rest = bound.params
    ranges = ",".join(param.shown for param in rest)
    return Reply([f'+CGDCONT: {cid.shown},"{choice}",{ranges}'.encode() for choice in kind.choices])


def _logins(modem: Modem) -> Reply:
    """List the login of each defined context (AT+CGAUTH?). The password is never told."""
    contexts = modem.contexts
    logins = [contexts.logins.get(cid, Login(cid)) for cid in sorted(contexts.defined)]
    return Reply([print_line("CGAUTH", each.cid, each.auth_prot, each.userid or None) for each in logins])


def _log_in(modem: Modem, record: Login) -> Outcome:
    """Set the login of a context (AT+CGAUTH=).

    Raises CommandError: NOT_ALLOWED, reserved; INCORRECT_PARAMETERS, no user where there is to be one; MEMORY_FULL.
    """
    contexts = modem.contexts
    contexts.require_free(record.cid)
    if record.auth_prot and not record.userid:
        raise CommandError(Cme.INCORRECT_PARAMETERS)

    def change() -> None:
        contexts.logins.pop(record.cid, None)
        if record.auth_prot:
            contexts.logins[record.cid] = record

    return modem.keeping.keep_contexts(change)


# AT+CGACT, AT+CGPADDR, AT+CGCONTRDP.


def _states(modem: Modem) -> Reply:
    """List the defined contexts, active or not (AT+CGACT?)."""
    contexts = modem.contexts
    return Reply([print_line("CGACT", cid, int(cid in contexts.active)) for cid in sorted(contexts.defined)])


def _activate(modem: Modem, record: Activation) -> Reply:
    """Activate or deactivate contexts (AT+CGACT=).

    Raises CommandError: as Contexts.activate and deactivate; INCORRECT_PARAMETERS, more or fewer cids than the model
    takes.
    """
    contexts, profile = modem.contexts, modem.profile.contexts
    bare = not (record.cid or record.state)
    if len(record.cid) > profile.cids_a_command or (bare and not profile.bare_deactivation):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if record.state:
        contexts.activate(record.cid or sorted(contexts.defined))
    else:
        contexts.deactivate(record.cid or contexts.active, modem.now)
    return DONE


def _addresses(modem: Modem, record: WhichContexts) -> Reply:
    """List the contexts that have an address (AT+CGPADDR)."""
    contexts = modem.contexts
    cids = dict.fromkeys(record.cid) or sorted(contexts.active)
    return Reply([print_line("CGPADDR", cid, *shown) for cid in cids if (shown := contexts.shown(cid))])


def _dynamic_parameters(modem: Modem, record: WhichActive) -> Reply:
    """List the parameters that active contexts were given (AT+CGCONTRDP)."""
    active = modem.contexts.active
    cids = sorted(active) if record.cid is None else [record.cid] if record.cid in active else []
    return Reply([line for cid in cids for line in _parameter_lines(modem, cid, active[cid])])


def _parameter_lines(modem: Modem, cid: int, active: Active) -> list[bytes]:
    """Make a line for each family of a context (27.007 10.1.23).

    On some models masks stand behind the address, at an IPv6 one after a blank; there is no gateway.
    """
    profile = modem.profile.contexts
    start = (cid, active.bearer, active.apn)
    lines = []
    if active.ipv4:
        servers = given_servers(modem, AddressFamily.IPV4)
        lines.append(
            print_line("CGCONTRDP", *start, active.ipv4 + f".{profile.mask_ipv4}" * profile.masks, "", *servers[:2])
        )
    if active.ipv6:
        servers = tuple(map(shown_address, given_servers(modem, AddressFamily.IPV6)))
        lines.append(
            print_line("CGCONTRDP", *start, active.ipv6 + f" {profile.mask_ipv6}" * profile.masks, "", *servers[:2])
        )
    return lines or [print_line("CGCONTRDP", *start)]


def _test_cids(name: str, cids: Iterable[int]) -> Reply:
    """Answer the test form of a command that tells of some contexts: their cids, in parentheses."""
    return Reply((f"+{name}: ({','.join(map(str, sorted(cids)))})".encode(),))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Query("CGATT", Attachment, read=_is_attached, select=_attach),
        Query("CGDCONT", Definition, read=_definitions, select=_define, test=_test_definition),
        Query("CGAUTH", Login, read=_logins, select=_log_in),
        Query("CGACT", Activation, read=_states, select=_activate),
        Action(
            "CGPADDR",
            WhichContexts,
            _addresses,
            bare=True,
            test=lambda modem, bound: _test_cids("CGPADDR", modem.contexts.defined),
            test_reads_device=True,
        ),
        Action(
            "CGCONTRDP",
            WhichActive,
            _dynamic_parameters,
            bare=True,
            test=lambda modem, bound: _test_cids("CGCONTRDP", modem.contexts.active),
            test_reads_device=True,
        ),
        Setting(EVENT_REPORT, changed=lambda modem, record: modem.contexts.events.wanted()),
    ),
    errors=errors_in(PdpError),
    shows={
        **dict.fromkeys(("CGDCONT", "CGACT", "CGPADDR", "CGCONTRDP", "CGEREP"), ("contexts",)),
        "CGATT": ("radio", "contexts"),
    },
    kept_only={"CGAUTH": "the emulated network takes every user"},
)
