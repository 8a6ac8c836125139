"""Speech and learning side of TunnelSpike."""
