"""The errors of short messages: those of the module and those of the network (27.005 3.2.5, 24.011 annex E)."""

from __future__ import annotations

from onemo.at.reply import CommandError, ErrorCode, ReplyFormat
from onemo.modem.sim import SimState


class Cms:
    """The errors that the vendor lists. Those below 300 are the network's causes."""

    UNASSIGNED_NUMBER = ErrorCode("unassigned_number", "CMS")
    OPERATOR_BARRING = ErrorCode("operator_barring", "CMS")
    CALL_BARRED = ErrorCode("call_barred", "CMS")
    TRANSFER_REJECTED = ErrorCode("transfer_rejected", "CMS")
    DESTINATION_OUT_OF_SERVICE = ErrorCode("destination_out_of_service", "CMS")
    UNIDENTIFIED_SUBSCRIBER = ErrorCode("unidentified_subscriber", "CMS")
    FACILITY_REJECTED = ErrorCode("facility_rejected", "CMS")
    UNKNOWN_SUBSCRIBER = ErrorCode("unknown_subscriber", "CMS")
    NETWORK_OUT_OF_ORDER = ErrorCode("network_out_of_order", "CMS")
    TEMPORARY_FAILURE = ErrorCode("temporary_failure", "CMS")
    CONGESTION = ErrorCode("congestion", "CMS")
    RESOURCES_UNAVAILABLE = ErrorCode("resources_unavailable", "CMS")
    FACILITY_NOT_SUBSCRIBED = ErrorCode("facility_not_subscribed", "CMS")
    FACILITY_NOT_IMPLEMENTED = ErrorCode("facility_not_implemented", "CMS")
    INVALID_REFERENCE = ErrorCode("invalid_reference", "CMS")
    INVALID_MESSAGE = ErrorCode("invalid_message", "CMS")
    INVALID_MANDATORY_INFORMATION = ErrorCode("invalid_mandatory_information", "CMS")
    MESSAGE_TYPE_UNKNOWN = ErrorCode("message_type_unknown", "CMS")
    MESSAGE_NOT_COMPATIBLE = ErrorCode("message_not_compatible", "CMS")
    INFORMATION_ELEMENT_UNKNOWN = ErrorCode("information_element_unknown", "CMS")
    PROTOCOL_ERROR = ErrorCode("protocol_error", "CMS")
    INTERWORKING = ErrorCode("interworking", "CMS")
    DUPLICATE_MESSAGE = ErrorCode("duplicate_message", "CMS")
    ME_FAILURE = ErrorCode("me_failure", "CMS")
    ME_RESERVED = ErrorCode("me_reserved", "CMS")
    SMS_NOT_ALLOWED = ErrorCode("sms_not_allowed", "CMS")
    SMS_NOT_SUPPORTED = ErrorCode("sms_not_supported", "CMS")
    PDU_PARAMETER = ErrorCode("pdu_parameter", "CMS")
    TEXT_PARAMETER = ErrorCode("text_parameter", "CMS")
    NO_CARD = ErrorCode("no_card", "CMS")
    CARD_PIN = ErrorCode("card_pin", "CMS")
    CARD_FAILURE = ErrorCode("card_failure", "CMS")
    CARD_BUSY = ErrorCode("card_busy", "CMS")
    CARD_PUK = ErrorCode("card_puk", "CMS")
    MEMORY_FAILURE = ErrorCode("memory_failure", "CMS")
    INVALID_INDEX = ErrorCode("invalid_index", "CMS")
    SMS_MEMORY_FULL = ErrorCode("sms_memory_full", "CMS")
    CENTRE_UNKNOWN = ErrorCode("centre_unknown", "CMS")
    NO_SERVICE = ErrorCode("no_service", "CMS")
    NETWORK_SILENT = ErrorCode("network_silent", "CMS")
    NOTHING_TO_ACKNOWLEDGE = ErrorCode("nothing_to_acknowledge", "CMS")
    SMS_UNKNOWN = ErrorCode("sms_unknown", "CMS")
    MISFIT = ErrorCode("misfit", "CMS")
    PDU_NOT_HEX = ErrorCode("pdu_not_hex", "CMS")
    PDU_LENGTH = ErrorCode("pdu_length", "CMS")
    PDU_TYPE = ErrorCode("pdu_type", "CMS")


CARD_REFUSALS: dict[SimState, ErrorCode] = {
    SimState.ABSENT: Cms.NO_CARD,
    SimState.PIN: Cms.CARD_PIN,
    SimState.PUK: Cms.CARD_PUK,
    SimState.DEAD: Cms.CARD_FAILURE,
}
"""The refusals of what needs the card, in each state but READY."""


class NetworkRefusal(CommandError):
    """A message that the network refuses, with any number."""

    def __init__(self, number: int) -> None:
        super().__init__(Cms.SMS_UNKNOWN)
        self._number = number

    def final(self, form: ReplyFormat) -> bytes:
        """Return the final result code; a number that nobody has words for stays a number."""
        known = (code for code, (number, _) in form.errors.items() if (code.result, number) == ("CMS", self._number))
        if (code := next(known, None)) is not None:
            return form.error(code)
        if form.error_level == 0 or form.quiet:
            return form.error(None)
        return form.notice(b"+CMS ERROR: %d" % self._number)
