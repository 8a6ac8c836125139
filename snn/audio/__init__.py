"""Front end and encoders: waveforms to features to spikes."""
