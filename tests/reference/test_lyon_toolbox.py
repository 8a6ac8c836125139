"""Lyon's ear against the Auditory Toolbox: channel counts, and envelopes of its port (PyPI `lyon` 1.0.0).

The port ran LyonPassiveEar(x, 8000, df=8, earQ=8, stepfactor=0.79, differ=1, tauf=3) on `sound()`, without gain
control, and with it ten times as loud; listed is every third channel from the lowest. Its decimation filter is two
samples later than ours.
"""

import numpy as np
import pytest

from snn.audio.lyon import AGC_TARGETS, lyon_channels, lyon_design, lyon_envelopes, lyon_lowest

PORT = {
    (False, 60): [7.506419e-04, 1.158760e-02, 1.333626e-02, 9.890024e-04, 6.991704e-04, 4.915915e-04, 1.744314e-04],
    (False, 199): [3.777469e-05, 2.108279e-04, 2.365431e-04, 5.797808e-04, 3.253830e-03, 1.599755e-01, 2.721684e-03],
    (True, 60): [2.353520e-05, 1.728687e-04, 1.730356e-04, 3.194556e-05, 3.091004e-05, 2.758003e-05, 1.140284e-05],
    (True, 199): [2.768349e-06, 1.007851e-05, 9.939990e-06, 1.127442e-05, 2.338277e-05, 8.059453e-04, 2.151612e-05],
}


def sound():
    n = np.arange(1600)
    return 0.05 * (np.sin(2e-4 * np.pi * n**2) + np.sin(0.3 * n) * (n % 400 < 200))


def heard(agc):
    """Rows of 1 ms of a cascade whose step factor is 0.79: its 20th resonance is the lowest."""
    step = np.arcsinh(4.0 - 0.5 * 0.79 * np.hypot(4.0, 1.0) / 8) - 20 * 0.79 / 8
    design = lyon_design(8000, 20, 1000 * np.sinh(step), 4000.0, 8.0)
    out = lyon_envelopes((10 if agc else 1) * sound()[None], design, agc, -np.expm1(-1 / 24), np.arange(1, 201) * 8 - 2)
    return out[0] * (AGC_TARGETS[-1] if agc else 1.0)


@pytest.mark.parametrize("row", [60, 199])
def test_envelopes_are_those_of_the_toolbox(row):
    np.testing.assert_allclose(heard(False)[row, :19:3], PORT[False, row], rtol=2e-6)


@pytest.mark.parametrize("row", [60, 199])
def test_gain_control_is_that_of_the_toolbox(row):
    """The toolbox silences the outer ear in one sample of each row, which leaks into the gain of the top channels."""
    np.testing.assert_allclose(heard(True)[row, :15:3], PORT[True, row][:5], rtol=0.02)
    np.testing.assert_allclose(heard(True)[row, 15:19:3], PORT[True, row][5:], rtol=0.06)


@pytest.mark.parametrize(
    ("rate", "ear_q", "step_factor", "n_channels"),
    [
        (12_000, 8.0, 0.25, 77),
        (16_000, 8.0, 0.25, 86),
        (8000, 4.0, 5 / 32, 49),
        (12_000, 8.0, 0.905, 20),
        (8000, 8.0, 0.76, 20),
    ],
)
def test_channels_of_a_step_factor(rate, ear_q, step_factor, n_channels):
    assert int(lyon_channels(lyon_lowest(ear_q), rate / 2, ear_q, step_factor)) == n_channels


@pytest.mark.parametrize("rate", [8000, 12_000, 16_000, 44_100])
@pytest.mark.parametrize("n_channels", [1, 20, 77])
def test_design_has_exactly_the_channels_asked_for(rate, n_channels):
    design = lyon_design(rate, n_channels, lyon_lowest(8.0), rate / 2, 8.0)
    assert design.sections.shape == (n_channels + 2, 6)
    assert design.resonances[-1] == pytest.approx(lyon_lowest(8.0), rel=1e-9, abs=0)
    assert design.resonances[0] < rate / 2
    assert (np.abs(design.sections[:, 5]) < 1).all()  # the poles' radius squared: stable
