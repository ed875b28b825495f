"""Verse."""

BUNDLED = "verse"  # the model that a command uses when none is named
