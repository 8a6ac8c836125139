"""Phase-change devices beside those of IBM's aihwkit: mean, sigma and shape of what is written, drifted and read."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from circuits.nonideal.pcm_device import HERMES, PCM_LIKE
from circuits.nonideal.pcm_noise import drift_exponents, drifted, read_sigma, reading, written

torch = pytest.importorskip("torch")
pcm = pytest.importorskip("aihwkit.inference.noise.pcm", reason="aihwkit is not installed: pip install aihwkit")
hermes = pytest.importorskip("aihwkit.inference.noise.hermes")

N = 100_000
MODELS = {"pcm-like": (PCM_LIKE, pcm.PCMLikeNoiseModel), "hermes": (HERMES, hermes.HermesNoiseModel)}
TARGETS = (0.0, 0.03, 0.1, 0.3, 0.7, 1.0)
AGES = (1.0, 3600.0, 86_400.0, 604_800.0)


def alike(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Mean and sigma within five standard errors, the distributions by Kolmogorov and Smirnov."""
    theirs = theirs.astype(float)
    error = np.hypot(ours.std(), theirs.std()) / np.sqrt(N)
    test = ks_2samp(ours, theirs)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=5 * error + 1e-7)
    fourth = ((theirs - theirs.mean()) ** 4).mean()
    spread = np.sqrt(2 * max(fourth - theirs.var() ** 2, 0) / N)  # of the difference of two variances
    assert ours.var() == pytest.approx(theirs.var(), abs=5 * spread + 1e-9)
    assert test.statistic < 0.01  # of two samples of 1e5, the same law exceeds it once in ten thousand


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_programming_and_exponents(name, target):
    device, kind = MODELS[name]
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model, full = kind(), 1e6 * device.g_max
    wanted = torch.full((N,), target * full)
    alike(written(np.full(N, target), device, rng),
          model.apply_programming_noise_to_conductance(wanted).numpy() / full)  # fmt: skip
    alike(drift_exponents(np.full(N, target), device, rng), model.generate_drift_coefficients(wanted).numpy())


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("target", TARGETS[1:])
@pytest.mark.parametrize("name", MODELS)
def test_a_life_of_devices(name, target, age):
    """Written, drifted and read; aihwkit counts time from programming, and its noise from t0 before."""
    device, kind = MODELS[name]
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    model, full = kind(), 1e6 * device.g_max
    wanted = torch.full((N,), target * full)
    noisy = model.apply_drift_noise_to_conductance(
        model.apply_programming_noise_to_conductance(wanted), model.generate_drift_coefficients(wanted), age
    )
    g = written(np.full(N, target), device, rng)
    now = drifted(g, drift_exponents(np.full(N, target), device, rng), device, age)
    ours = reading(now, read_sigma(g, device, age + device.t0), rng)
    alike(ours, noisy.numpy() / full)
