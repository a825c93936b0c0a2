"""The line to the DTE."""
