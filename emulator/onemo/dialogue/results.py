"""The ends of the answer to a command, whichever module it is of."""

from __future__ import annotations

import re

FINAL = re.compile(rb"OK|ERROR|\+C(?:ME|MS|IS) ERROR: ?.*|CONNECT( .*)?|NO CARRIER|NO ANSWER|NO DIALTONE|BUSY")
"""A line that is a final result code (V.250 5.7.1, 3GPP TS 27.007 9.2)."""
FAILED = re.compile(rb"\+(CM[ES]|CIS) ERROR: ?(\d*).*|ERROR")
"""One that is an error: its class and number, as far as it tells them."""
FINAL_LINE = re.compile(rb"\r\n(?:%s)\r\n" % FINAL.pattern.replace(b".*", rb"[^\r\n]*"))
"""The same in its line ends."""
