"""The formats of LwM2M 1.0 over CoAP: TLV, text, opaque, JSON, link format. Pure."""
