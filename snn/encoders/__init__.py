"""Features or a waveform to spikes."""
