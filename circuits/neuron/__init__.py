"""The LIF circuit: interval, energy terms, synapse, bias device, supply, design, area, conventional sources."""
