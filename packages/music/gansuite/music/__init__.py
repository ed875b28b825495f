"""Piano rolls and MIDI."""
