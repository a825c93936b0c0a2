"""The AT language: grammar, declarations, registry, replies. Pure."""
