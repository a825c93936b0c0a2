"""CoAP: its messages (RFC 7252), blocks (RFC 7959), and what is repeated and recognised as a duplicate. Pure."""
