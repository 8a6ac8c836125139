"""Neurons onto cores of a mesh: few packets and hops, every limit held, the same each time, checked from the file."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.chips.chip import FOLDER
from circuits.errors import InputError
from circuits.mapping import MappingError, core_partition, refinement
from circuits.mapping.checker import check_mapping
from circuits.mapping.core_partition import partition_cores
from circuits.mapping.core_sites import place_on_mesh
from circuits.mapping.cut_state import new_cut
from circuits.mapping.hypergraph import Hypergraph, Population, hypergraph_of, hypergraph_of_edges, split_fan_in
from circuits.mapping.least_axons import least_axons
from circuits.mapping.mapping_file import sealed, write_mapping
from circuits.mapping.mesh_demand import least_cores
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.mesh_routes import core_traffic, route
from circuits.mapping.network_on_mesh import given_placement, place_network
from circuits.mapping.partition_library import library_installed
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec

approx = pytest.approx
PARTITIONERS = ["own", pytest.param("mtkahypar", marks=pytest.mark.skipif(not library_installed(), reason="extra"))]


def _grid() -> Hypergraph:
    """36 neurons on a grid of 6 x 6, near ones joined more often; 147 edges, 966 spikes."""
    rng, edges = np.random.default_rng(0), []
    for i in range(36):
        for j in range(36):
            if i != j:
                squared = (i // 6 - j // 6) ** 2 + (i % 6 - j % 6) ** 2
                if rng.random() < 0.5 * np.exp(-squared / 4):
                    edges.append((i, j))
    sources, targets = np.array(edges).T
    return hypergraph_of_edges(36, sources, targets, rng.integers(1, 50, 36))


GRID = _grid()


def _recounted(graph: Hypergraph, core: np.ndarray, routers: np.ndarray) -> tuple[float, float, int]:
    """Packets, hops and links of trees, spike by spike."""
    packets = hops = links = 0
    for net, source in enumerate(graph.source):
        home, tree = routers[core[source]], set()
        for c in set(core[graph.targets[graph.start[net] : graph.start[net + 1]]].tolist()) - {int(core[source])}:
            packets += graph.rate[net]
            hops += graph.rate[net] * int(np.abs(routers[c] - home).sum())
            x, y = home.tolist()
            while x != routers[c][0]:
                tree.add((x, y, "x", x := x + int(np.sign(routers[c][0] - x))))
            while y != routers[c][1]:
                tree.add((x, y, "y", y := y + int(np.sign(routers[c][1] - y))))
        links += graph.rate[net] * len(tree)
    return packets, hops, links


@pytest.fixture
def short(monkeypatch):
    """Annealing of a few hundredths of a second: for what has to hold however good a cut is."""
    monkeypatch.setattr(refinement, "WORK", 20_000)


@pytest.mark.parametrize("which", PARTITIONERS)
def test_36_neurons_on_9_cores_need_as_few_packets_and_hops_as_the_best_that_is_known(which):
    """1480 packets and 2076 hops on 9 cores of 4 (hardware.md C.2)."""
    nine = place_network(GRID, MeshLimits(4, 8), Mesh(3, 3), seed=0, partitioner=which)
    assert np.bincount(nine.core).tolist() == [4] * 9
    assert nine.traffic().packets <= 1.03 * 1480
    assert nine.traffic().hops <= 1.05 * 2076


@pytest.mark.parametrize("which", PARTITIONERS)
def test_36_neurons_on_4_cores_need_as_few_packets_as_the_best_that_is_known(which):
    """830 packets on 4 cores of 9 (hardware.md C.2)."""
    cut, *_ = partition_cores(GRID, MeshLimits(9, 8), Mesh(2, 2), seed=0, partitioner=which)
    assert np.bincount(cut.core).tolist() == [9] * 4
    assert cut.packets <= 1.03 * 830


@pytest.mark.parametrize("which", PARTITIONERS)
def test_the_same_seed_gives_the_same_placement(which, short):
    one, again, other = (
        place_network(GRID, MeshLimits(4, 8), Mesh(3, 4), seed=seed, partitioner=which) for seed in (0, 0, 1)
    )
    assert (again.core.tolist(), again.site.tolist()) == (one.core.tolist(), one.site.tolist())
    assert (other.core.tolist(), other.site.tolist()) != (one.core.tolist(), one.site.tolist())


def test_the_cut_counts_the_packets_that_are_sent_and_links_those_that_are_walked(short):
    rng = np.random.default_rng(3)
    for _ in range(20):
        mesh = Mesh(int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 3)))
        core = rng.integers(0, mesh.n_cores, 36)
        core[: mesh.n_cores] = np.arange(mesh.n_cores)[:36]
        routers = mesh.routers(rng.permutation(mesh.n_cores))
        traffic = route(GRID, core, routers, mesh)
        assert (traffic.packets, traffic.hops, traffic.tree_links) == pytest.approx(_recounted(GRID, core, routers))
        assert traffic.busiest(True)[1] <= traffic.busiest(False)[1] + 1e-9
    (cut, *_) = partition_cores(GRID, MeshLimits(9, 8), Mesh(2, 2), partitioner="own")
    assert cut.packets == pytest.approx(_recounted(GRID, cut.core, np.zeros((4, 2), int))[0])


def test_few_cores_are_placed_as_well_as_any_permutation():
    from itertools import permutations

    rng, mesh = np.random.default_rng(5), Mesh(3, 2)
    traffic = rng.integers(0, 50, (6, 6)) * (rng.random((6, 6)) < 0.6)
    xy = mesh.routers(np.arange(6))
    far = np.abs(xy[:, None] - xy[None]).sum(-1)
    site = place_on_mesh(traffic.astype(float), mesh, rng)
    best = min((traffic * far[np.ix_(p, p)]).sum() for p in map(list, permutations(range(6))))
    assert (traffic * far[np.ix_(site, site)]).sum() == best


def _random_graph(rng: np.random.Generator, n: int, degree: int) -> Hypergraph:
    sources = np.repeat(np.arange(n), degree)
    return hypergraph_of_edges(n, sources, rng.integers(0, n, len(sources)), rng.integers(0, 9, n).astype(float))


@pytest.mark.parametrize("which", PARTITIONERS)
def test_repair_leaves_no_core_above_any_limit(which, short):
    """Recounted neuron by neuron; axons ask for more cores than neurons alone would."""
    graph = _random_graph(np.random.default_rng(1), 120, 5)
    limits = MeshLimits(40, 8, synapses=180, axons_in=75, axons_out=110)
    placement = place_network(graph, limits, Mesh(4, 4), partitioner=which)
    core = placement.core
    n = placement.cores_used
    assert n > 3
    pairs = {(int(s), int(c)) for s, c in zip(graph.source[graph.net_of_pin], core[graph.targets], strict=True)}
    found = {
        "neurons": np.bincount(core, minlength=n),
        "synapses": np.bincount(core[graph.targets], minlength=n),
        "axons_in": np.bincount([c for _, c in pairs], minlength=n),
        "axons_out": np.bincount([core[s] for s, _ in pairs], minlength=n),
    }
    for i, (name, used) in enumerate(found.items()):
        assert used.max() <= getattr(limits, name), name
        assert placement.used[:, i].tolist() == used.tolist(), name


def test_a_large_network_is_cut_by_our_own_partitioner(short, monkeypatch):
    """Where the library takes many times as long; whoever names it gets it."""
    cuts = [partition_cores(GRID, MeshLimits(9, 8), Mesh(2, 2))[0].partitioner]
    monkeypatch.setattr(core_partition, "LARGE", 36)
    cuts += [partition_cores(GRID, MeshLimits(9, 8), Mesh(2, 2), partitioner=which)[0].partitioner
             for which in ("auto", *(["mtkahypar"] if library_installed() else []))]  # fmt: skip
    assert cuts == (["mtkahypar", "own", "mtkahypar"] if library_installed() else ["own", "own"])


def test_what_no_core_holds_is_refused_with_all_reasons(short):
    graph = _random_graph(np.random.default_rng(1), 50, 20)
    with pytest.raises(MappingError, match="neurons is 50, allowed 40") as refusal:
        place_network(graph, MeshLimits(10, 8, synapses=100), Mesh(2, 2))
    assert {broken.code for broken in refusal.value.broken} == {"neurons", "synapses"}
    tried = r"core \d+: axons_in is \d+, allowed 45; 1 numbers of cores were tried, 2 to 2; choose a chip of"
    with pytest.raises(MappingError, match=tried):
        place_network(graph, MeshLimits(25, 8, axons_in=45), Mesh(2, 1))


def test_no_cut_sends_a_net_to_fewer_cores_than_were_counted_before_it():
    """Against random cuts that hold every limit; bounds are met by some of them."""
    rng, met = np.random.default_rng(4), 0
    for _ in range(60):
        n = int(rng.integers(4, 9))
        graph = hypergraph_of_edges(n, rng.integers(0, n, 20), rng.integers(0, n, 20), np.ones(n))
        limits = MeshLimits(*(int(rng.integers(low, high)) for low, high in ((1, 5), (4, 9), (4, 12), (3, 20), (1, 8))))
        least, reached = least_axons(graph, limits), np.full(graph.n_nets, 99)
        for _ in range(300):
            core = rng.integers(0, 5, n)
            used = given_placement(graph, limits, Mesh(5, 1), core, np.arange(5)).used
            if (used <= limits.array).all():
                cores = [len(set(core[graph.targets[a:b]])) for a, b in pairwise(graph.start)]
                reached = np.minimum(reached, cores)
                assert least_cores(graph, limits) <= len(set(core))
        assert (least <= reached)[reached < 99].all()
        met += int((least[reached < 99] == reached[reached < 99]).sum())
    assert met > 50


@pytest.mark.parametrize(
    ("limits", "mesh", "said"),
    [
        (
            MeshLimits(99, 8, axons_out=2),
            Mesh(8, 8),
            "neuron 0 of 'hidden', whose targets fill 5 cores: axons_out is 5",
        ),
        (MeshLimits(99, 8, axons_out=3), Mesh(2, 1), "network: axons_out is 36, allowed 6"),
        (MeshLimits(14, 8, 50, axons_in=9), Mesh(2, 1), "network: axons_in is 27, allowed 18"),
    ],
)
def test_axons_that_no_cut_saves_are_refused_before_any_cut(limits, mesh, said, monkeypatch):
    """9 neurons drive 9, each of which drives one of 9: of those that send, no more fit a core than it has axons."""
    first = [(i, 9 + j) for i in range(9) for j in range(9)]
    edges = np.array(first + [(9 + i, 18 + i) for i in range(9)]).T
    populations = (Population("hidden", 0, 9), Population("top", 9, 18), Population("out", 18, 27))
    graph = hypergraph_of_edges(27, *edges, np.ones(27), populations)
    monkeypatch.setattr(core_partition, "_one", None)  # no cut is tried
    with pytest.raises(MappingError, match=re.escape(said)):
        partition_cores(graph, limits, mesh)


def test_a_search_for_more_cores_ends_after_a_few_numbers_of_them(monkeypatch):
    """However large the mesh: 8 numbers of cores, of each from the second on two starts, and the limit is named."""
    tried = []

    def crowded(graph, limits, n_cores, *_):
        tried.append(n_cores)
        return new_cut(graph, np.zeros(36, int), n_cores, limits.array)

    monkeypatch.setattr(core_partition, "_one", crowded)
    with pytest.raises(
        MappingError, match="core 0: neurons is 36, allowed 12; 8 numbers of cores were tried, 3 to 32768"
    ):
        partition_cores(GRID, MeshLimits(12, 8), Mesh(2**14, 2))
    assert tried == [3] * 5 + sorted(2 * sorted(set(tried) - {3}))
    assert len(set(tried)) == 8


def test_a_fan_in_that_is_split_arrives_in_sums_once_a_step():
    graph = hypergraph_of_edges(11, np.arange(10), np.full(10, 10), np.full(11, 3.0))
    split = split_fan_in(graph, 4, steps=7)
    assert split.n_vertices == 14
    assert sorted(split.synapses[11:].tolist()) == [3, 3, 4]
    assert (split.synapses.max(), split.synapses[10], split.events) == (4, 3, 10 * 3 + 3 * 7)
    with pytest.raises(InputError, match="fan-in of 10, more than 3 x 3"):
        split_fan_in(graph, 3, steps=7)


def _layer(name: str, kind: str, weights: np.ndarray, recurrent: np.ndarray | None = None) -> LayerSpec:
    one = np.ones(weights.shape[1])
    return LayerSpec(name, kind, weights, 0 * one, 0.02 * one, one, recurrent=recurrent)


def _run() -> tuple[NetworkSpec, Activity]:
    """12 channels, 60 recurrent neurons, 30 whose spikes only a readout hears."""
    rng = np.random.default_rng(2)
    sparse = [(rng.random(shape) < 0.2) * rng.normal(size=shape) for shape in ((12, 60), (60, 60), (60, 30))]
    hidden = _layer("hidden", "lif", sparse[0], sparse[1])
    net = NetworkSpec("net", 1e-3, (hidden, _layer("top", "lif", sparse[2]), _layer("out", "readout", np.eye(30, 4))))
    spikes = {"hidden": rng.integers(0, 40, 60).astype(float), "top": rng.integers(0, 40, 30).astype(float)}
    still = {name: np.zeros(len(of)) for name, of in spikes.items()}
    return net, Activity(1, 0.1, spikes, still, 0.1, rng.integers(0, 90, 12).astype(float))


NET, ACTIVITY = _run()


def _placed(chip, n_cores: int):
    """The network on so many cores that are filled in turn, at sites all over the mesh."""
    graph = hypergraph_of(NET, ACTIVITY)
    site = np.random.default_rng(1).permutation(chip.mesh.n_cores)[:n_cores]
    return given_placement(graph, chip.limits, chip.mesh, np.arange(graph.n_vertices) * n_cores // 106, site)


SMALL_CORES = """[limits]
neurons = { value = 14, source = "test" }
weight_bits = { value = 8, source = "test" }
synapses = { value = 400, source = "test" }
axons_in = { value = 90, source = "test" }
axons_out = { value = 120, source = "test" }

"""


def _own_file(name: str, folder: Path) -> Path:
    """A chip of one's own, with cores so small that the network needs several routers."""
    text = Path(str(FOLDER / f"{name}.toml")).read_text(encoding="utf-8").replace(f'"{name}"', '"mine"')
    text = re.sub(r"\[limits\].*?(?=\[costs\])", SMALL_CORES, text, flags=re.DOTALL)
    file = folder / "mine.toml"
    file.write_text(re.sub(r"\ncores = \{ value = \d+", "\ncores = { value = 2", text), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["loihi-sanafe", "loihi-davies", "spinnaker"])
@pytest.mark.parametrize("own", [True, False])
def test_the_checker_finds_limits_traffic_and_energy_of_the_file_again(name, own, tmp_path):
    file = _own_file(name, tmp_path) if own else None
    chip = load_chip(file or name)
    placement = _placed(chip, 8)
    report = chip.price(NET, ACTIVITY, placement)
    write_mapping(tmp_path / "m.json", chip.mapping(NET, ACTIVITY, placement))
    found = check_mapping(tmp_path / "m.json", file)
    assert found.total_j == approx(report.ledger.total, rel=1e-9)
    assert found.traffic["packets"] == approx(report.counts["packets"])
    assert found.traffic["synaptic_operations"] == approx(ACTIVITY.synaptic_operations(NET))
    assert found.used["neurons"] == 14
    assert found.compared_with == ("mine.toml" if own else f"{name}.toml")
    assert sum(report.ledger.parts.values()) == approx(report.ledger.total, rel=1e-9)


def test_other_sites_for_the_same_cores_change_nothing_but_links(tmp_path):
    chip = load_chip(_own_file("loihi-sanafe", tmp_path))
    far = _placed(chip, 8)
    traffic = core_traffic(far.graph, far.core, far.cores_used)
    near = replace(far, site=place_on_mesh(traffic, chip.mesh, np.random.default_rng(0)))
    here, there = (chip.price(NET, ACTIVITY, p).ledger.parts for p in (near, far))
    links = [part for part in here if part.startswith("links")]
    assert {part: here[part] for part in here if part not in links} == approx(
        {part: there[part] for part in there if part not in links}
    )
    assert sum(here[part] for part in links) < sum(there[part] for part in links)


def test_a_chip_of_ones_own_may_add_partial_sums_up(short, tmp_path):
    """As its file says: then 8 sources reach a neuron over cores of 6 synapses, else they are too many for it."""
    source = Path(str(FOLDER / "loihi-sanafe.toml")).read_text(encoding="utf-8").replace('"loihi-sanafe"', '"mine"')
    file = tmp_path / "mine.toml"
    file.write_text(re.sub(r"(synapses = \{ value = )65536", r"\g<1>6", source), encoding="utf-8")
    net = NetworkSpec("wide", 1e-3, (_layer("out", "lif", np.ones((8, 4))),))
    activity = Activity(1, 0.01, {"out": np.ones(4)}, {"out": np.zeros(4)}, 0.1, np.ones(8))
    assert [(broken.code, broken.limit) for broken in load_chip(file).check(net)] == [("fan_in", 6)]
    file.write_text(re.sub(r"(split_fan_in = \{ value = )false", r"\g<1>true", file.read_text(encoding="utf-8")))
    chip = load_chip(file)
    placement = chip.place(net, activity, seed=4)
    write_mapping(tmp_path / "m.json", chip.mapping(net, activity, placement))
    found = check_mapping(tmp_path / "m.json", file)
    assert (found.used["synapses"], found.cores) == (6, placement.cores_used)
    assert found.traffic["synaptic_operations"] == 8 * 4 + 2 * 4 * 10  # two sums of a neuron in each of 10 steps


def _edited(table: dict, path: str, value: object) -> str:
    *way, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    inner = table
    for key in way:
        inner = inner[key]
    if value == "gone":
        del inner[last]
    else:
        inner[last] = value
    return _sealed(table)


def _sealed(table: dict) -> str:
    """The table with the SHA-256 of what is in it now."""
    rest = json.dumps({k: v for k, v in table.items() if k != "sha256"}, sort_keys=True, separators=(",", ":"))
    return json.dumps(table | {"sha256": hashlib.sha256(rest.encode()).hexdigest()})


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A mapping on a chip that ships, and the same on a chip of one's own, whose file is the third."""
    file = _own_file("loihi-sanafe", tmp_path_factory.mktemp("own"))
    chips = {"shipped": load_chip("loihi-sanafe"), "own": load_chip(file)}
    texts = {name: json.dumps(sealed(chip.mapping(NET, ACTIVITY, _placed(chip, 8)))) for name, chip in chips.items()}
    return texts | {"file": file}


def _refused(text: str, said: str, tmp_path: Path, chip: Path | str | None = None) -> None:
    file = tmp_path / "m.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refusal:
        check_mapping(file, chip)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("core_of_neuron.3", 999, r"core_of_neuron\[3\] must be a whole number in 0\.\.\d+, one of the \d+ cores"),
        ("core_of_neuron.14", 0, r"core 0 holds 15 neurons, allowed 14"),
        ("core_of_neuron", [0] * 106, r"router_of_core\[1\] is of a core that no neuron is on"),
        ("core_of_neuron", [], r"core_of_neuron must be a list of 1 to \d+ entries, got \[\]"),
        ("router_of_core", [], r"router_of_core must be a list of 1 to \d+ entries, got \[\]"),
        ("router_of_core.1", [8, 0], r"column of router_of_core\[1\] .* inside the mesh of 8 x 4, got 8"),
        ("nets.0.source", 106, r"nets\[0\]\.source must be .* a neuron of core_of_neuron, got 106"),
        ("nets.0.targets", [5, 5], r"nets\[0\]\.targets must be .* behind the first of its run"),
        ("nets.0.rate", float("nan"), r"NaN is not a finite number"),
        ("nets.0.rate", -1, r"nets\[0\]\.rate must be zero or positive and finite, got -1"),
        ("traffic.packets", 1.0, r"traffic\.packets is 1, the file adds up to"),
        ("total_j", 1.0, r"total_j is 1, the file adds up to"),
        ("parts_j.messages", "gone", r"parts_j lacks messages"),
        ("limits", [], r"limits must be a table, got \[\]"),
        ("nets", "gone", r"the file lacks nets"),
        ("populations.1.stop", 20, r"populations\[2\]\.first must be a whole number in 20\.\.20"),
        ("populations.0.name", 5, r"populations\[0\]\.name must be a name of 1 to 200 characters, got 5"),
        ("populations.1.name", "top", r"populations\[2\]\.name 'top' stands twice"),
        ("charges.spike_j", "x", r"charges\.spike_j must be zero or positive and finite, got 'x'"),
        ("version", 1, r"version must be a whole number in 2\.\.2, got 1"),
        ("sha256", "gone", r"the file lacks sha256"),
        ("inference.steps", 0, r"inference\.dt_s, steps and duration_s must be positive, got 0\.001, 0, 0\.1"),
        ("inference.duration_s", 0.2, r"inference\.duration_s is 0\.2, 100 steps of 0\.001 s are not so long"),
        ("populations.0.name", "other", r"by_population is of .*, populations of \['other', 'hidden'"),
        ("nets.0.source", 105, r"fan_out_of_neuron\[0\] is \d+, the file adds up to 0"),
        ("chip", "yours", r"chip is 'yours', mine\.toml is of 'mine'; give the file of the chip"),
        ("chip", None, r"chip must be a name of letters.*, got None"),
        ("chip", [1, 1], r"chip must be a name of letters.*, got \[1, 1\]"),
        ("chip", "<script>", r"chip must be a name of letters.*, got '<script>'"),
        ("inference.routers_powered", 3, r"routers_powered must be \d, all that cores are on, or 32, the whole mesh"),
    ],
)
def test_a_mapping_file_edited_by_hand_is_told_by_what_no_longer_holds(path, value, said, written, tmp_path):
    text = _edited(json.loads(written["own"]), path, value)
    if value == "gone" and path == "sha256":
        text = json.dumps({key: entry for key, entry in json.loads(text).items() if key != "sha256"})
    _refused(text, said, tmp_path, written["file"])


def test_an_edit_is_told_as_one_and_a_chip_that_is_not_known_is_not_compared(written, tmp_path):
    text = written["shipped"].replace('"loihi-sanafe"', '"loihi-sanafee"')
    _refused(
        text, r"m\.json: edited since it was written, .*; map again with `snn map RUN .*, or take back the", tmp_path
    )
    said = r"'loihi-sanafee', which is none that ships \(.*spinnaker\).*; give its file too, --check FILE --chip FILE"
    _refused(_sealed(json.loads(text)), said, tmp_path)
    _refused(written["own"], r"chip is 'mine', which is none that ships", tmp_path)
    _refused(written["shipped"], r"chip is 'loihi-sanafe', spinnaker\.toml is of 'spinnaker'", tmp_path, "spinnaker")
    again = json.dumps(json.loads(written["shipped"]), indent=1, sort_keys=True)
    (tmp_path / "m.json").write_text(again, encoding="utf-8")
    assert check_mapping(tmp_path / "m.json").compared_with == "loihi-sanafe.toml"  # other spaces and order are no edit


def _leaves(value: object, way: tuple = ()) -> Iterator[tuple]:
    """The way to each number, text and switch of a table."""
    if not isinstance(value, dict | list):
        yield way
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(inner, (*way, key))


def _others(value: object, chips: tuple[str, ...]) -> list[object]:
    """What a hand could have put in place of a value: believable of the same kind, and of another one."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, max(value - 1, 0), 0, None]
    if isinstance(value, float):
        return [value * 1.01 + 1e-3, 0.0, "x"]
    return [f"{value}2", *chips] if isinstance(value, str) else [0, 1e-12, True]


@pytest.mark.parametrize("name", ["loihi-sanafe", "loihi-davies", "spinnaker"])
def test_whatever_is_edited_and_sealed_anew_no_longer_holds(name, tmp_path):
    """One value after the other; other routers for the same cores are another mapping, if links stay as they are."""
    rng = np.random.default_rng(7)
    first = _layer("hidden", "lif", (rng.random((2, 4)) < 0.6) * 1.0, (rng.random((4, 4)) < 0.4) * 1.0)
    net = NetworkSpec("tiny", 1e-3, (first, _layer("top", "lif", np.eye(4, 3)), _layer("out", "readout", np.eye(3, 2))))
    spikes = {"hidden": np.array([3.0, 0.0, 3.0, 5.0]), "top": np.array([2.0, 0.0, 2.0])}
    activity = Activity(1, 0.1, spikes, {k: 0 * v for k, v in spikes.items()}, 0.1, np.array([4.0, 4.0]))
    chip = load_chip(name)
    graph = hypergraph_of(net, activity)
    core = np.arange(graph.n_vertices) % 3
    written = json.dumps(
        sealed(chip.mapping(net, activity, given_placement(graph, chip.limits, chip.mesh, core, np.array([0, 1, 40]))))
    )
    file, stands = tmp_path / "m.json", set()
    ways = [way for way in _leaves(json.loads(written)) if way != ("sha256",)]
    assert len(ways) > 150
    for way in ways:
        value = json.loads(written)
        for key in way:
            value = value[key]
        for other in _others(value, ("spinnaker", "loihi-sanafe", "loihi-davies", "conv-sram")):
            if other == value:
                continue
            file.write_text(_edited(json.loads(written), ".".join(map(str, way)), other), encoding="utf-8")
            try:
                check_mapping(file)
                stands.add((way[0], other))
            except InputError:
                pass
    assert {what for what, _ in stands} <= {"router_of_core"}


@pytest.mark.parametrize(
    "place", ["", "mesh.", "limits.", "populations.1.", "nets.0.", "traffic.", "inference.", "charges.", "parts_j."]
)
def test_a_key_that_is_not_read_is_refused(place, written, tmp_path):
    text = _edited(json.loads(written["own"]), f"{place}rout", 1)
    _refused(text, r"unknown key 'rout' in ", tmp_path, written["file"])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("limits.neurons", 10**6, r"limits\.neurons is 1000000, loihi-sanafe\.toml has 1024"),
        ("limits.synapses", None, r"limits\.synapses is None, loihi-sanafe\.toml has 65536"),
        ("mesh.cores_per_router", 5, r"mesh\.cores_per_router is 5, loihi-sanafe\.toml has 4"),
        ("multicast", True, r"multicast is True, loihi-sanafe\.toml has False"),
        ("inference.routers_powered", 32, r"routers_powered is 32, loihi-sanafe\.toml has \d;? "),
        ("charges.message_j", 1e-9, r"charges\.message_j is 1e-09, loihi-sanafe\.toml has 1\.11e-10"),
        ("chip", "digital-systolic", r"chip is 'digital-systolic', which has no mesh of cores"),
        ("populations.2.synapse_j", 1e-12, r"synapse_j is 1e-12, loihi-sanafe\.toml has 3\.55e-11 or 3\.36e-11"),
        ("chip", "spinnaker", r"mesh\.height is 4, spinnaker\.toml has 6"),
    ],
)
def test_a_mapping_is_of_the_chip_that_it_names(path, value, said, written, tmp_path):
    """Of one that ships, or of the reader's own, whose file is given."""
    _refused(_edited(json.loads(written["shipped"]), path, value), said, tmp_path)
    if path == "limits.neurons":
        said = r"limits\.neurons is 1000000, mine\.toml has 14"
        _refused(_edited(json.loads(written["own"]), path, value), said, tmp_path, written["file"])


def test_a_chip_of_few_bits_takes_what_was_trained_for_them(tmp_path):
    """Normal weights keep about a tenth of their size at -1, 0 and 1 of the largest; signs times a scale keep all."""
    text = Path(str(FOLDER / "loihi-sanafe.toml")).read_text(encoding="utf-8").replace('"loihi-sanafe"', '"mine"')
    rng = np.random.default_rng(0)
    normal, scales = rng.normal(size=(2, 100, 20)), np.r_[3.0, rng.uniform(0.1, 0.4, 19)]
    signs = np.sign(normal) * (rng.random((100, 20)) < 0.7) * scales
    for bits, held in ((1, 1), (2, 2), (5, 4), (9, 8)):
        file = tmp_path / "mine.toml"
        file.write_text(text.replace("weight_bits = { value = 9", f"weight_bits = {{ value = {bits}"), encoding="utf-8")
        chip = load_chip(file)
        trained = NetworkSpec("signs", 1e-3, (_layer("out", "lif", signs[0], rng.choice([-1, 1], (20, 20)) * scales),))
        assert chip.check(trained) == ()
        (layer,) = chip.realise(trained, rng).layers
        assert np.allclose(layer.crossbar, trained.layers[0].crossbar, rtol=1e-12)
        broken = chip.check(NetworkSpec("any", 1e-3, (_layer("out", "lif", normal[0]),)))
        assert [one.limit for one in broken] == ([0.5] if bits < 4 else [])
        assert all(one.remedy.endswith(f"chip.weight_bits = {held}") for one in broken)
