"""Files that ROOT's own tools write of a sample of ours: the same events are read from them, or what to do is said.

Runs in the environment of `make root`.  Two small files of the kinds that other tests need are made here, too:
`python -m tests.root.written_by_root` writes them to tests/events/written_by_root.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution.layouts import open_events
from rarekaon.analysis.execution.planning import inspect_fileset
from tests.search.test_user_catalogue import forget
from tests.toy_events import toy_columns, write_toy_file

EVENTS = 300
SMALL = Path(__file__).parents[1] / "events" / "written_by_root"
SMALL_EVENTS = 30

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ROOT = pytest.importorskip("ROOT")

ROOT.gErrorIgnoreLevel = ROOT.kError

Made = Callable[[Path, Path], "Path | list[Path]"]


@dataclass(frozen=True)
class Case:
    """What a user does with the file of a sample, and a part of what is said where that is no use."""

    what: str
    make: Made
    says: str = ""
    truth: bool = False
    tree: str = ""
    kept: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """What is left of the columns of the sample."""


def snapshot(source: Path, target: Path, events: Any = None, *, rntuple: bool = False, **options: Any) -> Path:
    """Events and the tree beside them, one `Snapshot` after the other."""
    sides = [name for name in ("Bursts", "Generation") if _holds(source, name)]
    for name in ("Events", *sides):
        chosen = ROOT.RDF.RSnapshotOptions()
        if rntuple:
            chosen.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
        for key, value in options.items():
            setattr(chosen, key, value)
        chosen.fMode = "RECREATE" if name == "Events" else "UPDATE"
        frame = events if events is not None and name == "Events" else ROOT.RDataFrame(name, str(source))
        frame.Snapshot(name, str(target), _columns_of(frame), chosen)
    return target


def _columns_of(frame: Any) -> Any:
    """All but what ROOT's importer makes of counted arrays, which ROOT reads under their own names alone."""
    names = (str(name) for name in frame.GetColumnNames())
    return ROOT.std.vector("string")([name for name in names if not name.startswith(("_collection", "kept_"))])


def _holds(path: Path, name: str) -> bool:
    with ROOT.TFile.Open(str(path)) as file:
        return bool(file.GetKey(name))


def redefined(rntuple: bool = False, **columns: str) -> Made:
    """Columns made anew in a `Snapshot`."""

    def make(source: Path, place: Path) -> Path:
        frame = ROOT.RDataFrame("Events", str(source))
        for name, expression in columns.items():
            frame = frame.Redefine(name, expression)
        return snapshot(source, place / "file.root", frame, rntuple=rntuple)

    return make


def written(**options: Any) -> Made:
    return lambda source, place: snapshot(source, place / "file.root", **options)


def imported(source: Path, place: Path) -> Path:
    importer = getattr(ROOT, "RNTupleImporter", None) or ROOT.Experimental.RNTupleImporter
    for name in ("Events", "Bursts" if _holds(source, "Bursts") else "Generation"):
        one = importer.Create(str(source), name, str(place / "file.root"))
        one.SetIsQuiet(True)
        one.Import()
    return place / "file.root"


def again(first: Made, **options: Any) -> Made:
    """A `Snapshot` of what another tool wrote."""

    def make(source: Path, place: Path) -> Path:
        (place / "first").mkdir()
        return snapshot(first(source, place / "first"), place / "file.root", **options)

    return make


def cloned(source: Path, place: Path, *, how: str = "fast", folder: str = "", **settings: Any) -> Path:
    """Trees copied by `TTree::CloneTree`, with whatever else is to be done to that of the events."""
    target = place / "file.root"
    with (
        ROOT.TFile.Open(str(source)) as old,
        ROOT.TFile.Open(str(target) + settings.get("suffix", ""), "RECREATE") as new,
    ):
        room = new.mkdir(folder) if folder else new
        for name in ("Events", "Bursts"):
            room.cd()
            tree = old.Get(name)
            if name == "Events":
                for branch in settings.get("without", ()):
                    tree.SetBranchStatus(branch, False)
                copy = tree.CopyTree(settings["cut"]) if "cut" in settings else tree.CloneTree(-1, how)
                if "friend" in settings:
                    copy.AddFriend("Bursts", str(source))
            else:
                copy = tree.CloneTree(-1, how)
            for _ in range(settings.get("cycles", 1)):
                copy.Write("", 0)
    return target


def cloning(**settings: Any) -> Made:
    return lambda source, place: cloned(source, place, **settings)


def halves(source: Path, place: Path, **options: Any) -> list[Path]:
    """Two files of one sample, with bursts of their own."""
    paths = []
    for n in (0, 1):
        columns = {
            name: values[n * EVENTS // 2 : (n + 1) * EVENTS // 2] for name, values in toy_columns(EVENTS).items()
        }
        columns["burst"] = columns["burst"] + np.uint32(100 * n)
        paths.append(write_toy_file(place / f"half{n}.root", EVENTS // 2, replace=columns, **options))
    return paths


def merged(rntuple: bool) -> Made:
    def make(source: Path, place: Path) -> Path:
        merger = ROOT.TFileMerger(False, False)
        merger.SetFastMethod(True)
        merger.OutputFile(str(place / "file.root"), "RECREATE")
        for path in halves(source, place):
            merger.AddFile(str(snapshot(path, place / f"s{path.name}", rntuple=True) if rntuple else path))
        assert merger.Merge()
        return place / "file.root"

    return make


def in_halves(columns: dict[str, Any]) -> dict[str, Any]:
    burst = columns["burst"].copy()
    burst[EVENTS // 2 :] += np.uint32(100)
    return columns | {"burst": burst}


SPLIT = """
void split_output(const char *source, const char *target) {
    auto limit = TTree::GetMaxTreeSize();
    TFile old(source);
    auto first = TFile::Open(target, "RECREATE");
    auto bursts = old.Get<TTree>("Bursts")->CloneTree(-1);
    bursts->Write();
    delete bursts;
    auto events = old.Get<TTree>("Events");
    first->cd();
    auto copy = events->CloneTree(0);
    copy->SetAutoFlush(50);
    TTree::SetMaxTreeSize(50000);
    for (Long64_t entry = 0; entry < events->GetEntries(); ++entry) {
        events->GetEntry(entry);
        copy->Fill();  // goes on in another file where this one is too large, and deletes the TFile
    }
    TTree::SetMaxTreeSize(limit);
    auto last = copy->GetCurrentFile();
    last->cd();
    copy->Write("", TObject::kOverwrite);
    delete last;
}
"""


def split(source: Path, place: Path) -> list[Path]:
    """Output that ROOT cuts where it is too large: only the first part has what was beside the events."""
    if not hasattr(ROOT, "split_output"):
        ROOT.gInterpreter.Declare(SPLIT)
    ROOT.split_output(str(source), str(place / "file.root"))
    parts = sorted(place.glob("file*.root"), key=lambda path: (len(path.name), path.name))
    assert len(parts) > 1
    return parts


def by_many_threads(source: Path, place: Path) -> Path:
    ROOT.EnableImplicitMT(2)
    try:
        return snapshot(source, place / "file.root")
    finally:
        ROOT.DisableImplicitMT()


def late_branch(source: Path, place: Path) -> Path:
    """A branch that is filled for the last events only."""
    shutil.copy(source, place / "file.root")
    with ROOT.TFile.Open(str(place / "file.root"), "UPDATE") as file:
        tree = file.Get("Events")
        tree.SetBranchStatus("trigger_time", False)
        copy = tree.CloneTree(-1)
        value = np.zeros(1, np.float32)
        branch = copy.Branch("trigger_time", value, "trigger_time/F")
        for _ in range(EVENTS // 3):
            branch.Fill()
        copy.Write("Events", ROOT.TObject.kOverwrite)
    return place / "file.root"


def copied_by_key(source: Path, place: Path) -> Path:
    """What `rootcp` does."""
    with ROOT.TFile.Open(str(source)) as old, ROOT.TFile.Open(str(place / "file.root"), "RECREATE") as new:
        for name in ("Bursts", "Events"):
            new.cd()
            old.Get(name).CloneTree(-1, "fast").Write()
    return place / "file.root"


def chained(source: Path, place: Path) -> Path:
    """A chain of files as one: `TChain::Merge` writes the events alone."""
    paths = halves(source, place)
    for name, target in (("Events", "file.root"), ("Bursts", "bursts.root")):
        chain = ROOT.TChain(name)
        for path in paths:
            chain.Add(str(path))
        chain.Merge(str(place / target))
    with ROOT.TFile.Open(str(place / "bursts.root")) as old, ROOT.TFile.Open(str(place / "file.root"), "UPDATE"):
        old.Get("Bursts").CloneTree(-1).Write()
    return place / "file.root"


def events_alone(source: Path, place: Path) -> Path:
    ROOT.RDataFrame("Events", str(source)).Snapshot("Events", str(place / "file.root"))
    return place / "file.root"


def filtered(source: Path, place: Path) -> Path:
    return snapshot(source, place / "file.root", ROOT.RDataFrame("Events", str(source)).Filter("nTrack > 1"))


def without_a_column(source: Path, place: Path) -> Path:
    frame = ROOT.RDataFrame("Events", str(source))
    names = ROOT.std.vector("string")([n for n in _columns_of(frame) if n != "Track_chi2"])
    frame.Snapshot("Events", str(place / "file.root"), names)
    option = ROOT.RDF.RSnapshotOptions()
    option.fMode = "UPDATE"
    ROOT.RDataFrame("Bursts", str(source)).Snapshot("Bursts", str(place / "file.root"), "", option)
    return place / "file.root"


def fewer_signals(columns: dict[str, Any]) -> dict[str, Any]:
    """Signals after the trigger, with everything that belongs to them."""
    kept = columns["Lav_time"] > 0
    return columns | {f"Lav_{f.name}": columns[f"Lav_{f.name}"][kept] for f in schema.LAV.fields}


LAV_CUT = {
    "nLav": "int(ROOT::VecOps::Sum(Lav_time > 0))",
    "Lav_station": "Lav_station[kept_lav]",
    "Lav_time": "Lav_time[kept_lav]",
    "Lav_energy": "Lav_energy[kept_lav]",
}


def masked(*names: str) -> Made:
    """Some columns of a collection cut by a mask."""

    def make(source: Path, place: Path) -> Path:
        frame = ROOT.RDataFrame("Events", str(source)).Define("kept_lav", "Lav_time > 0")
        for name in names:
            frame = frame.Redefine(name, LAV_CUT[name])
        return snapshot(source, place / "file.root", frame)

    return make


def shifted(columns: dict[str, Any]) -> dict[str, Any]:
    return columns | {"Track_momentum": ak.values_astype(columns["Track_momentum"] * np.float32(1.5), np.float32)}


NO_BURSTS = r"has no tree 'Bursts', nor has another file"
CASES = (
    Case("a Snapshot of everything", written()),
    Case("a Snapshot with LZ4", written(fCompressionAlgorithm=ROOT.RCompressionSetting.EAlgorithm.kLZ4)),
    Case("a Snapshot with LZMA", written(fCompressionAlgorithm=ROOT.RCompressionSetting.EAlgorithm.kLZMA)),
    Case("a Snapshot with zstd", written(fCompressionAlgorithm=ROOT.RCompressionSetting.EAlgorithm.kZSTD)),
    Case("a Snapshot that is not packed", written(fCompressionLevel=0)),
    Case("a Snapshot of simulation", written(), truth=True),
    Case("a Snapshot by two threads", by_many_threads),
    Case("a Snapshot to RNTuple", written(rntuple=True)),
    Case("a Snapshot of simulation to RNTuple", written(rntuple=True), truth=True),
    Case("a Snapshot to RNTuple that is not packed", written(rntuple=True, fCompressionLevel=0)),
    Case("the RNTuple importer", imported),
    Case("the RNTuple importer, of simulation", imported, truth=True),
    Case("a Snapshot of a Snapshot to RNTuple", again(written(rntuple=True))),
    Case("RNTuple of RNTuple", again(written(rntuple=True), rntuple=True)),
    Case("a Snapshot of an imported RNTuple", again(imported)),
    Case("RNTuple of an imported RNTuple", again(imported, rntuple=True)),
    Case("one column of floats made anew", redefined(Track_momentum="Track_momentum * 1.5f"), kept=shifted),
    Case("the same in an RNTuple", redefined(True, Track_momentum="Track_momentum * 1.5f"), kept=shifted),
    Case("a column of doubles", redefined(Track_momentum="Track_momentum * 1.5"), "Track_momentum .float64"),
    Case("charges as int", redefined(Track_charge="ROOT::RVec<int>(Track_charge.begin(), Track_charge.end())")),
    Case("charges as char", redefined(Track_charge="ROOT::RVec<char>(Track_charge.begin(), Track_charge.end())")),
    Case("run numbers as int", redefined(run="int(run)")),
    Case("run numbers as long", redefined(run="Long64_t(run)")),
    Case("event numbers as long", redefined(event="Long64_t(event)")),
    Case("flags as Char_t", redefined(trigger_MT="Char_t(trigger_MT)", trigger_eMT="Char_t(trigger_eMT)")),
    Case("flags as Char_t in an RNTuple", redefined(True, trigger_MT="Char_t(trigger_MT)")),
    Case("flags as int", redefined(trigger_MT="int(trigger_MT)")),
    Case("run numbers below zero", redefined(run="int(run) - 100000"), "no uint32"),
    Case("a further column", redefined(run="run")),
    Case("a collection cut as a whole", masked(*LAV_CUT), kept=fewer_signals),
    Case("a collection cut without its counter", masked(*list(LAV_CUT)[1:]), "where its counter says"),
    Case("one array of a collection cut", masked("Lav_time"), "where its counter says"),
    Case("a column left out", without_a_column, "lacks Track_chi2"),
    Case("events alone", events_alone, NO_BURSTS),
    Case("events filtered", filtered, "accounts for 300: it was not written to its end or was filtered"),
    Case("CloneTree", cloning()),
    Case("CloneTree, entry by entry", cloning(how="")),
    Case("CloneTree of a file without UUID", cloning(suffix="?reproducible")),
    Case("CloneTree with a branch switched off", cloning(without=("Track_chi2",), how=""), "lacks Track_chi2"),
    Case(
        "a tree with a friend that has the branch", cloning(without=("Track_chi2",), how="", friend=True),
        "its friends are not read: Bursts of ",
    ),
    Case("CopyTree with a cut", cloning(cut="nTrack > 1"), "was not written to its end or was filtered"),
    Case("a tree in a folder", cloning(folder="ntuple"), tree="ntuple/Events"),
    Case("three cycles of a tree", cloning(cycles=3)),
    Case("hadd", merged(rntuple=False), kept=in_halves),
    Case("hadd of RNTuples", merged(rntuple=True), kept=in_halves),
    Case("a chain merged", chained, kept=in_halves),
    Case("rootcp", copied_by_key),
    Case("output that was split", split),
    Case("a branch filled late", late_branch, "trigger_time has 100"),
)  # fmt: skip


def test_there_are_forty() -> None:
    assert len({case.what for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_the_same_events_or_what_to_do(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_toy_file(tmp_path / "source.root", EVENTS, truth=case.truth)
    (tmp_path / "made").mkdir()
    made = case.make(source, tmp_path / "made")
    paths = [str(path) for path in (made if isinstance(made, list) else [made])]
    monkeypatch.chdir(tmp_path)
    if case.tree:
        Path("rarekaon.yaml").write_text(
            f"data:\n  toy: {{files: ['made/*.root'], dataset: 2016-2018, tree: {case.tree}}}\n"
        )
    forget()
    try:
        if case.says:
            with pytest.raises(ValueError, match=case.says):
                _read(paths, truth=case.truth)
            return
        _compare(_read(paths, truth=case.truth), case.kept(toy_columns(EVENTS, truth=case.truth)), truth=case.truth)
    finally:
        monkeypatch.undo()
        forget()


def _read(paths: list[str], *, truth: bool) -> dict[str, Any]:
    """All columns of some files, which are looked into before."""
    files, _ = inspect_fileset({"toy": paths})
    assert sum(f.events for f in files) == EVENTS
    parts = [dict(_columns(path, truth=truth)) for path in paths]
    return {name: ak.concatenate([part[name] for part in parts]) for name in parts[0]}


def _columns(path: str, *, truth: bool) -> Iterator[tuple[str, Any]]:
    with open_file(path) as file:
        tree = open_events(file, path, "toy")
        columns = Columns(tree.source(0, tree.entries))
        for branch in (*schema.EVENT, *(schema.TRUTH if truth else ())):
            yield branch.name, columns.event(branch.name)
        for c in schema.COLLECTIONS:
            for field in c.fields if truth or not c.truth else ():
                yield (
                    c.branch(field.name),
                    ak.unflatten(columns.flat(c.name, field.name), np.diff(columns.offsets(c.name))),
                )


def _compare(found: dict[str, Any], wanted: dict[str, Any], *, truth: bool) -> None:
    order = np.argsort(ak.to_numpy(found["event"]), kind="stable")  # several threads write in any order
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        mine = found[name][order]
        assert ak.type(mine) == ak.type(ak.Array(values)), name
        assert ak.array_equal(mine, values), name


def main() -> None:
    """Write the small files."""
    SMALL.mkdir(exist_ok=True)
    source = write_toy_file(SMALL / "source.root", SMALL_EVENTS)
    for name, make in (("snapshot", written(rntuple=True)), ("importer", imported)):
        place = SMALL / name
        place.mkdir()
        shutil.move(make(source, place), SMALL / f"{name}.root")
        place.rmdir()
    source.unlink()


if __name__ == "__main__":
    main()
