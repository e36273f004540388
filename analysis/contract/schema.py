"""The event contract: every branch of the event tree once, with its dtype, unit, shape and meaning.

The simulation's writer, the reader, the validation of foreign files and `kaon schema` all derive from `EVENT`,
`COLLECTIONS` and the side trees below; nothing else in the package spells a branch's dtype or unit.

A file holds the tree `Events`, one row an event.  A collection such as `Track` is stored flat: a counter
`nTrack` and one jagged branch per field, `Track_momentum[nTrack]`.  Simulated files carry the truth branches in
addition and the tree `Generation`; data files carry the tree `Bursts`.  A file without truth branches is data.

Reference planes: tracks are given in front of the magnet at z = 180 m and behind it at z = 222 m, beam tracks at
GTK3. z is measured from the kaon production target, x points to the left looking downstream, y upwards (JINST 12
P05025).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rarekaon.analysis.contract.units import m, mm

VERSION = 1

EVENTS_TREE = "Events"
GENERATION_TREE = "Generation"
BURSTS_TREE = "Bursts"

Z_BEFORE_MAGNET = 180 * m
Z_AFTER_MAGNET = 222 * m
Z_GTK3 = 102400 * mm

TriggerLine = Literal["minimum_bias", "MT", "eMT", "muMT", "dimuon", "pinunu"]
TRIGGER_LINES: tuple[TriggerLine, ...] = get_args(TriggerLine)


@dataclass(frozen=True)
class Branch:
    """One branch of the event contract."""

    name: str
    """Its name, or that of a field of a collection."""
    dtype: str
    """Name of a NumPy dtype."""
    unit: str
    """"1" if dimensionless."""
    meaning: str
    """What `kaon schema` says of it."""


@dataclass(frozen=True)
class Collection:
    """A variable number of objects per event, stored as `n<name>` and `<name>_<field>` branches."""

    name: str
    """First part of the branches' names."""
    meaning: str
    """What one object is."""
    fields: tuple[Branch, ...]
    """The fields of an object, in their order on disk."""
    truth: bool = False
    """Whether data have no such collection."""
    references: tuple[tuple[str, str], ...] = ()
    """Fields that hold an index (-1: none), with the collection it points into."""

    @property
    def counter(self) -> str:
        return f"n{self.name}"

    def branch(self, field: str) -> str:
        return f"{self.name}_{field}"


@dataclass(frozen=True)
class SideTree:
    """A small tree beside the events."""

    name: str
    """The tree's name in the file."""
    meaning: str
    """What one row is."""
    fields: tuple[Branch, ...]
    """Its branches, in their order on disk."""


def _trigger_branches() -> Iterator[Branch]:
    for line in TRIGGER_LINES:
        yield Branch(f"trigger_{line}", "bool", "1", f"line {line} fired, after its downscaling")
        yield Branch(f"downscaling_{line}", "uint32", "1", f"downscaling factor of {line} at this event; 0: off")


EVENT = (
    Branch("run", "uint32", "1", "run number"),
    Branch("burst", "uint32", "1", "burst (spill) number within the run"),
    Branch("event", "uint64", "1", "event number, unique within the burst"),
    Branch("trigger_time", "float32", "ns", "time of the trigger, relative to the event's time stamp"),
    Branch("beam_momentum", "float32", "MeV", "mean beam momentum monitored with K3pi decays, per burst"),
    Branch("beam_slope_x", "float32", "1", "mean beam dx/dz downstream of GTK3, monitored likewise"),
    Branch("beam_slope_y", "float32", "1", "mean beam dy/dz downstream of GTK3, monitored likewise"),
    Branch("beam_x", "float32", "mm", "mean beam x at GTK3"),
    Branch("beam_y", "float32", "mm", "mean beam y at GTK3"),
    *_trigger_branches(),
)

TRUTH = (
    Branch("truth_weight", "float64", "1", "weight of the event; sums to the decays listed in `Generation`"),
    Branch("truth_decay", "int32", "1", "code of the kaon decay mode (`kaon simulate --list`)"),
    Branch("truth_in_fv", "bool", "1", "the kaon decayed inside the fiducial volume"),
    Branch("truth_x", "float32", "mm", "kaon decay x"),
    Branch("truth_y", "float32", "mm", "kaon decay y"),
    Branch("truth_z", "float32", "mm", "kaon decay z"),
    Branch("truth_kaon_px", "float32", "MeV", "kaon momentum x at the decay"),
    Branch("truth_kaon_py", "float32", "MeV", "kaon momentum y at the decay"),
    Branch("truth_kaon_pz", "float32", "MeV", "kaon momentum z at the decay"),
)


def _float(*rows: tuple[str, str, str]) -> tuple[Branch, ...]:
    return tuple(Branch(name, "float32", unit, meaning) for name, unit, meaning in rows)


TRACK = Collection(
    "Track",
    "spectrometer tracks",
    (
        *_float(
            ("x", "mm", "x at z = 180 m, before the magnet"),
            ("y", "mm", "y at z = 180 m, before the magnet"),
            ("slope_x", "1", "dx/dz before the magnet"),
            ("slope_y", "1", "dy/dz before the magnet"),
            ("x_after", "mm", "x at z = 222 m, after the magnet"),
            ("y_after", "mm", "y at z = 222 m, after the magnet"),
            ("slope_x_after", "1", "dx/dz after the magnet"),
            ("slope_y_after", "1", "dy/dz after the magnet"),
            ("var_x", "mm2", "variance of x at z = 180 m"),
            ("cov_x_slope_x", "mm", "covariance of x and slope_x at z = 180 m"),
            ("var_slope_x", "1", "variance of slope_x"),
            ("var_y", "mm2", "variance of y at z = 180 m"),
            ("cov_y_slope_y", "mm", "covariance of y and slope_y at z = 180 m"),
            ("var_slope_y", "1", "variance of slope_y"),
            ("momentum", "MeV", "momentum from the magnetic deflection"),
            ("chi2", "1", "chi2 of the track fit per degree of freedom"),
            ("chod_time", "ns", "time of the associated hodoscope signal"),
            ("rich_time", "ns", "time from the RICH hits (the hodoscope's where rich_hits is 0)"),
            ("rich_log_e", "1", "RICH log-likelihood of the electron hypothesis, relative to the best one"),
            ("rich_log_mu", "1", "RICH log-likelihood of the muon hypothesis, relative to the best one"),
            ("rich_log_pi", "1", "RICH log-likelihood of the pion hypothesis, relative to the best one"),
            ("lkr_energy", "MeV", "calorimeter energy within 50 mm of the impact point and 10 ns of the track"),
            ("lkr_time", "ns", "time of that energy (the hodoscope's where there is none)"),
            ("muv3_time", "ns", "time of the associated MUV3 signal nearest in time (0 where muv3_index is -1)"),
        ),
        Branch("charge", "int8", "e", "charge"),
        Branch("chambers", "uint8", "1", "chambers with hits"),
        Branch("rich_hits", "uint8", "1", "RICH hits assigned to the track's ring"),
        Branch("cluster_index", "int16", "1", "associated calorimeter cluster; -1: none"),
        Branch("muv3_index", "int16", "1", "associated MUV3 signal nearest in time; -1: none"),
        Branch("muv3_count", "uint8", "1", "MUV3 signals inside the association radius"),
    ),
    references=(("cluster_index", "Cluster"), ("muv3_index", "Muv3")),
)

CLUSTER = Collection(
    "Cluster",
    "calorimeter (LKr) clusters, in the front plane",
    _float(
        ("energy", "MeV", "energy"), ("x", "mm", "x"), ("y", "mm", "y"), ("time", "ns", "time"),
    ),
)  # fmt: skip

MUV3 = Collection(
    "Muv3",
    "muon detector signals",
    (
        *_float(("x", "mm", "tile centre x"), ("y", "mm", "tile centre y"), ("time", "ns", "time")),
        Branch("outer", "bool", "1", "one of the 140 outer tiles"),
    ),
)

CHOD = Collection(
    "Chod",
    "hodoscope tile signals",
    (
        *_float(("x", "mm", "tile centre x"), ("y", "mm", "tile centre y"), ("time", "ns", "time")),
        Branch("track_index", "int16", "1", "track that points at the tile; -1: none"),
    ),
    references=(("track_index", "Track"),),
)

RICH_HIT = Collection(
    "RichHit", "RICH hits on no track's ring", _float(("time", "ns", "time of the photomultiplier signal"))
)

LAV = Collection(
    "Lav",
    "large-angle veto signals",
    (
        Branch("station", "uint8", "1", "station, 1 (upstream) to 12"),
        *_float(("time", "ns", "time"), ("energy", "MeV", "energy")),
    ),
)

IRC = Collection("Irc", "inner-ring calorimeter signals", _float(("time", "ns", "time"), ("energy", "MeV", "energy")))
SAC = Collection("Sac", "small-angle calorimeter signals", _float(("time", "ns", "time"), ("energy", "MeV", "energy")))
CHANTI = Collection("Chanti", "guard-ring hodoscope signals", _float(("time", "ns", "time")))

KTAG = Collection(
    "Ktag",
    "kaon tagger candidates",
    (*_float(("time", "ns", "time")), Branch("sectors", "uint8", "1", "sectors in coincidence, of 8")),
)

GTK = Collection(
    "Gtk",
    "beam spectrometer tracks, at GTK3",
    _float(
        ("momentum", "MeV", "momentum"),
        ("slope_x", "1", "dx/dz"),
        ("slope_y", "1", "dy/dz"),
        ("x", "mm", "x"),
        ("y", "mm", "y"),
        ("time", "ns", "time"),
        ("chi2", "1", "chi2 of the track fit"),
    ),
)

GENERATED = Collection(
    "Generated",
    "truth: decay products, the kaon's first, then those of their decays in flight",
    (
        Branch("pdg", "int32", "1", "PDG particle number"),
        *_float(
            ("px", "MeV", "momentum x at production"),
            ("py", "MeV", "momentum y at production"),
            ("pz", "MeV", "momentum z at production"),
            ("energy", "MeV", "energy at production"),
            ("x", "mm", "production x"),
            ("y", "mm", "production y"),
            ("z", "mm", "production z"),
            ("z_end", "mm", "z of its decay, or of the last plane it reaches"),
        ),
        Branch("parent", "int16", "1", "index of the parent in this collection; -1: the kaon"),
    ),
    truth=True,
    references=(("parent", "Generated"),),
)

COLLECTIONS = (TRACK, CLUSTER, MUV3, CHOD, RICH_HIT, LAV, IRC, SAC, CHANTI, KTAG, GTK, GENERATED)

GENERATION = SideTree(
    GENERATION_TREE,
    "simulation only: one row per block of generated decays, so that acceptances close",
    (
        Branch("decay", "int32", "1", "code of the kaon decay mode"),
        Branch("seed", "uint64", "1", "seed of the sample"),
        Branch("block", "uint64", "1", "number of the block: (seed, decay, block) fixes every random number"),
        Branch("generated", "uint64", "1", "decays generated in this block"),
        Branch("weight", "float64", "1", "sum of their weights, as expected: equal to generated where they average 1"),
        Branch("weight_in_fv", "float64", "1", "part of weight inside the fiducial volume, as expected"),
        Branch("events", "uint64", "1", "events of this block written to the file"),
    ),
)

BURSTS = SideTree(
    BURSTS_TREE,
    "data only: one row per burst, so that the exposure is that of what was read",
    (
        Branch("run", "uint32", "1", "run number"),
        Branch("burst", "uint32", "1", "burst number"),
        Branch("events", "uint64", "1", "events of this burst in the file"),
        Branch("quality", "uint32", "1", "0: good; otherwise a bit mask of bad detectors"),
    ),
)


def collection(name: str) -> Collection:
    """The collection of that name; KeyError names the known ones.

    >>> collection("Track").counter
    'nTrack'
    """
    known = {c.name: c for c in COLLECTIONS}
    if name not in known:
        raise KeyError(f"no collection {name!r}; the contract has {', '.join(known)}")
    return known[name]


def branches(*, truth: bool) -> dict[str, Branch]:
    """All branches of the event tree by their full name, counters included; truth ones on request.

    Raises nothing; the order is the order on disk.

    >>> branches(truth=False)["Track_momentum"].unit
    'MeV'
    >>> "truth_weight" in branches(truth=False)
    False
    """
    table = {b.name: b for b in (*EVENT, *(TRUTH if truth else ()))}
    for c in COLLECTIONS:
        if c.truth and not truth:
            continue
        table[c.counter] = Branch(c.counter, "int32", "1", f"number of {c.name} objects")
        for field in c.fields:
            table[c.branch(field.name)] = Branch(c.branch(field.name), field.dtype, field.unit, field.meaning)
    return table


def stored_types(branches: Mapping[str, Branch]) -> dict[str, str]:
    """Types of branches as they stand in a tree: "float32", or "float32[]" for the field of a collection."""
    jagged = {c.branch(f.name) for c in COLLECTIONS for f in c.fields}
    return {name: b.dtype + ("[]" if name in jagged else "") for name, b in branches.items()}
