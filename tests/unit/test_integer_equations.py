"""The equations of whole numbers against Python's own: exact fractions, and integers without an end."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.quantised.integer_run import quantised_input, run_integers
from circuits.quantised.integers import (
    IntegerNetwork,
    MembraneLayer,
    Membranes,
    ValueLayer,
    membrane_step,
    requantised,
)

LARGEST = 2**31 - 1
NONE8 = np.zeros((0, 0), np.int8)


def values(multiplier: int, relu: bool = False) -> ValueLayer:
    kept = np.array([multiplier], np.int32)
    return ValueLayer("it", "dense", NONE8, np.zeros(1, np.int32), kept, relu, True, 1.0)


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("multiplier", [1, 3, 2**15, 3 * 2**13, 2**16 - 1, 2**16])
def test_sums_are_scaled_to_the_nearest_even_and_clipped(multiplier, relu):
    """round() of a Fraction goes to even at a half; ties are among these sums, and both ends."""
    some = np.array([*range(-700, 700), -(2**31), 2**31 - 1, 2**23, -(2**23)]).reshape(-1, 1)
    low, high = (0, 255) if relu else (-128, 127)
    expected = [min(max(round(Fraction(int(s) * multiplier, 2**16)), low), high) for s in some.ravel()]
    assert requantised(some, values(multiplier, relu)).ravel().tolist() == expected


def membrane(kind: str, words: dict[str, int]) -> MembraneLayer:
    return MembraneLayer("it", kind, NONE8, None, **{k: np.array([v], np.int32) for k, v in words.items()},
                         unit=np.ones(1))  # fmt: skip


def by_hand(kind: str, p: dict[str, int], v: int, w: int, drive: int) -> tuple[int, int, int]:
    """The docstring of `circuits.quantised.integers` in Python's integers: output, v, w."""
    sat = lambda x: max(-LARGEST, min(LARGEST, x))  # noqa: E731
    leaked = (v * p["decay"] - w * (2**16 - p["decay"]) + 2**15) // 2**16
    v = max(sat(leaked + 2**8 * drive + p["bias"]), p["v_floor"])
    if kind == "readout":
        return v, v, w
    spike = int(v > p["v_threshold"])
    w = sat((w * p["rho"] + v * p["gain"] + 2**15) // 2**16 + p["jump"] * spike)
    return spike, 0 if spike else v, w


@pytest.mark.parametrize("kind", ["adaptive_lif", "readout"])
@pytest.mark.parametrize("most", [3000, 2**20, LARGEST])
def test_a_step_of_a_membrane_is_that_of_pythons_integers(kind, most):
    """From rest to both ends of 32 bits; a potential at its threshold is among them."""
    rng, spikes, ends = np.random.default_rng(8), 0, 0
    for _ in range(400):
        draw = lambda: int(rng.integers(-most, most + 1))  # noqa: E731
        v, w, drive = draw(), draw(), int(rng.integers(-(2**25), 2**25)) if most == LARGEST else draw() // 256
        p = {"bias": draw(), "decay": int(rng.integers(0, 2**16 + 1)), "v_threshold": abs(draw()),
             "v_floor": -most // 2, "rho": int(rng.integers(0, 2**16 + 1)), "gain": draw(), "jump": draw()}  # fmt: skip
        if rng.random() < 0.2:
            p["v_threshold"] = max(by_hand("readout", p, v, w, drive)[1], 0)
        state = Membranes(*(np.array([[x]], np.int64) for x in (v, w, 0)))
        out, state = membrane_step(np.array([[drive]], np.int32), state, membrane(kind, p))
        expected = by_hand(kind, p, v, w, drive)
        assert (int(out[0, 0]), int(state.v[0, 0]), int(state.w[0, 0])) == expected
        spikes, ends = spikes + expected[0] * (kind != "readout"), ends + (LARGEST in map(abs, expected))
    assert kind == "readout" or 20 < spikes < 380
    assert most < LARGEST or ends > 20


@pytest.mark.parametrize(
    ("signed", "expected"),
    [(True, [0, 0, 2, 2, -2, -128, -128, 127]), (False, [0, 0, 2, 2, 0, 0, 0, 200])],
)
def test_inputs_go_to_the_nearest_even_and_keep_to_eight_bits(signed, expected):
    layer = replace(values(1), signed_input=signed)
    network = IntegerNetwork("it", (layer,), 0.25, (1,))
    real = 0.25 * np.array([0.0, 0.5, 1.5, 2.5, -2.5, -128.0, -1e9, 200.0])
    assert quantised_input(real, network).tolist() == expected


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_no_number_is_refused(wrong):
    with pytest.raises(InputError, match="it: the input holds NaN or infinity; check the features"):
        quantised_input(np.array([wrong]), IntegerNetwork("it", (values(1),), 1.0, (1,)))


@pytest.mark.parametrize("multiplier", [0, -1, 2**16 + 1])
def test_a_multiplier_out_of_range_is_refused(multiplier):
    with pytest.raises(InputError, match=f"layer 'it': a multiplier is 1 to 65536, got {multiplier}"):
        values(multiplier)


def test_arrays_of_another_type_are_refused():
    with pytest.raises(InputError, match="layer 'it': bias must be int32, got int64"):
        replace(values(1), bias=np.zeros(1, np.int64))


def test_long_sums_of_a_dense_layer_are_exact():
    """2^24 + 1 is no number of single precision: 66,000 products of 255, and a 1 that would be lost."""
    n = 66_000
    layer = ValueLayer("it", "dense", np.ones((n + 1, 1), np.int8), np.array([-255 * n], np.int32),
                       np.array([2**16], np.int32), True, False, 1.0)  # fmt: skip
    x = np.full((1, n + 1), 255)
    x[0, 0] = 1
    assert run_integers(IntegerNetwork("it", (layer,), 1.0, (n + 1,)), x).item() == 1
