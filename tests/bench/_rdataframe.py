"""The selections as a compiled C++ RDataFrame program: generated from the declarations, built once, run as a process.

The program is what a careful physicist would write: one event loop, filters from cheap to dear, typed lambdas that are
compiled ahead (-O3) and not interpreted, the same early refusal of triplets as in the kernel of this package.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.contract.schema import COLLECTIONS, Z_AFTER_MAGNET, Z_BEFORE_MAGNET, branches
from rarekaon.analysis.events.candidates import VERTEX_CHI2, VERTEX_Z
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection
from tests.bench._declaration import FinalState, NoReferenceError, Rule, bounds, final_state, quantity, selections

LIBRARY = Path(__file__).with_name("selection.hpp")
ENVIRONMENT = Path(".root")
"""Where `make root` installs ROOT, apart from everything else."""
LIBRARIES = ("Core", "RIO", "Hist", "MathCore", "ROOTVecOps", "Tree", "TreePlayer", "ROOTDataFrame", "Thread", "Imt")
VIEWS = tuple(
    f"Track_{name.replace('x', axis)}"
    for axis in "xy"
    for name in ("x", "slope_x", "var_x", "cov_x_slope_x", "var_slope_x")
)
BEFORE = ("Track_x", "Track_slope_x", "Track_y", "Track_slope_y")
AFTER = ("Track_x_after", "Track_slope_x_after", "Track_y_after", "Track_slope_y_after")
BEAM = ("beam_slope_x", "beam_slope_y")
C_TYPES = {
    "float32": "float", "float64": "double", "bool": "bool", "int8": "char", "uint8": "unsigned char",
    "int16": "short", "uint16": "unsigned short", "int32": "int", "uint32": "unsigned int",
    "uint64": "ULong64_t",
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """C++ of a value, with the columns it names."""

    columns: tuple[str, ...]
    code: str


class RootMissingError(RuntimeError):
    """No ROOT to compare with: `make root` installs one into an environment of its own."""


def number(value: float) -> str:
    """A number as C++ has it."""
    return {float("inf"): "INFINITY", float("-inf"): "-INFINITY"}.get(value, repr(float(value)))


def _list(values: Any) -> str:
    return "{" + ", ".join(number(v) for v in values) + "}"


def _plane(z: float) -> tuple[tuple[str, ...], str]:
    """Columns of the tracks' lines on the side of the magnet where z is, and the distance to their plane."""
    before = z < (Z_BEFORE_MAGNET + Z_AFTER_MAGNET) / 2
    return (BEFORE, number(z - Z_BEFORE_MAGNET)) if before else (AFTER, number(z - Z_AFTER_MAGNET))


def _separation(z: float) -> Expression:
    columns, dz = _plane(z)
    return Expression(("id", *columns), f"separations(id, {', '.join(columns)}, {dz})")


def _straw_separation(chambers: tuple[int, ...]) -> Expression:
    parts = [_separation(detector().straw.z[c - 1]) for c in chambers]
    code = parts[0].code
    for part in parts[1:]:
        code = f"smaller({code}, {part.code})"
    return Expression(tuple(dict.fromkeys(c for p in parts for c in p.columns)), code)


def _slots(state: FinalState, name: str) -> str:
    return "{" + ", ".join(str(i) for i, n in enumerate(state.names) if n == name) + "}"


def expression(q: Quantity, state: FinalState) -> Expression:
    """C++ of a quantity of identified candidates; NoReferenceError for one that is not known here."""
    name, p = quantity(q)
    d = detector()
    masses = _list(state.masses)
    table = {
        "vertex_charge": lambda: Expression((), number(sum(state.charges))),
        "vertex_z": lambda: Expression(("candidate",), "candidate.vertex[2]"),
        "track_momentum": lambda: Expression(("id", "Track_momentum"), "of_tracks(id, Track_momentum)"),
        "tracks_in_acceptance": lambda: Expression(
            ("id", *BEFORE, *AFTER), f"in_acceptance(id, {', '.join((*BEFORE, *AFTER))})"
        ),
        "tracks_downstream": lambda: Expression(("id", *AFTER), f"downstream(id, {', '.join(AFTER)})"),
        "chambers": lambda: Expression(("id", "Track_chambers"), "of_tracks(id, Track_chambers)"),
        "tracks_with_hodoscope": lambda: Expression(("id", "Chod_track_index"), "with_signal(id, Chod_track_index)"),
        "straw_separation": lambda: _straw_separation(p["chambers"]),
        "lkr_separation": lambda: _separation(d.lkr.z),
        "track_time_to_trigger": lambda: Expression(
            ("id", "Track_rich_time", "trigger_time"), "distances(of_tracks(id, Track_rich_time), trigger_time)"
        ),
        "track_time_spread": lambda: Expression(("id", "Track_chod_time"), "spread(of_tracks(id, Track_chod_time))"),
        "lav_signals": lambda: Expression(
            ("id", "candidate", "Track_rich_time", "Lav_time", "Lav_station"),
            "lav_signals(Lav_time, Lav_station, mean(of_tracks(id, Track_rich_time)), "
            f"{number(p['window'])}, {'candidate.vertex[2]' if p['downstream'] else '-INFINITY'})",
        ),
        "momentum_balance": lambda: Expression(
            ("momenta", "beam_momentum"), "std::abs(norm(total(momenta)) - double(beam_momentum))"
        ),
        "missing_momentum": lambda: Expression(
            ("momenta", "beam_momentum"), "double(beam_momentum) - norm(total(momenta))"
        ),
        "transverse_momentum": lambda: Expression(
            ("momenta", *BEAM), "norm(cross(total(momenta), direction(beam_slope_x, beam_slope_y)))"
        ),
        "positron_likelihood": lambda: Expression(
            ("id", "Track_rich_log_e", "Track_rich_log_pi"),
            f"likelihood(id, Track_rich_log_e, Track_rich_log_pi, {_slots(state, 'e+')})",
        ),
        "rich_angle": lambda: Expression(
            ("id", "Track_slope_x_after", "Track_slope_y_after"), "angles(id, Track_slope_x_after, Track_slope_y_after)"
        ),
        "vertex_mass": lambda: Expression(("momenta",), f"mass(momenta, {masses}, {{0, 1, 2}})"),
        "pair_mass": lambda: Expression(
            ("momenta",), f"mass(momenta, {masses}, {{{', '.join(str(slot) for slot in p['slots'])}}})"
        ),
        "missing_mass_squared": lambda: Expression(
            ("momenta", "beam_momentum", *BEAM),
            f"missing_mass_squared(momenta, {masses}, beam_momentum, "
            f"direction(beam_slope_x, beam_slope_y), {MASS_K!r})",
        ),
        "extra_clusters": lambda: Expression(
            ("id", *AFTER, "Track_rich_time", "Cluster_energy", "Cluster_x", "Cluster_y", "Cluster_time"),
            "extra_clusters(Cluster_energy, Cluster_x, Cluster_y, Cluster_time, "
            f"at_plane(id, {', '.join(AFTER)}, {_plane(d.lkr.z)[1]}), mean(of_tracks(id, Track_rich_time)), "
            f"{number(p['energy'])}, {number(p['distance'])}, {number(p['window'])})",
        ),
    }
    if name not in table:
        raise NoReferenceError(f"no C++ for the quantity {name}")
    return table[name]()


def _rule(rule: Rule) -> Expression:
    """Which of a candidate's three tracks a rule accepts."""
    p, e_over_p = rule.parameters, "over(of_tracks(candidate, Track_lkr_energy), of_tracks(candidate, Track_momentum))"
    ratio = ("candidate", "Track_lkr_energy", "Track_momentum")
    muv3 = ("Track_muv3_index", "Track_muv3_time", "Track_rich_time")
    window = p.get("muv3_veto") if rule.kind == "pion" else p.get("muv3_window")
    in_time = f"muv3_in_time(candidate, {', '.join(muv3)}, {number(window or 0)})"
    if rule.kind == "electron":
        return Expression(ratio, f"between({e_over_p}, {number(p['low'])}, {number(p['high'])})")
    if rule.kind == "pion":
        soft = f"between({e_over_p}, -INFINITY, {number(p['e_over_p_below'])})"
        return Expression(ratio, soft) if window is None else Expression((*ratio, *muv3), f"but({soft}, {in_time})")
    if rule.kind == "muon":
        return Expression(
            (*ratio, *muv3), f"both(between({e_over_p}, -INFINITY, {number(p['e_over_p_below'])}), {in_time})"
        )
    raise NoReferenceError(f"no C++ for the identification rule {rule.kind}")


@cache
def _types() -> dict[str, str]:
    flat = {name: C_TYPES[b.dtype] for name, b in branches(truth=False).items()}
    jagged = {c.branch(f.name) for c in COLLECTIONS if not c.truth for f in c.fields}
    typed = {name: f"ROOT::RVec<{t}>" if name in jagged else t for name, t in flat.items()}
    ours = {"candidate": "Candidate", "id": "Tracks", "momenta": "Momenta", "match": "Match", "pair": "Pair"}
    return typed | ours


def typed_lambda(columns: tuple[str, ...], body: str) -> str:
    """A lambda of columns with their types, and the list of their names."""
    unique = tuple(dict.fromkeys(columns))
    arguments = ", ".join(f"const {_types()[c]} &{c}" for c in unique)
    names = ", ".join(f'"{c}"' for c in unique)
    return f"[]({arguments}) {{ return {body}; }}, {{{names}}}"


def _filter(cut: Cut, state: FinalState) -> str:
    value = expression(cut.quantity, state)
    low, high = bounds(cut)
    return f"    .Filter({typed_lambda(value.columns, f'inside({value.code}, {number(low)}, {number(high)})')})"


def _three_track_chain(i: int, search: Search, selection: Selection) -> str:
    """The nodes of one selection of three tracks."""
    state = final_state(selection)
    rules = [_rule(rule) for rule in state.rules]
    identify = (
        "identified(candidate, Track_charge, {" + ", ".join(str(c) for c in state.charges) + "}, {"
        + ", ".join(r.code for r in rules) + "})"
    )  # fmt: skip
    columns = ("candidate", "Track_charge", *(c for r in rules for c in r.columns))
    nodes = [
        f'    .Define("id", {typed_lambda(columns, identify)})',
        f"    .Filter({typed_lambda(('id',), 'id.track[0] >= 0')})",
        f'    .Define("momenta", {typed_lambda(("candidate", "id", *VIEWS, "Track_momentum"), MOMENTA)})',
        *(_filter(cut, state) for cut in selection.cuts),
    ]
    return chain(i, search, selection, nodes, expression(selection.observable, state))


def chain(i: int, search: Search, selection: Selection, nodes: list[str], observable: Expression) -> str:
    """Selection number i: events of the data set that a line fired for, its own nodes, and what is asked of them."""
    spans = " || ".join(f"(run >= {p.runs[0]} && run <= {p.runs[1]})" for p in conditions().of(search.dataset))
    lines = tuple(f"trigger_{line}" for line in selection.triggers)
    bins, low, high = selection.observable.bins
    scaled = f"({observable.code}) / {number(selection.observable.unit)}"
    return "\n".join(
        (
            f"  auto s{i} = found.Filter({typed_lambda(('run',), spans)})",
            f"    .Filter({typed_lambda(lines, ' || '.join(lines))})",
            *nodes,
            f'    .Define("observable", {typed_lambda(observable.columns, scaled)});',
            f'  auto h{i} = s{i}.Histo1D<double>({{"h{i}", "", {bins}, {low}, {high}}}, "observable");',
            f'  auto e{i} = s{i}.Take<ULong64_t>("event");',
            f'  auto b{i} = s{i}.Take<unsigned int>("burst");',
        )
    )


MOMENTA = f"momenta_at_vertex(candidate, id, {', '.join(VIEWS)}, Track_momentum)"


def geometry() -> str:
    """Constants that the libraries use."""
    d = detector()
    return f"""
const std::array<double, 4> STRAW_Z = {_list(d.straw.z)}, HOLE_X = {_list(d.straw.hole_x)};
const double HOLE = {d.straw.hole_half_side!r}, STRAW_R = {d.straw.r_max!r};
const double CHOD_Z = {d.chod.z!r}, CHOD_MIN = {d.chod.r_min!r}, CHOD_MAX = {d.chod.r_max!r};
const double RICH_Z = {d.rich.z_front!r}, RICH_X = {d.rich.front_x!r};
const double RICH_MIN = {d.rich.r_min!r}, RICH_MAX = {d.rich.r_max!r};
const double MUV3_Z = {d.muv3.z!r}, MUV3_MIN = {d.muv3.r_min!r}, MUV3_HALF = {d.muv3.half_side!r};
const double LKR_Z = {d.lkr.z!r}, LKR_MIN = {d.lkr.r_min!r}, LKR_APOTHEM = {d.lkr.apothem!r};
const std::array<double, 12> LAV_Z = {_list(d.lav.z_front)};
const double Z_BEFORE = {Z_BEFORE_MAGNET!r}, Z_AFTER = {Z_AFTER_MAGNET!r};
const double CHI2 = {VERTEX_CHI2!r}, Z_LOW = {VERTEX_Z[0]!r}, Z_HIGH = {VERTEX_Z[1]!r};
"""


def print_statements(every: Iterable[str]) -> str:
    """The end of a program: its event loop, and what it found by the names of the selections."""
    output = "\n".join(f'  print("{key}", *e{i}, *b{i}, {i} == 0);' for i, key in enumerate(every))
    return f"""  const double before = user_seconds();
  *h0;
  const double seconds = user_seconds() - before;
  std::cout << "{{\\"selected\\": {{";
{output}
  std::cout << "}}, \\"seconds\\": " << seconds << ", \\"peak_mb\\": " << peak_mb() << "}}" << std::endl;
}}
"""


def program(searches: tuple[Search, ...]) -> str:
    """The whole program: prints the user CPU seconds of its event loop and the selected events, as JSON."""
    every = selections(searches)
    chains = "\n".join(_three_track_chain(i, *pair) for i, pair in enumerate(every.values()))
    vertex = typed_lambda(VIEWS, f"vertex({', '.join(VIEWS)})")
    return f"""{geometry()}
#include "{LIBRARY.name}"
int main(int argc, char **argv) {{
  ROOT::RDataFrame events("Events", argv[1]);
  auto found = events.Define("candidate", {vertex})
    .Filter({typed_lambda(("candidate",), "candidate.found")});
{chains}
{print_statements(every)}"""


def installation(environment: Path = ENVIRONMENT) -> Path:
    """The folder of the ROOT package in a virtual environment; RootMissingError says how to get one."""
    found = sorted(environment.glob("lib/python*/site-packages/ROOT"))
    if not found:
        raise RootMissingError(f"no ROOT in {environment}: `make root` installs it there")
    return found[0]


def build(source: str, root: Path, place: Path) -> Path:
    """Compile a program into a folder, where it stays until a selection, a library or ROOT changes (compiling takes a
    minute); CalledProcessError where it does not compile."""
    source = "#include <array>\n" + source
    libraries = "".join(path.read_text() for path in sorted(LIBRARY.parent.glob("*.hpp")))
    key = hashlib.sha256((source + libraries + str(root)).encode()).hexdigest()[:16]
    binary = place / key
    if not binary.exists():
        place.mkdir(parents=True, exist_ok=True)
        binary.with_suffix(".cpp").write_text(source)
        linked = (f"-l{name}" for name in LIBRARIES)
        subprocess.run(
            [
                "g++", "-std=c++17", "-O3", "-march=native", "-pthread", "-o", binary, binary.with_suffix(".cpp"),
                f"-I{LIBRARY.parent}", f"-I{root / 'include'}", f"-L{root / 'lib'}", *linked,
                f"-Wl,-rpath,{root / 'lib'}", "-Wl,--allow-shlib-undefined",
            ],
            check=True,
        )  # fmt: skip
    return binary


def execute(binary: Path, events: Path) -> dict[str, Any]:
    """One run on one thread: {"selected": {selection: [[burst, event], ...]}, "seconds", "peak_mb"}."""
    done = subprocess.run([binary, events], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result
