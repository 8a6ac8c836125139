"""Silicon as it is made: corners, mismatch, Monte Carlo, one chip and its calibration."""
