"""The world behind the module."""
