"""Dialogues with a module: written down, read, and judged."""
