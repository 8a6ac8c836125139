"""What a report of a processor near threshold says besides its figures, one line each."""

from circuits.chips.near_threshold_body import Body
from circuits.chips.near_threshold_report import NearThresholdReport
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.units import si


def inference_notes(body: Body, net: NetworkSpec, activity: Activity, report: NearThresholdReport) -> tuple[str, ...]:
    """Assumptions on cycles and on a network without steps; memory, supply, speed and sleep against their limits."""
    return (
        _assumed(body), _budget(report), _published(body), *_least(report), *_slow(activity, report), _asleep(report),
        *_steps(net),
    )  # fmt: skip


def _assumed(body: Body) -> str:
    used = f"cycles at a utilisation of {body.array.utilisation:g}, ASSUMED"
    return f"{used}; zeros are multiplied too, so a spike that does not come saves nothing"


def _budget(report: NearThresholdReport) -> str:
    used, within = report.schedule.memory, "within" if report.schedule.memory <= report.budget else "above"
    return f"weights, activations and state take {used} bytes, {within} the {report.budget} of the budget"


def _published(body: Body) -> str:
    of = body.measured
    power = f"{si(of.power, 'W')} at {of.frame_rate:g} frame a second, {si(of.frame, 'J')} a frame"
    return f"published of this silicon: {power}, boundary {of.boundary} ({of.covers}); this ledger pays for less"


def _least(report: NearThresholdReport) -> tuple[str, ...]:
    """That of all supplies, where something fails at it."""
    least, usable = report.least, report.least_usable
    if not least.fails:
        return ()
    works = f"the least that works is {si(usable.energy_j, 'J')} at {usable.v_dd_v:.3g} V"
    return (f"an inference would cost least at {least.v_dd_v:.3g} V, where {least.fails} no longer works; {works}",)


def _slow(activity: Activity, report: NearThresholdReport) -> tuple[str, ...]:
    if report.latency_s <= activity.duration:
        return ()
    took, heard = si(report.latency_s, "s"), si(activity.duration, "s")
    return (f"an inference takes {took}, longer than the {heard} that it hears: a higher --supply keeps up",)


def _asleep(report: NearThresholdReport) -> str:
    use = report.use
    kept = f"between inferences the SRAM keeps its contents at {report.point.v_dd:g} V for {si(use.standby_w, 'W')}"
    return f"{kept}; from pauses of {si(use.break_even_s, 's')} on a memory that remembers without power costs less"


def _steps(net: NetworkSpec) -> tuple[str, ...]:
    if not net.event_driven:
        return ()
    return (f"a network without time steps is computed every {si(net.dt, 's')} of its signal, ASSUMED",)
