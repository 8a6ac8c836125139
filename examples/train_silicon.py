"""Train gate bias and width of eight neurons' bias devices to wanted firing rates. Usage: train_silicon.py [FOLDER]

The gradient goes through the device equation. FOLDER gets network.json, with the gate biases in it.
"""

import sys
from pathlib import Path

import torch

from circuits import (
    DEVICES,
    ChipNetwork,
    LIFCircuit,
    NetworkSpec,
    circuit_at_speed,
    circuit_for_tau,
    firing_rate,
    si,
    write_network_json,
)
from snn import SiliconLayer, bias_devices, silicon_spec

SPEED = 1000.0  # of the chip over real time; at 1 the currents would lie below the device's floor
WANTED = torch.tensor([0.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 140.0])  # Hz, in real time
dt, n_steps = 0.5e-3, 1000  # s

circuit = circuit_for_tau(20e-3, LIFCircuit(device=DEVICES["32nm-pdsoi"]))
layer = SiliconLayer(0, len(WANTED), circuit, dt, acceleration=SPEED, generator=torch.Generator().manual_seed(0))
optimiser = torch.optim.Adam(layer.parameters(), lr=0.03)
silence = torch.zeros(1, n_steps, 0)  # no synapses: the bias alone drives them
for epoch in range(150):
    rates = layer(silence).mean((0, 1)) / dt
    loss = ((rates - WANTED) / 50).square().mean()
    if epoch % 50 == 0:
        print(f"epoch {epoch:3}  rms error {50 * loss.item() ** 0.5:5.1f} Hz")
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

rates = layer(silence).mean((0, 1)) / dt
print(f"trained    rms error {(rates - WANTED).square().mean().sqrt():5.1f} Hz")
network = NetworkSpec("eight rates", dt, (silicon_spec("neurons", layer),))
chip = ChipNetwork(network, circuit, {"neurons": bias_devices(layer.bias)})
fast = circuit_at_speed(circuit, SPEED)
for wanted, rate, v_gs, width, current in zip(
    WANTED, rates, layer.bias.v_gs, layer.bias.width, layer.bias.current, strict=True
):
    device = f"V_GS {v_gs.item():.4f} V, width {si(width.item(), 'm')}, {si(current.item(), 'A')}"
    closed_form = firing_rate(fast, current.item()) / SPEED
    print(f"wanted {wanted:5.1f} Hz, got {rate:5.1f} Hz, closed form {closed_form:5.1f} Hz: {device}")
if len(sys.argv) > 1:
    write_network_json(Path(sys.argv[1]), chip)
