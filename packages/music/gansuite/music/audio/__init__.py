"""Music one can hear: notes in seconds become sound, by FluidSynth where it is installed and by our own synthesiser
everywhere.

`parts` says what is to be played, `synth` and `fluid` play it, `wav` writes it. `synth` is made of `tones` (the
instruments of `timbres`), `drums` and `effects`, and all of those of the `waves`. Sounds are float32 (2, F): left and
right, F frames of 44,100 a second, within -1..1.
"""
