"""A run folder gives back what was put into it."""

import numpy as np

from circuits.network.activity import Activity
from snn.experiments.run_folder import load_activity, save_activity


def test_activity_comes_back_field_by_field(tmp_path):
    """No array is another's: spikes, time near threshold, input spikes and charge, of two populations."""
    rng = np.random.default_rng(0)
    spikes, near = ({"encoder": rng.random(3), "hidden1": rng.random(5)} for _ in range(2))
    save_activity(tmp_path, Activity(7, 0.9, spikes, near, 0.1, rng.random(2), rng.random(4)))
    rng, told = np.random.default_rng(0), load_activity(tmp_path)
    assert (told.n_clips, told.duration, told.window) == (7, 0.9, 0.1)
    for found, expected in ((told.spikes, spikes), (told.near_threshold, near)):
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
    rng.random(16)
    np.testing.assert_array_equal(told.input_spikes, rng.random(2))
    np.testing.assert_array_equal(told.encoder_charge, rng.random(4))
