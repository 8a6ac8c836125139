"""A run folder gives back what was put into it."""

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.network.activity import Activity
from snn.data.corpora.identity import CorpusIdentity, write_identity
from snn.experiments.run_folder import load_activity, require_folder, save_activity


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


def test_what_a_training_left_that_was_killed_before_it_began_is_in_nobodys_way(tmp_path):
    """It has written of which data it would be, and no more; another file of that name is somebody's."""
    write_identity(tmp_path / "data.json", CorpusIdentity(("no", "yes"), "takes 0 to 4", 8000, ()))
    require_folder(tmp_path, resume=False, overwrite=False)
    with pytest.raises(InputError, match="holds no run to resume"):
        require_folder(tmp_path, resume=True, overwrite=False)
    (tmp_path / "data.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match="holds a run already"):
        require_folder(tmp_path, resume=False, overwrite=False)
