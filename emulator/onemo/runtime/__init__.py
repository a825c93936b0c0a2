"""Where the core meets trio."""
