"""The RDataFrame program of selections of a lone track with its kaon, generated as that of three tracks is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.contract.schema import Z_AFTER_MAGNET, Z_GTK3
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.matching import BEAM_TRACK_WINDOW, MATCHING_WIDTHS
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection
from tests.bench._declaration import NoReferenceError, Parameters, bounds, enclosed
from tests.bench._rdataframe import Expression, chain, geometry, number, print_statements, typed_lambda

LIBRARY = Path(__file__).with_name("single_track.hpp")

LINE = ("Track_x", "Track_y", "Track_slope_x", "Track_slope_y")
AFTER = tuple(f"{name}_after" for name in LINE)
MATCHED = (
    "Track_rich_time", "Track_charge", *LINE, "Ktag_time",
    "Gtk_time", "Gtk_x", "Gtk_y", "Gtk_slope_x", "Gtk_slope_y", "trigger_time",
)  # fmt: skip
MOMENTA = ("Track_momentum", "Track_slope_x", "Track_slope_y", "Gtk_momentum", "Gtk_slope_x", "Gtk_slope_y")
TIME = "double(Track_rich_time[match.track])"


@dataclass(frozen=True)
class LoneTrack:
    """The particle and its identification: parameters by the names of the rules ("muon", "rich_muon")."""

    mass: float
    rules: dict[str, Parameters]


def lone_track(selection: Selection) -> LoneTrack:
    """NoReferenceError for a final state of several particles, or rules that are not known here."""
    made = enclosed(selection.identify)
    names = made.get("particles", ())
    if len(names) != 1:
        raise NoReferenceError(f"selection {selection.name}: no selection of a lone track")
    (rule,) = made["by"].values()
    every = enclosed(rule).get("rules", (rule,))
    rules = {part.__qualname__.partition(".")[0]: enclosed(part) for part in every}
    if not rules.keys() <= {"muon", "rich_muon"}:
        raise NoReferenceError(f"selection {selection.name}: no C++ for its identification by {', '.join(rules)}")
    return LoneTrack(particle(names[0]).mass, rules)


def expression(q: Quantity, state: LoneTrack) -> Expression:
    """C++ of a quantity of a lone track; NoReferenceError for one that is not known here."""
    p, d, name = enclosed(q.of), detector(), q.name
    at_lkr = f"point(match, {', '.join(AFTER)}, {number(d.lkr.z - Z_AFTER_MAGNET)})"
    at_muv3 = f"point(match, {', '.join(AFTER)}, {number(d.muv3.z - Z_AFTER_MAGNET)})"
    if name in ("irc_signals", "sac_signals", "chanti_signals", "richhit_signals"):
        column = f"{p['collection']}_time"
        return Expression(("match", "Track_rich_time", column), f"near({column}, {TIME}, {number(p['window'])})")
    table = {
        "track_momentum": lambda: Expression(
            ("match", "Track_momentum"), "double(Track_momentum[match.track])"
        ),
        "tracks_in_acceptance": lambda: Expression(
            ("match", *LINE, *AFTER), f"lone_in_acceptance(match, {', '.join((*LINE, *AFTER))})"
        ),
        "tracks_in_muv3": lambda: Expression(("match", *AFTER), f"in_muv3({at_muv3})"),
        "kaon_time": lambda: Expression(
            ("match", "Track_rich_time", "Ktag_time"), f"std::abs(double(Ktag_time[match.tag]) - {TIME})"
        ),
        "closest_approach": lambda: Expression(("match",), "match.at.distance"),
        "vertex_z": lambda: Expression(("match",), "match.at.z"),
        "vertex_beyond": lambda: Expression(
            ("match", "pair"),
            f"beyond(match, pair, {state.mass!r}, {MASS_K!r}, {_two(p['angles'])}, {_two(p['z'])})",
        ),
        "other_vertices": lambda: Expression(
            ("match", *LINE), f"other_vertices(match, {', '.join(LINE)}, {number(p['distance'])})"
        ),
        "extra_clusters": lambda: Expression(
            ("match", *AFTER, "Track_rich_time", "Cluster_energy", "Cluster_x", "Cluster_y", "Cluster_time"),
            f"clusters_off(Cluster_energy, Cluster_x, Cluster_y, Cluster_time, {at_lkr}, {TIME}, "
            f"{number(p['energy'])}, {number(p['distance'])}, {number(p['window'])})",
        ),
        "lav_signals": lambda: Expression(
            ("match", "Track_rich_time", "Lav_time"), f"near(Lav_time, {TIME}, {number(p['window'])})"
        ),
        "chod_off_track": lambda: Expression(
            ("match", "Track_rich_time", "Chod_time", "Chod_track_index"),
            f"near_others(Chod_time, Chod_track_index, match.track, {TIME}, {number(p['window'])})",
        ),
        "missing_mass_squared": lambda: Expression(
            ("pair",), f"missing_mass_squared(pair, {state.mass!r}, {MASS_K!r})"
        ),
    }  # fmt: skip
    if name not in table or p.get("downstream"):
        raise NoReferenceError(f"no C++ for the quantity {name} of a lone track")
    return table[name]()


def _two(values: tuple[float, ...]) -> str:
    if len(values) != 2:
        raise NoReferenceError(f"C++ interpolates between two points, not {len(values)}")
    return f"std::array<double, 2>{{{number(values[0])}, {number(values[1])}}}"


def _identified(state: LoneTrack) -> list[Expression]:
    """What the rules ask of the track."""
    asked = []
    for kind, p in state.rules.items():
        if kind == "muon":
            columns = ("Track_lkr_energy", "Track_momentum", "Track_muv3_index", "Track_muv3_time", "Track_rich_time")
            ratio = "double(Track_lkr_energy[match.track]) / double(Track_momentum[match.track])"
            in_time = f"muon_in_time(match, {', '.join(columns[2:])}, {number(p['muv3_window'])})"
            asked.append(Expression(("match", *columns), f"{ratio} < {number(p['e_over_p_below'])} && {in_time}"))
        else:
            columns = ("Track_momentum", "Track_rich_log_e", "Track_rich_log_mu", "Track_rich_log_pi")
            values = f"{number(p['below'])}, {number(p['threshold'])}"
            asked.append(Expression(("match", *columns), f"rich_muon(match, {', '.join(columns)}, {values})"))
    return asked


def _cut(cut: Cut, state: LoneTrack) -> Expression:
    value, (low, high) = expression(cut.quantity, state), bounds(cut)
    return Expression(value.columns, f"inside({value.code}, {number(low)}, {number(high)})")


def selections(searches: tuple[Search, ...]) -> dict[str, tuple[Search, Selection]]:
    """Selections of a lone track by "<data set>/<name>": those that can be made here."""
    return {f"{s.dataset}/{one.name}": (s, one) for s in searches for one in s.selections if _known(one)}


def _known(selection: Selection) -> bool:
    try:
        state = lone_track(selection)
        for q in (selection.observable, *(cut.quantity for cut in selection.cuts)):
            expression(q, state)
    except NoReferenceError:
        return False
    return True


def program(searches: tuple[Search, ...]) -> str:
    """The whole program: prints the user CPU seconds of its event loop and the selected events, as JSON."""
    every, muv3 = selections(searches), detector().muv3
    constants = f"""
const double MUV3_MIN = {muv3.r_min!r}, MUV3_HALF = {muv3.half_side!r}, Z_GTK3 = {Z_GTK3!r};
const double BEAM_WINDOW = {BEAM_TRACK_WINDOW!r};
const double TIME_WIDTH = {MATCHING_WIDTHS[0]!r}, APART_WIDTH = {MATCHING_WIDTHS[1]!r};
"""
    chains = []
    for i, (search, selection) in enumerate(every.values()):
        state = lone_track(selection)
        filters = [*_identified(state), *(_cut(cut, state) for cut in selection.cuts)]
        observable = expression(selection.observable, state)
        chains.append(chain(i, search, selection, [_filter(asked) for asked in filters], observable))
    return f"""{geometry()}{constants}
#include "{LIBRARY.name}"
int main(int argc, char **argv) {{
  ROOT::RDataFrame events("Events", argv[1]);
  auto found = events.Define("match", {typed_lambda(MATCHED, f"match({', '.join(MATCHED)})")})
    .Filter({typed_lambda(("match",), "match.beam >= 0")})
    .Define("pair", {typed_lambda(("match", *MOMENTA), f"momenta_of(match, {', '.join(MOMENTA)})")});
{chr(10).join(chains)}
{print_statements(every)}"""


def _filter(asked: Expression) -> str:
    return f"    .Filter({typed_lambda(asked.columns, asked.code)})"
