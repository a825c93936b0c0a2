"""Faults on command: what they are, when they fire, and the wrappers that carry them out."""
