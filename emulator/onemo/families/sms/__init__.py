"""Short messages (3GPP TS 27.005, 23.040, 23.038)."""
