"""Model profiles: the data that tells one module from another."""
