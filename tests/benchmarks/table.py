"""The benchmark's result as a Markdown table."""

from candidates import LIBRARIES

LABELS = {"t100_b128": "T=100, B=128", "t100_b128_recurrent": "T=100, B=128, recurrent", "t1000_b8": "T=1000, B=8"}
FLOOR_BARS = {"Intel": ("<= 1.2", "<= 1.3", "<= 1.2"), "": ("<= 0.75", "<= 0.75", "<= 0.9")}  # MKL's floor is lower
PEER_BARS = (">= 5", ">= 4", ">= 20")
HEAD = "| measure | bar | ours | fastest peer | plain loop | compiled loop | floor |\n|---|---|---|---|---|---|---|\n"


def table(result: dict) -> str:
    """Caption and table; a dash stands for what was not measured."""
    rows = []
    floors = next(bars for maker, bars in FLOOR_BARS.items() if maker in result["machine"]["processor"])
    for name, *bars in zip(LABELS, floors, PEER_BARS, strict=True):
        rows += _rows(result["settings"][name], LABELS[name], *bars)
    for name, recipe in result["recipes"].items():
        rows += _recipe_rows(name, recipe) if recipe else [_row(f"{name}: no recordings found", "", None)]
    stream = result.get("stream_peers_us", {})
    step, over = result.get("stream_step_us"), result.get("stream_speed_over_snntorch")
    rows.append(_row("streaming, one step (us)", "<= 10", step, _least(stream, "{:.0f}")))
    rows.append(_row("streaming, speed over snnTorch", ">= 30", over))
    rows.append(_row("log-mel, speed over librosa", ">= 10", result.get("logmel_over_librosa")))
    rows += _circuit_rows(result)
    return _caption(result) + "\n\n" + HEAD + "\n".join(rows) + "\n"


def _recipe_rows(name: str, recipe: dict) -> list[str]:
    """A shipped recipe as `snn train` runs it."""
    peers = {library: seconds for library, seconds in recipe["step_s"].items() if library in LIBRARIES}
    fastest = min(peers, key=peers.get, default=None)
    reached = f"{recipe['validation_accuracy']:.4f} after {recipe['seconds_to_accuracy']:.0f} s"
    return [
        _row(f"{name}: an epoch (s)", "", recipe["seconds_per_epoch"]),
        _row(f"{name}: validation accuracy", "", reached),
        _row(f"{name}: training, over the plain loop", ">= 5", recipe["over_plain_loop"]),
        _row(f"{name}: the same, recurrent", ">= 5", recipe["recurrent_over_plain_loop"]),
        _row(f"{name}: training, both LIF, over {fastest or 'others'}", ">= 8", recipe["over_fastest_peer"]),
        _row(f"{name}: the same, ours adaptive", "", recipe["adaptive_over_fastest_peer"]),
        _row(f"{name}: evaluation, clips a second", "", recipe["evaluation_clips_per_s"]),
        _row(f"{name}: evaluation with counts, over the plain loop", ">= 10", recipe["evaluation_over_plain_loop"]),
        _row(f"{name}: load (s), first time", "<= 8", recipe["load_s"]),
        _row(f"{name}: load (s), second time", "<= 1", recipe["cached_load_s"]),
    ]


def _circuit_rows(result: dict) -> list[str]:
    """100,000 circuits: the same step for all, then steps of the same error."""
    label = "100,000 circuits"
    return [
        _row(f"{label}: updates, over Brian2 rk2", ">= 12", result.get("circuit_updates_over_brian2")),
        _row(f"{label}: updates, over Brian2 euler", ">= 5", result.get("circuit_updates_over_brian2_euler")),
        _row(f"{label}: speed at equal error", ">= 20", result.get("circuit_speed_at_equal_error_over_brian2")),
        _row(f"{label}: over the device equation", ">= 0.33", result.get("circuit_updates_over_device_equation")),
    ]


def _rows(setting: dict, label: str, bar_floor: str, bar_peer: str) -> list[str]:
    times = {name: 1e3 * peer["step_s"] for name, peer in setting["peers"].items()}
    memory = {name: peer["memory_mib"] for name, peer in setting["peers"].items() if "memory_mib" in peer}
    others = [(_least, "{:.0f}"), *((_of, name) for name in ("plain_loop", "compiled_loop"))]
    ours = setting["step_s"], setting["floor_s"]
    return [
        _row(f"{label}: step (ms)", "", 1e3 * ours[0], *(f(times, how) for f, how in others), 1e3 * ours[1]),
        _row(f"{label}: over the floor", bar_floor, setting["train_step_over_floor"], *_over(times, ours[1]), 1.0),
        _row(
            f"{label}: our speed over it",
            bar_peer,
            1.0,
            setting["speed_over_fastest_peer"],
            setting["speed_over_plain_loop"],
            setting["speed_over_compiled_loop"],
        ),
        _row(f"{label}: memory (MiB)", "<= 30", setting.get("extra_memory_mib"), *(f(memory, h) for f, h in others)),
    ]


def _over(times_ms: dict[str, float], floor_s: float) -> list[object]:
    ratios = {name: ms / (1e3 * floor_s) for name, ms in times_ms.items()}
    return [_least(ratios, "{:.2f}"), _of(ratios, "plain_loop"), _of(ratios, "compiled_loop")]


def _least(values: dict[str, float], form: str) -> str | None:
    """The best library and its value."""
    libraries = {name: value for name, value in values.items() if name in LIBRARIES}
    best = min(libraries, key=libraries.get, default=None)
    return best and f"{form.format(libraries[best])} ({best})"


def _of(values: dict[str, float], name: str) -> float | None:
    return values.get(name)


def _row(measure: str, bar: str, *cells: object) -> str:
    padded = (*cells, *(None for _ in range(5 - len(cells))))
    return f"| {measure} | {bar} | " + " | ".join(map(_text, padded)) + " |"


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return cell if isinstance(cell, str) else f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.0f}"


def _caption(result: dict) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"40-256-256-35 LIF, leaky readout, Adam, float32; {machine['threads']} threads on {machine['cores']} cores of "
        f"{machine['processor']}; Python {machine['python']}, {versions}. Medians of one run, candidates in turns."
    )
