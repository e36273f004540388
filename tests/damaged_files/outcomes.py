"""What becomes of each kind of input: `python -m tests.damaged_files.outcomes` makes the files and writes the table
in docs/inputs.md."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution import Backend, ExecutionError, RunResult, run
from rarekaon.analysis.execution.quality import used
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.catalogue import catalogue
from tests.damaged_files.damage import add, cut, one_each, rolled, shortened, with_value
from tests.damaged_files.sample import Columns, bursts_of, counts_of, generation_of, good_columns, write

PAGE = Path(__file__).parents[2] / "docs" / "inputs.md"
DATA, SIMULATION, SEARCH, DATASET = "data_2016_2018", "pi_ee_sm", "pi_ee", "2016-2018"
COLUMNS = good_columns()
SIMULATED = good_columns(truth=True)
EVENTS = len(COLUMNS["run"])

Files = Callable[[Path], "Path | list[Path]"]


@dataclass(frozen=True)
class Case:
    """An input, and what has to come of it: a part of what is said, or the number of events that count."""

    what: str
    files: Files
    says: str = ""
    events: int | None = None
    sample: str = DATA


@dataclass(frozen=True)
class Outcome:
    """Events that count, None where the input is refused, and what is said."""

    events: int | None
    says: tuple[str, ...]

    def __str__(self) -> str:
        if self.events is None:
            came = "refused"
        else:
            came = "exact" if self.events == EVENTS else f"{self.events} of {EVENTS} events count"
        return ": ".join([came, "; ".join(self.says)]) if self.says else came


def part(columns: Columns, rows: Any) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def halves(place: Path, **options: Any) -> list[Path]:
    """A file of the even and one of the odd events, which share all bursts."""
    return [write(place / f"{n}.root", part(COLUMNS, slice(n, None, 2)), **options) for n in (0, 1)]


def one(change: Callable[[Columns], Columns] = dict, **options: Any) -> Files:
    """One file of changed columns."""
    return lambda place: write(place / "file.root", change(COLUMNS), **options)


def value(name: str, number: float) -> Files:
    event = 7 if isinstance(COLUMNS[name], np.ndarray) else int(np.argmax(ak.num(COLUMNS[name]) > 0))
    return one(lambda c: with_value(c, name, event, number))


def scaled(factor: float, *names: str) -> Callable[[Columns], Columns]:
    def change(columns: Columns) -> Columns:
        return columns | {n: _same_kind(columns[n], columns[n] * np.float32(factor)) for n in names}

    return change


def _same_kind(old: Any, new: Any) -> Any:
    return np.asarray(new, np.float32) if isinstance(old, np.ndarray) else ak.values_astype(new, np.float32)


def of_types(**types: str) -> Files:
    return one(lambda c: c | {name: c[name].astype(dtype) for name, dtype in types.items()})


def side_tree_in_one_part(place: Path) -> list[Path]:
    """As ROOT leaves it where it splits its output."""
    nothing = {name: values[:0] for name, values in bursts_of(COLUMNS).items()}
    sides = (bursts_of(COLUMNS), nothing)
    return [write(place / f"{n}.root", part(COLUMNS, slice(n, None, 2)), side=sides[n]) for n in (0, 1)]


def counted_wrong(counter: str, change: Callable[[Any], Any]) -> Files:
    return one(false_counters={counter: change(counts_of(COLUMNS)[counter])})


def not_counted(change: Callable[[Columns], Columns]) -> Files:
    return one(change, false_counters={"nLav": counts_of(COLUMNS)["nLav"]})


def simulated(change: Callable[[Columns], Columns] = dict, **wrong: int) -> Files:
    sample = catalogue().simulation[SIMULATION]
    side = generation_of(SIMULATED, **{"decay": mode(sample.decay).code, "seed": sample.seed} | wrong)
    return lambda place: write(place / "file.root", change(SIMULATED), side=side)


def weight(number: float) -> Files:
    return simulated(lambda c: with_value(c, "truth_weight", 3, number))


def with_side(**changes: Callable[[Any], Any]) -> Files:
    side = bursts_of(COLUMNS)
    return one(side=side | {name: change(side[name]).astype(side[name].dtype) for name, change in changes.items()})


def two_rows_of_each_burst(place: Path) -> Path:
    sides = [bursts_of(part(COLUMNS, slice(n, None, 2))) for n in (0, 1)]
    return write(place / "file.root", COLUMNS, side={k: np.concatenate([s[k] for s in sides]) for k in sides[0]})


def merged_beside_parts(place: Path) -> list[Path]:
    return [*halves(place), write(place / "merged.root", COLUMNS)]


def overlap(place: Path) -> list[Path]:
    return [write(place / f"{n}.root", part(COLUMNS, s)) for n, s in enumerate((slice(0, 300), slice(200, 500)))]


def rewritten(place: Path) -> list[Path]:
    return [write(place / "file.root", COLUMNS), write(place / "copy.root", COLUMNS, packing="lz4")]


def mixed(place: Path) -> list[Path]:
    return [
        write(place / f"{n}.root", part(COLUMNS, slice(n, None, 3)), rntuple=n == 1, packing=packing)
        for n, packing in enumerate(("zstd", "zlib", "none"))
    ]


def bytes_of(change: Callable[[bytes], bytes], **options: Any) -> Files:
    def files(place: Path) -> Path:
        path = write(place / "file.root", COLUMNS, **options)
        path.write_bytes(change(path.read_bytes()))
        return path

    return files


def flipped(content: bytes) -> bytes:
    """One bit of a basket of three quarters down the file."""
    at = len(content) * 3 // 4
    return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


def other_place(make: Callable[[Path], Any]) -> Files:
    def files(place: Path) -> Path:
        make(place / "file.root")
        return place / "file.root"

    return files


def linked(place: Path) -> list[Path]:
    path = write(place / "file.root", COLUMNS)
    (place / "link.root").symlink_to(path)
    return [path, place / "link.root"]


def copied(place: Path) -> list[Path]:
    path = write(place / "file.root", COLUMNS)
    return [path, Path(shutil.copy(path, place / "copy.root"))]


def without(branch: str) -> Files:
    return one(lambda c: {name: v for name, v in c.items() if name != branch})


def with_more(place: Path) -> Path:
    return write(place / "file.root", COLUMNS | {"their_own": np.arange(EVENTS, dtype=np.float32)})


def none_at_all(place: Path) -> list[Path]:
    return [write(place / "full.root", COLUMNS), write(place / "none.root", part(COLUMNS, slice(0, 0)))]


def in_a_folder(place: Path) -> Path:
    path = write(place / "file.root", COLUMNS)
    with uproot.update(path) as file:
        file.mktree("folder/Events", {"run": np.dtype(np.uint32)}).extend({"run": np.arange(3, dtype=np.uint32)})
    return path


SHIFTED = "where its counter says"
FIRST_LAV = int(np.argmax(counts_of(COLUMNS)["nLav"] > 0))
LEFT = int(np.isin(COLUMNS["burst"], np.unique(COLUMNS["burst"])[4:8]).sum())
TABLES: Mapping[str, tuple[Case, ...]] = {
    "Lengths and counters": (
        Case("a branch filled for a part of the events", lambda p: shortened(one(parts=3)(p), "Track_slope_x"),
             "tree Events has 500 entries but Track_slope_x has 333"),
        Case("the same of a veto's branch", lambda p: shortened(one(parts=3)(p), "Lav_time"), "but Lav_time has 333"),
        Case("the same of a branch of one number per event", lambda p: shortened(one(parts=3)(p), "trigger_MT"),
             "but trigger_MT has 333"),
        Case("a branch without baskets", lambda p: shortened(one()(p), "trigger_time"), "but trigger_time has 0"),
        Case("one branch of a collection cut by a mask", not_counted(lambda c: cut(c, ["Lav_time"], lambda v: v < 4)),
             SHIFTED),
        Case("one object an event under the counter of old", not_counted(one_each), SHIFTED),
        Case("a collection shifted by an event", not_counted(rolled), SHIFTED),
        Case("a counter doubled, its arrays not", counted_wrong("nTrack", lambda n: 2 * n), SHIFTED),
        Case("a counter of a million", counted_wrong("nTrack", lambda n: add(n, 10, 1_000_000)), "file.root, entry 10"),
        Case("a counter below zero", counted_wrong("nTrack", lambda n: add(n, 10, -7)), "counter nTrack is -4"),
        Case("a counter one too large", counted_wrong("nLav", lambda n: add(n, FIRST_LAV, 1)), SHIFTED),
        Case("a counter one too small", counted_wrong("nLav", lambda n: add(n, FIRST_LAV, -1)), SHIFTED),
        Case("a reference to a muon signal that is not there", value("Track_muv3_index", 5),
             "where the event has 0 Muv3 objects"),
    ),
    "Identity": (
        Case("a merged file beside its parts", merged_beside_parts, "is there twice"),
        Case("a file and a rewritten copy of it", rewritten, "is there twice"),
        Case("two files that overlap by a hundred events", overlap, "is there twice"),
        Case("a file and a copy of it, byte by byte", copied, "is there twice"),
        Case("a file and a link to it", linked, "the same file is listed 2 times"),
        Case("bursts that are spread over files", halves, events=EVENTS),
        Case("the same with UUIDs of zero (`?reproducible`)", lambda p: halves(p, identity=bytes(16)), events=EVENTS),
        Case("a merged file with two rows of each burst", two_rows_of_each_burst, events=EVENTS),
        Case("event numbers above 2^63", one(lambda c: c | {"event": c["event"] + np.uint64(2**63)}), events=EVENTS),
        Case("events in any order", one(lambda c: part(c, np.random.default_rng(1).permutation(EVENTS))),
             events=EVENTS),
        Case("rows of `Bursts` that say something else", with_side(events=lambda n: n + np.eye(20)[3] - np.eye(20)[4]),
             "but its tree Bursts says"),
        Case("events filtered, `Bursts` not", one(lambda c: part(c, slice(0, 300)), side=bursts_of(COLUMNS)),
             "but its tree Bursts accounts for 500"),
    ),
    "Ranges and units": (
        Case("a time of a veto signal that is NaN", value("Lav_time", np.nan), "Lav_time is nan"),
        Case("the same infinite", value("Lav_time", np.inf), "Lav_time is inf"),
        Case("a momentum that is NaN", value("Track_momentum", np.nan), "Track_momentum is nan"),
        Case("a calorimeter energy that is NaN", value("Track_lkr_energy", np.nan), "Track_lkr_energy is nan"),
        Case("momenta in GeV", one(scaled(1e-3, "Track_momentum")), "GeV instead of MeV?"),
        Case("positions in cm", one(scaled(0.1, "Track_x_after", "Track_y_after")), "cm instead of mm?"),
        Case("slopes in mrad", one(scaled(1e3, "Track_slope_x")), "mrad instead of rad?"),
        Case("a weight that is NaN", weight(np.nan), "truth_weight is nan", sample=SIMULATION),
        Case("a weight of 1e300", weight(1e300), "truth_weight is 1e+300", sample=SIMULATION),
    ),
    "Quality and runs": (
        Case("four bursts with bad detectors", with_side(quality=lambda q: np.isin(np.arange(len(q)), range(4, 8)) * 7),
             "4 of 20 bursts of 2016-2018 are left out for bad detectors", EVENTS - LEFT),
        Case("runs of no period", one(lambda c: c | {"run": np.full_like(c["run"], 7100)}),
             "run 7100 is of no period; the nearest is", 0),
    ),
    "The right file": (
        Case("a simulated file of its sample", simulated(), events=EVENTS, sample=SIMULATION),
        Case("data as a simulated sample", one(), "is a simulated sample", sample=SIMULATION),
        Case("a simulated file as data", simulated(), "is a sample of data"),
        Case("a file of another decay", simulated(decay=mode("K+ -> pi+ pi+ pi-").code), "holds decays of code",
             sample=SIMULATION),
        Case("a file of another seed", simulated(seed=4711), "was simulated with seed 4711", sample=SIMULATION),
        Case("a branch of the contract left out", without("Track_chi2"), "lacks Track_chi2"),
        Case("more branches than the contract has", with_more, events=EVENTS),
        Case("run numbers and flags of other types", of_types(run="int64", trigger_MT="int8"), events=EVENTS),
        Case("a run number below zero", one(lambda c: c | {"run": c["run"].astype("int64") - 10_000}), "is no uint32"),
        Case("side trees in one of two parts", side_tree_in_one_part, events=EVENTS),
    ),
    "Files": (
        Case("a flipped bit in a file with a checksum", bytes_of(flipped, with_checksum=True), "is damaged: its bytes"),
        Case("a file with a checksum", one(with_checksum=True), events=EVENTS),
        Case("a file cut short", bytes_of(lambda b: b[: len(b) // 2]), "cut short"),
        Case("an empty file", bytes_of(lambda _: b""), "cannot be read as a ROOT file"),
        Case("bytes that are no ROOT file", bytes_of(lambda _: b"Lorem ipsum " * 99), "cannot be read as a ROOT file"),
        Case("no file", lambda p: p / "file.root", "does not exist"),
        Case("a directory", other_place(Path.mkdir), "is a directory"),
        Case("a pipe", other_place(os.mkfifo), "is no ordinary file"),
        Case("a link to itself", other_place(lambda p: p.symlink_to(p)), "is a link that leads nowhere"),
        Case("TTrees, RNTuples and packings mixed", mixed, events=EVENTS),
        Case("an RNTuple in three clusters", one(rntuple=True, parts=3), events=EVENTS),
        Case("baskets of 25 events", one(parts=20), events=EVENTS),
        Case("a file without events beside a full one", none_at_all, events=EVENTS),
        Case("another tree `Events` in a folder", in_a_folder, events=EVENTS),
    ),
}  # fmt: skip


def outcome(case: Case, place: Path) -> Outcome:
    """Make the files of a case and run a search over them; errors that are not ours pass through."""
    made = case.files(place)
    paths = [str(p) for p in (made if isinstance(made, list) else [made])]
    try:
        result = run(SearchProcessor((SEARCH,)), {case.sample: paths}, backend=Backend("iterative"), progress=False)
    except ExecutionError as error:
        return Outcome(None, (str(error).replace(f"{place}{os.sep}", ""),))
    return Outcome(_read(result, case.sample), _warnings(result, case.sample))


def _read(result: RunResult, sample: str) -> int:
    if sample != DATA:
        return result.closure.events
    return int(result.output[SEARCH][sample][DATASET]["normalisation"]["cutflow"]["read"].value)


def _warnings(result: RunResult, sample: str) -> tuple[str, ...]:
    return used(result.files, sample, DATASET).warnings if sample == DATA else ()


def outcomes() -> Iterator[tuple[str, Case, Outcome]]:
    """All cases with their outcome, by table."""
    for title, cases in TABLES.items():
        for case in cases:
            with tempfile.TemporaryDirectory() as place:
                yield title, case, outcome(case, Path(place))


def page(found: list[tuple[str, Case, Outcome]]) -> str:
    """docs/inputs.md."""
    lines = [
        "# What becomes of inputs",
        "",
        "Written by `python -m tests.damaged_files.outcomes`, which makes each of these inputs from a good file and",
        "runs a search over it; a test compares this page with what happens. *Exact*: every event counts, once.",
    ]
    for title in TABLES:
        lines += ["", f"## {title}", "", "| input | outcome |", "|---|---|"]
        lines += [f"| {case.what} | {_cell(str(result))} |" for of, case, result in found if of == title]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    text = re.sub(r"/\S*/datasets/", "datasets/", text)
    text = re.sub(r"(Track|Lav)_\w+ holds", r"\1_... holds", text)  # whichever is read first
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(list(outcomes())))
