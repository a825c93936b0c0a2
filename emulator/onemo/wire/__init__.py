"""Bytes on the line: framer, escape, transmitter, payload codec. Pure; time is an argument."""
