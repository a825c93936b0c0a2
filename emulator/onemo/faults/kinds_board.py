"""The kinds of events that happen to the board around a module: cells, pins, voltages, its place, Wi-Fi."""

from __future__ import annotations

from onemo.faults.kind import FaultKey, Type, event_kind, of_seam

_MOST_PINS = 99
_MOST_MV = 10_000
_MOST_REQUESTS = 1000
_ACCESS_POINT = r"[0-9A-Fa-f]{12},-[0-9]{1,3},[0-9]{1,3}(?:,[^,;\"\x00-\x1f\x7f]{0,32})?"
_KEEP = FaultKey("keep", Type.CHOICE, "yes: it outlives the process, in the NV.", "no", choices=("no", "yes"))
_REQUESTS = FaultKey("requests", Type.INTEGER, "So many requests for the place.", 1, 1, _MOST_REQUESTS)

CELL = event_kind(
    "cell",
    "A cell is there: in the place of the first of its band, or as one more band.",
    FaultKey("earfcn", Type.INTEGER, "Its downlink frequency, which tells the band.", None, 0, 65535, required=True),
    FaultKey("pci", Type.INTEGER, "Its physical identity; if left out, as before, or 0.", None, 0, 503),
    FaultKey("sinr", Type.INTEGER, "In tenths of dB.", None, -500, 500),
    FaultKey("tx_power", Type.INTEGER, "In tenths of dBm.", None, -500, 500),
    FaultKey("ci", Type.TEXT, "Its identity: eight hexadecimal digits in capitals.", pattern="[0-9A-F]{8}"),
    FaultKey("beside", Type.CHOICE, "yes: as one more of its band, a neighbour.", "no", choices=("no", "yes")),
    undo="cells-back",
    example="cell earfcn=3686 pci=186",
)
CELL_KINDS = (
    CELL,
    event_kind("handover", "The network hands the module over to the cell of a band.",
               FaultKey("band", Type.INTEGER, "Which.", None, 1, 99, required=True), undo="cells-back",
               example="handover band=8 after=5s"),
    event_kind("cells-back", "The cells are as the profile has them."),
    event_kind("emm-timer", "A timer of 24.301 starts, and ends when its time is over.",
               FaultKey("id", Type.INTEGER, "0 T3346, 3 T3396, as AT+MEMMTIMER numbers them.", 0, 0, 9),
               FaultKey("seconds", Type.SECONDS, "Its time; 0 stops it.", 60.0, 0, 1_000_000),
               example="emm-timer id=0 seconds=60"),
)  # fmt: skip
_PIN = FaultKey("id", Type.INTEGER, "The pin, as AT+MGPIO numbers it.", None, 0, _MOST_PINS, required=True)
PIN_KINDS = (
    event_kind("pin", "What is around the module drives a pin.", _PIN,
               FaultKey("level", Type.INTEGER, "0 low, 1 high.", None, 0, 1, required=True),
               example="pin id=1 level=1"),
    event_kind("pin-release", "Nothing around the module drives a pin any more.", _PIN, example="pin-release id=1"),
    event_kind("adc", "The voltage at a channel of the converter changes.",
               FaultKey("channel", Type.INTEGER, "Which.", 0, 0, _MOST_PINS),
               FaultKey("mv", Type.INTEGER, "In mV; what is outside the converter's range is told as its end.", None, 0,
                        _MOST_MV, required=True), example="adc channel=0 mv=1150"),
    event_kind("adc-noise", "What the converter tells differs by chance, the same in every run.",
               FaultKey("mv", Type.INTEGER, "By at most so many mV.", 15, 0, _MOST_MV), undo="adc-quiet",
               example="adc-noise mv=15"),
    event_kind("adc-quiet", "The converter tells the voltage as it is."),
    event_kind("chip", "The temperature of the chip, or its supply, changes; nothing else comes of it.",
               FaultKey("temp", Type.INTEGER, "In degrees Celsius; as before if left out.", None, -100, 200),
               FaultKey("vbat", Type.INTEGER, "In mV; as before if left out.", None, 0, _MOST_MV), undo="chip-back",
               example="chip temp=70 vbat=3400"),
    event_kind("chip-back", "Temperature and supply are as the profile has them."),
)  # fmt: skip
PLACE_KINDS = (
    event_kind("place", "The module is elsewhere.",
               FaultKey("lon", Type.NUMBER, "Longitude, in degrees.", None, -180, 180, required=True),
               FaultKey("lat", Type.NUMBER, "Latitude, in degrees.", None, -90, 90, required=True),
               FaultKey("radius", Type.INTEGER, "In metres; as before if left out.", None, 0, 1_000_000),
               FaultKey("text", Type.TEXT, "Its description, without quotes; as before if left out.",
                        pattern='[^"\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff]{0,200}'), _KEEP, undo="place-back",
               example="place lon=113.26 lat=23.13"),
    event_kind("place-back", "The module is where the profile has it."),
    event_kind("wifi", "Other Wi-Fi access points are on the air.",
               FaultKey("points", Type.TEXT, "Each as address,rssi,channel[,name], semicolons between; else none.",
                        "", pattern=f"(?:{_ACCESS_POINT}(?:;{_ACCESS_POINT}){{0,63}})?"), _KEEP, undo="wifi-back",
               example="wifi points='02A1B2C3D405,-50,6;02A1B2C3D406,-70,11'"),
    event_kind("wifi-back", "The access points are as the profile has them."),
    event_kind("wifi-cut", "A line in the middle of a Wi-Fi scan comes without its head.",
               FaultKey("scans", Type.INTEGER, "In so many scans.", 1, 1, _MOST_REQUESTS), example="wifi-cut"),
    event_kind("lbs", "Requests for the place fail.",
               FaultKey("status", Type.INTEGER, "As AT+MLBSLOC tells it: 120 time-out, 124 too many at once.", 124, 101,
                        199), _REQUESTS, undo="lbs-back", example="lbs status=124 requests=2"),
    event_kind("lbs-silent", "Requests for the place are never answered.", _REQUESTS, undo="lbs-back",
               example="lbs-silent"),
    event_kind("lbs-back", "Requests for the place are answered as usual."),
)  # fmt: skip
BOARD_KINDS = of_seam("board", *CELL_KINDS, *PIN_KINDS, *PLACE_KINDS)
