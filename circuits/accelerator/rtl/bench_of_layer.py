"""A bench in Verilog for one spiking layer: inputs step by step, outputs compared with those of whole numbers."""

import numpy as np

from circuits.accelerator.rtl.spiking_layer import SpikingLayer, require_small
from circuits.accelerator.rtl.verilog import verilog_of
from circuits.errors import InputError
from circuits.quantised.integer_run import run_integers
from circuits.quantised.integers import IntegerNetwork, MembraneLayer

LAYER, LAYER_BENCH = "spiking_layer", "spiking_layer_bench"


def layer_files(layer: MembraneLayer, spikes: np.ndarray) -> dict[str, str]:
    """spiking_layer.v, its bench, and what the bench reads; spikes `(step, fan_in)` of 0 and 1.

    Raises: InputError for other inputs, and as `require_small`.
    """
    require_small(layer)
    if spikes.ndim != 2 or spikes.shape[1] != layer.weights.shape[0] or not np.isin(spikes, (0, 1)).all():
        raise InputError(f"layer {layer.name!r} takes (step, {layer.weights.shape[0]}) of 0 and 1, got {spikes.shape}")
    network = IntegerNetwork("layer", (layer,), 1.0, spikes.shape)
    out = run_integers(network, spikes[None].astype(np.int64))[0]
    bits = out.astype("<i4").view(np.uint8).reshape(len(out), -1) if not layer.spiking else None
    expected = [row[::-1].tobytes().hex() for row in bits] if bits is not None else [_bits(row) for row in out]
    about = {
        "inputs": layer.weights.shape[0], "bits": (1 if layer.spiking else 32) * layer.n_out, "steps": len(spikes),
        "output": "spikes" if layer.spiking else "potentials", "bench": LAYER_BENCH,
    }  # fmt: skip
    return {
        "spiking_layer.v": verilog_of(SpikingLayer(layer), LAYER),
        "layer_bench.v": _BENCH.format(**about),
        "spikes.hex": "".join(f"{_bits(row)}\n" for row in spikes),
        "expected.hex": "".join(f"{row}\n" for row in expected),
    }


def _bits(row: np.ndarray) -> str:
    """Bit c is channel c, as a number in base 16."""
    return f"{sum(1 << int(c) for c in np.flatnonzero(row)):x}"


_BENCH = """\
// Drives spiking_layer with spikes.hex, a step a cycle, and compares its {output} with expected.hex.
`timescale 1ns / 1ps
module {bench};
  localparam STEPS = {steps};
  reg [{inputs}-1:0] spikes_in [0:STEPS-1];
  reg [{bits}-1:0] expected [0:STEPS-1];
  reg clk = 0, rst = 1, step = 0;
  reg [{inputs}-1:0] inputs = 0;
  wire [{bits}-1:0] outputs;
  integer t, wrong = 0;
  spiking_layer dut (.clk(clk), .rst(rst), .step(step), .inputs(inputs), .{output}(outputs));
  always #5 clk = ~clk;
  initial begin
    $readmemh("spikes.hex", spikes_in);
    $readmemh("expected.hex", expected);
    repeat (2) @(negedge clk);
    rst = 0; step = 1;
    for (t = 0; t < STEPS; t = t + 1) begin
      inputs = spikes_in[t];
      @(negedge clk);
      if (outputs !== expected[t]) begin
        if (wrong == 0) $display("FAIL: step %0d: {output} %h, expected %h", t, outputs, expected[t]);
        wrong = wrong + 1;
      end
    end
    $display("%0d of %0d steps differ", wrong, STEPS);
    if (wrong != 0) $fatal(1);
    $display("PASS");
    $finish;
  end
endmodule
"""
