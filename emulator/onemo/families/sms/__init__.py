"""Short messages (3GPP TS 27.005, 23.040, 23.038): the commands, the stores, and the centre's side of a module."""

from __future__ import annotations

from onemo.at.family import FamilyDefinition, StateField
from onemo.at.reply import errors_in
from onemo.families.sms import reading, sending, settings
from onemo.families.sms.errors import Cms
from onemo.families.sms.profile import SMS
from onemo.families.sms.receiving import Receiver
from onemo.families.sms.state import SmsInfo, told
from onemo.families.sms.stores import SmsMemory
from onemo.modem.modem import Modem

DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(*settings.DECLARATIONS, *reading.DECLARATIONS, *sending.DECLARATIONS),
    errors=errors_in(Cms),
    misfit=Cms.MISFIT,
    tables=(SMS,),
    part=Receiver,
    keepers={"sms": SmsMemory},
    state=(StateField("sms", SmsInfo | None, told, empty=None),),
    shows=dict.fromkeys(("CSCA", "CPMS", "CNMI", "CMGS", "CMSS", "CMGW", "CMGC", "CNMA", "CMGR", "CMGL"), ("sms",)),
)
