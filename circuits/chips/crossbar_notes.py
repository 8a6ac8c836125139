"""What a report of an analog chip says besides its figures, one line each."""

from circuits.chips.crossbar_efficiency import MEASURED_DEVICES
from circuits.chips.crossbar_report import CrossbarReport
from circuits.network.spec import NetworkSpec
from circuits.nonideal.crossbar_settings import CrossbarSettings
from circuits.units import si


def crossbar_notes(net: NetworkSpec, settings: CrossbarSettings, report: CrossbarReport) -> tuple[str, ...]:
    """Tiles and chips, layers of fewer devices, what tiles cost, devices, balance, time against what was published."""
    return (
        _tiles(report), *report.placement.devices.notes, _whole(report), _devices(settings),
        _balance(settings, report), _time(settings, report), *_anchor(report), *_published(report), *_encoder(net),
    )  # fmt: skip


def _tiles(report: CrossbarReport) -> str:
    place = report.placement
    used = f"{100 * place.utilisation:.3g} % of their weights used"
    return f"{len(place.tiles)} tiles of {place.per_chip} a chip, {used}; chips needed: {place.chips}"


def _whole(report: CrossbarReport) -> str:
    alone = si(report.used_alone, "J")
    return f"a tile costs the same however many of its weights are used, ASSUMED; used products alone: {alone}"


def _anchor(report: CrossbarReport) -> tuple[str, ...]:
    others = sorted({one.devices for one in report.placement.layers} - {MEASURED_DEVICES})
    told = "devices a weight: a reading of a tile costs what was published"
    return tuple(f"{devices} {told} of {MEASURED_DEVICES}, ASSUMED" for devices in others)


def _devices(settings: CrossbarSettings) -> str:
    frozen = f"noise slower than {si(settings.window, 's')} is the same for all readings"
    return f"devices by the table {settings.device.name!r}: {frozen}, ASSUMED; the resistance of lines is not modelled"


def _balance(settings: CrossbarSettings, report: CrossbarReport) -> str:
    if settings.balanced:
        return (
            f"asymmetry balance: {report.readings} readings a product, ASSUMED to cost twice what was published of one"
        )
    return "no asymmetry balance: offsets and gains of columns remain"


def _time(settings: CrossbarSettings, report: CrossbarReport) -> str:
    steps, each = report.readings + 1, si(settings.converters.step, "s")
    ramp = "one of the ramp, ASSUMED that the ramp of a first reading runs with the second"
    return (
        f"a layer takes {steps} steps of {each}: {report.readings} of pulses and {ramp}; routing and the digital side "
        "not modelled"
    )


def _published(report: CrossbarReport) -> tuple[str, ...]:
    published = report.published
    if len(report.placement.tiles) != published.tiles or report.evaluations != 1:
        return ()
    took = f"{si(published.frame, 's')} a frame published for a spotter on {published.tiles} tiles"
    return (f"{took}, this model gives {si(report.latency_s, 's')} for this network",)


def _encoder(net: NetworkSpec) -> tuple[str, ...]:
    if not any(layer.kind == "encoder" for layer in net.layers):
        return ()
    return ("the signals of an encoder are multiplied on the digital side, not modelled",)
