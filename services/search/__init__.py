"""The search: an index that can be rebuilt from the log of publications alone."""
