"""A clip is the excerpt that it names, as loud as it says."""

import numpy as np
import pytest
import soundfile

from snn.data.corpora.clip import Clip, load_clip

RATE = 8000


@pytest.mark.parametrize(("start_s", "gain"), [(0.0, 1.0), (0.25, 1.0), (0.5, 0.5)])
def test_an_excerpt_begins_where_it_says_and_is_as_loud(tmp_path, start_s, gain):
    """A ramp tells where each sample came from."""
    ramp = np.linspace(-0.5, 0.5, RATE)
    soundfile.write(tmp_path / "ramp.wav", ramp, RATE, subtype="FLOAT")
    clip = Clip(tmp_path / "ramp.wav", 0, "", "train", start_s=start_s, gain=gain, duration_s=0.1)
    first = round(start_s * RATE)
    np.testing.assert_allclose(load_clip(clip, RATE, 0.1), gain * ramp[first : first + 800], atol=1e-6)
