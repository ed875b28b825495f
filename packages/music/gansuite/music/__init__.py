"""Music: from MIDI to a generator of five tracks, and from a generator to MIDI."""

BUNDLED = "band"  # the model that plays when none is named
