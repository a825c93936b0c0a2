"""The device: power, settings, connections, delivery. Pure."""
