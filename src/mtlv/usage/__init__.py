"""Usage: what a finished study's models do with new texts."""
