"""One inference over the supply, over the corners of the process, and once a second for as long as a battery lasts."""

from dataclasses import dataclass, replace

import numpy as np

from circuits.chips.near_threshold_body import Body, OperatingPoint
from circuits.chips.near_threshold_report import OneASecond, SpeedCorner, SupplyPoint
from circuits.cost.battery import CR2032, Battery, battery_life
from circuits.energy.standby import break_even, gated_leak, mean_power
from circuits.energy.voltage_laws import LogicBlock, dynamic_scale, least_energy_supply
from circuits.energy.voltage_spread import delay_corners
from circuits.units import Hertz, Joules, Seconds, Volts

LOWEST: Volts = 0.15  # of the search; no circuit works there. ASSUMED
STEP: Volts = 0.05
RATE: Hertz = 1.0  # inferences a second


@dataclass(frozen=True)
class Inference:
    """What one inference takes at an operating point."""

    dynamic: Joules
    cycles: float
    point: OperatingPoint

    @property
    def time(self) -> Seconds:
        return self.cycles / self.point.clock

    @property
    def leak(self) -> Joules:
        return self.point.leak * self.time

    def at(self, there: OperatingPoint) -> "Inference":
        """The same at another point: switched energies by the square of the supply."""
        return replace(self, dynamic=self.dynamic * dynamic_scale(there.v_dd, self.point.v_dd), point=there)


def over_supply(body: Body, inference: Inference) -> tuple[tuple[SupplyPoint, ...], SupplyPoint, SupplyPoint]:
    """The inference at many supplies, the one of least energy among them, and the least of those that work."""
    point, most = inference.point, body.point.v_most
    least = _least(body, inference, LOWEST)
    usable = _least(body, inference, max(body.memory_fails_below, body.logic_fails_below))
    grid = np.round(np.arange(LOWEST, most + STEP / 2, STEP), 6)
    supplies = sorted({*(float(v) for v in grid if v <= most), point.v_dd, least, usable})
    rows = {v: _row(body, inference, v) for v in supplies}
    return tuple(rows.values()), rows[least], rows[usable]


def speed_corners(body: Body, v_dd: Volts) -> tuple[SpeedCorner, ...]:
    """Slow, typical and fast chips, cold, at the process' own temperature and hot, at a supply."""
    corners = []
    for corner in delay_corners(v_dd, body.process):
        there = body.made_of(corner.process, v_dd)
        corners.append(SpeedCorner(corner.name, corner.temperature, there.clock, there.leak))
    return tuple(corners)


def one_a_second(body: Body, inference: Inference, battery: Battery = CR2032) -> OneASecond:
    """One inference a second, or as many as there is time for, and sleep in between."""
    point, sleep, bits = inference.point, body.sleep, body.memory.bits
    rate = min(RATE, 1 / inference.time)
    active = (inference.dynamic + inference.leak) / inference.time
    gated = gated_leak(point.array_leak, sleep.gated)
    standby = gated + point.memory_leak
    duty = min(rate * inference.time, 1.0)
    remembered = point.wake + bits * (sleep.store_bit + sleep.restore_bit)
    power = mean_power(active, standby, duty, point.wake, rate)
    return OneASecond(
        inferences_per_s=rate,
        duty=duty,
        standby_w=standby,
        wake_j=point.wake,
        average_power_w=power,
        non_volatile_power_w=mean_power(active, gated, duty, remembered, rate),
        battery=battery.name,
        battery_life_s=battery_life(battery, power),
        break_even_s=break_even(bits * sleep.store_bit, bits * sleep.restore_bit, point.memory_leak),
    )


def _least(body: Body, inference: Inference, low: Volts) -> Volts:
    point = inference.point
    if low >= body.point.v_most:
        return body.point.v_most
    there = body.process_at(point.temperature)
    block = LogicBlock(there, point.v_dd, inference.dynamic, point.leak, inference.time)
    return least_energy_supply(block, low, body.point.v_most)


def _row(body: Body, inference: Inference, v_dd: Volts) -> SupplyPoint:
    there = inference.at(body.at(v_dd, inference.point.temperature))
    limits = {"SRAM": body.memory_fails_below, "logic": body.logic_fails_below}
    fails = [name for name, limit in limits.items() if v_dd < limit]
    return SupplyPoint(
        v_dd_v=v_dd,
        energy_j=there.dynamic + there.leak,
        dynamic_j=there.dynamic,
        leak_j=there.leak,
        frequency_hz=there.point.clock,
        delay_s=there.time,
        fails=" and ".join(fails) or None,
    )
