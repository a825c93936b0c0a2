"""The wrappers that carry a plan of faults out, each around one seam of the module."""
