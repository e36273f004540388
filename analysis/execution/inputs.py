"""Looking into input files before any work starts: can they be read, and do they keep the event contract?

What can be known from a file's header is checked here, so that a run fails in its first second and not in its last
hour: presence, length, trees, branches and their types, and whether the side tree accounts for every event.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.checked import CheckedSource
from rarekaon.analysis.events.exposure import Exposure, burst_key
from rarekaon.analysis.events.remote import AbsentError, Access, RemoteError, identity, is_local, passes
from rarekaon.analysis.events.trees import Tree, open_file
from rarekaon.analysis.execution.checksums import check_bytes
from rarekaon.analysis.execution.errors import InputFileError, UnreadableFileError
from rarekaon.analysis.execution.fileset import files_of
from rarekaon.analysis.execution.layouts import (
    counted_bursts,
    friends,
    is_of_user,
    layout_key,
    map_of,
    open_events,
    side_tree,
    side_tree_of,
    tree_of,
)
from rarekaon.analysis.execution.masked_skims import check_mark
from rarekaon.analysis.facts.branch_maps import IDENTITY
from rarekaon.analysis.search.catalogue import catalogue

Blocks = frozenset[tuple[int, ...]]
BURST = np.dtype([(b.name, b.dtype) for b in schema.BURSTS.fields])

SHOWN = 4
"""Names listed in a message before the rest is counted."""


@dataclass(frozen=True)
class InputFile:
    """A readable file that keeps the contract."""

    sample: str
    """The sample it belongs to."""
    path: str
    """Where it is."""
    uuid: str
    """What ROOT wrote into it, which need not be unique."""
    size: int
    """In bytes."""
    exposure: Exposure
    """What its events stand for."""
    blocks: Blocks
    """(decay, seed, block) of simulated decays or (run, burst) of data: what must not be there twice."""
    bursts: NDArray[Any] = field(default_factory=lambda: np.empty(0, BURST), compare=False, repr=False)
    """Rows of `Bursts` (run, burst, events, quality), one a burst."""
    clusters: tuple[int, ...] = ()
    """Events where the file can be cut without reading anything twice."""
    content: str = ""
    """What changes whenever the file is written again."""
    retries: int = 0
    """How often it was tried again."""
    stated: int | NDArray[Any] | None = field(default=None, compare=False, repr=False)
    """What its side tree says where that is not of its own events: their number, of data the rows of `Bursts`."""

    @property
    def events(self) -> int:
        return self.exposure.events

    @property
    def simulated(self) -> bool:
        return self.exposure.simulated

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the simulation; none for data."""
        return tuple(sorted({block[1] for block in self.blocks})) if self.simulated else ()


def inspect_file(place: tuple[str, str], access: Access = Access()) -> InputFile:  # noqa: B008 (frozen)
    """Open the file of (sample, path) and check it against the contract; InputFileError says what is wrong.

    It is UnreadableFileError where the file cannot be had or is damaged.
    """
    sample, path = place
    try:
        found, retries = access.tried(lambda attempt: _look(sample, path, access.place(path, attempt)), [path])
    except InputFileError:
        raise
    except RemoteError as error:
        elsewhere = f", nor at {len(access.places(path)) - 1} other places" if len(access.places(path)) > 1 else ""
        raise UnreadableFileError(f"{error}{elsewhere} (sample {sample})", path) from error
    return replace(found, retries=retries)


def _look(sample: str, path: str, place: str) -> InputFile:
    """Look into the file that stands at `place`."""
    try:
        if is_local(place):
            _check_place(sample, Path(place))
            check_bytes(sample, path, place)
        opened = open_file(place)
    except (InputFileError, RemoteError):
        raise
    except Exception as error:
        if passes(error):
            raise RemoteError(f"{place} cannot be read now ({one_line(error)})") from error
        raise UnreadableFileError(
            f"{place} cannot be read as a ROOT file, it is damaged or cut short ({one_line(error)}): make it again",
            path,
        ) from error
    with opened as file:
        try:
            found = _inspect(sample, path, file)
        except (InputFileError, RemoteError):
            raise
        except Exception as error:  # whatever a reader finds in the bytes of a file, it is the file that is unfit
            if passes(error):
                raise RemoteError(f"{path} cannot be read now ({one_line(error)})") from error
            raise UnreadableFileError(
                f"{path} cannot be read, it is damaged or written in a way that is not known ({one_line(error)}): "
                f"make or copy it again",
                path,
            ) from error
    return replace(found, content=f"{found.content} {identity(place)}")


def _check_place(sample: str, path: Path) -> None:
    """That a ROOT file can be there."""
    if not os.path.lexists(path):
        raise AbsentError(f"{path} does not exist: make the sample {sample} (`kaon simulate {sample}`)")
    if not path.exists():
        raise AbsentError(f"{path} is a link that leads nowhere: name the file itself")
    if path.is_dir():
        raise InputFileError(f"{path} is a directory: name the files in it")
    if not path.is_file():
        raise InputFileError(f"{path} is no ordinary file but a pipe or a device: name a ROOT file")


def _inspect(sample: str, path: str, file: Any) -> InputFile:
    size = int(file.file.source.num_bytes)
    if size < file.file.fEND:
        raise UnreadableFileError(f"{path} is cut short: {size} bytes of {file.file.fEND}; make or copy it again", path)
    events, name = open_events(file, path, sample), tree_of(sample)
    types = events.types()
    simulated = bool(types.keys() & _truth_names())
    wanted = schema.branches(truth=simulated)
    if is_of_user(sample):
        wanted = {branch: known for branch, known in wanted.items() if branch in types or branch in IDENTITY}
    check_types(path, name, types, wanted)
    check_lengths(path, name, events, wanted)
    side = side_tree(file, sample, schema.GENERATION if simulated else schema.BURSTS)
    rows = _side_rows(path, side, schema.GENERATION if simulated else schema.BURSTS)
    of_its_own = side is not None and int(rows["events"].sum()) == events.entries
    stated: int | NDArray[Any] | None = None
    if simulated and side is None and (declared := _declared(sample, path)) is not None:
        what: tuple[Any, ...] = (replace(declared, events=events.entries), frozenset())
    elif simulated:
        exposure, blocks = _simulated(path, rows)
        what = (replace(exposure, events=events.entries), blocks)
        stated = None if of_its_own else exposure.events
    elif of_its_own:
        what = _data(rows)
    else:
        counted = counted_bursts(events)
        both = {n: np.concatenate([counted[n], rows[n] if n != "events" else 0 * rows[n]]) for n in counted}
        what = _data(both)
        stated = None if side is None and map_of(sample) is not None else _data(rows)[2]
    if side is not None and not simulated:
        check_mark(path, file.key(side_tree_of(sample, schema.BURSTS_TREE)).fTitle, what[2]["run"])
    header, _ = file.key(name).get_uncompressed_chunk_cursor()
    content = f"{file.file.uuid} {hashlib.sha256(bytes(header.raw_data)).hexdigest()}{layout_key(sample)}"
    found = InputFile(sample, path, str(file.file.uuid), size, *what)
    return replace(found, clusters=events.clusters(), content=content, stated=stated)


def check_types(path: str, tree: str, types: Mapping[str, str], branches: Mapping[str, schema.Branch]) -> None:
    """Compare a tree's branches with the contract's; branches the contract does not know are no error."""
    expected = schema.stored_types(branches)
    missing = [name for name in expected if name not in types]
    if missing:
        beside = friends(path, tree) if is_local(path) else ()
        raise InputFileError(
            f"{path}: tree {tree} lacks {_listed(missing)}; it does not keep the event contract "
            f"(`kaon schema`): convert it or make it again with this version"
            + f" (its friends are not read: {_listed(beside)}; write all in one tree)"
            * bool(beside)
        )
    wrong = [f"{n} ({types[n]} instead of {t})" for n, t in expected.items() if types[n] != t]
    if wrong:
        raise InputFileError(f"{path}: tree {tree} has wrong types: {_listed(wrong)}; write it as `kaon schema` says")


def check_lengths(path: str, name: str, tree: Tree, branches: Iterable[str]) -> None:
    """Each branch of the contract has as many entries as its tree."""
    lengths = tree.lengths()
    wrong = [f"{branch} has {lengths[branch]}" for branch in branches if lengths[branch] != tree.entries]
    if wrong:
        raise InputFileError(
            f"{path}: tree {name} has {tree.entries} entries but {_listed(wrong)}: not all branches were filled for "
            f"every entry; make the file again"
        )


def check_distinct(files: Sequence[InputFile]) -> None:
    """Refuse the same file twice, the same simulated decays twice, and samples that mix data and simulation.

    That no event of data is there twice is another matter (`execution.identity`).
    """
    places = [_real(f.path) for f in files]
    for place, times in Counter(places).items():
        if times > 1:
            same = [f"{f.path} ({f.sample})" for f, other in zip(files, places, strict=True) if other == place]
            raise InputFileError(
                f"the same file is listed {times} times (same path): {_listed(same)}; "
                f"its events would count {times} times: list it once"
            )
    for sample in dict.fromkeys(f.sample for f in files):
        mine = [f for f in files if f.sample == sample]
        kinds = {f.simulated: f.path for f in mine}
        if len(kinds) > 1:
            raise InputFileError(
                f"sample {sample} mixes data ({kinds[False]}) and simulation ({kinds[True]}): split it in two"
            )
        _check_blocks(sample, mine)


def _check_blocks(sample: str, files: Sequence[InputFile]) -> None:
    """Simulated decays must not be there twice; a burst of data may be spread over files."""
    seen: dict[tuple[int, ...], str] = {}
    for f in files if files[0].simulated else ():
        for block in f.blocks:
            if block in seen:
                raise InputFileError(
                    f"sample {sample}: {f.path} and {seen[block]} hold the same simulated decays (decay code, seed, "
                    f"block = {block}): simulate one of them with another seed"
                )
            seen[block] = f.path


def bursts_by_path(files: Sequence[InputFile]) -> dict[str, dict[str, NDArray[Any]]]:
    """The rows of `Bursts` of data, by sample and path."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for f in files:
        if not f.simulated:
            found.setdefault(f.sample, {})[f.path] = f.bursts
    return found


def _real(path: str) -> str:
    return str(Path(path).resolve()) if is_local(path) else path


def check_accounted(files: Sequence[InputFile]) -> None:
    """The side trees of a sample account for all its events; InputFileError where they do not.

    ROOT leaves them in the first part where it splits its output: they may speak of the events of other files.
    """
    for sample in dict.fromkeys(f.sample for f in files if f.stated is not None):
        mine = [f for f in files if f.sample == sample]
        wrong = next(f for f in mine if f.stated is not None)
        if wrong.simulated:
            accounted = sum(f.events if f.stated is None else int(f.stated) for f in mine)
            close = accounted == sum(f.events for f in mine)
        else:
            rows = [f.bursts if f.stated is None else np.asarray(f.stated) for f in mine]
            close = _events_of_bursts(rows) == _events_of_bursts([f.bursts for f in mine])
        if not close or not any(map(_has_side_tree, mine)):
            _refuse_side_tree(wrong)


def _has_side_tree(file: InputFile) -> bool:
    """Whether a side tree says anything."""
    if isinstance(file.stated, np.ndarray):
        return len(file.stated) > 0
    return file.stated != 0


def _events_of_bursts(rows: Sequence[NDArray[Any]]) -> dict[int, int]:
    """Events of each burst that has any, over several tables of bursts."""
    every = np.concatenate(rows)
    keys, row = np.unique(burst_key(every["run"], every["burst"]), return_inverse=True)
    sums = np.zeros(len(keys), np.int64)
    np.add.at(sums, row, every["events"].astype(np.int64))
    return {key: events for key, events in zip(keys.tolist(), sums.tolist(), strict=True) if events}


def _refuse_side_tree(file: InputFile) -> NoReturn:
    side = side_tree_of(file.sample, schema.GENERATION_TREE if file.simulated else schema.BURSTS_TREE)
    accounted = int(np.sum(file.stated["events"]) if isinstance(file.stated, np.ndarray) else file.stated or 0)
    if not accounted:
        raise InputFileError(
            f"{file.path} has no tree {side!r}, nor has another file of sample {file.sample} one with its events: "
            f"what they stand for is not known; write it beside the events, or skim with `kaon skim`"
            + ", or say in your catalogue how many were `generated`"
            * (file.simulated and is_of_user(file.sample))
        )
    raise InputFileError(
        f"{file.path} holds {file.events} events but its tree {side} accounts for {accounted}: "
        f"it was not written to its end or was filtered; make it again, skim with `kaon skim`, or name all parts"
    )


def _side_rows(path: str, tree: Tree | None, side: schema.SideTree) -> dict[str, NDArray[Any]]:
    """The side tree's columns, of no length where the file has none."""
    if tree is None:
        return {b.name: np.empty(0, b.dtype) for b in side.fields}
    check_types(path, side.name, tree.types(), {b.name: b for b in side.fields})
    check_lengths(path, side.name, tree, [b.name for b in side.fields])
    columns = CheckedSource(tree.source(0, tree.entries))
    return {b.name: columns.event(b.name) for b in side.fields}


def _data(rows: Mapping[str, NDArray[Any]]) -> tuple[Exposure, Blocks, NDArray[Any]]:
    """Of a burst with several rows, as merged files have it, events are summed and bad detectors put together."""
    key = burst_key(rows["run"], rows["burst"])
    first, row = np.unique(key, return_index=True, return_inverse=True)[1:]
    bursts = np.zeros(len(first), BURST)
    bursts["run"], bursts["burst"] = rows["run"][first], rows["burst"][first]
    np.add.at(bursts["events"], row, rows["events"])
    np.bitwise_or.at(bursts["quality"], row, rows["quality"])
    blocks = frozenset(zip(bursts["run"].tolist(), bursts["burst"].tolist(), strict=True))
    return Exposure(simulated=False, events=int(bursts["events"].sum()), bursts=len(bursts)), blocks, bursts


def _simulated(path: str, rows: Mapping[str, NDArray[Any]]) -> tuple[Exposure, Blocks]:
    listed = list(zip(*(rows[key].tolist() for key in ("decay", "seed", "block")), strict=True))
    blocks = frozenset(listed)
    if len(blocks) != len(listed):
        raise InputFileError(
            f"{path}: tree {schema.GENERATION_TREE} lists the same decay, seed, block twice: make it again"
        )
    exposure = Exposure(
        simulated=True,
        events=int(rows["events"].sum()),
        generated=int(rows["generated"].sum()),
        weight=float(rows["weight"].sum()),
        weight_in_fv=float(rows["weight_in_fv"].sum()),
    )
    return exposure, blocks


def _declared(sample: str, path: str) -> Exposure | None:
    """The part of a file in the decays that the user's catalogue says were generated for a sample: all files have the
    same, and together they have it all."""
    known = catalogue().simulation_files.get(sample)
    if known is None or known.generated is None:
        return None
    paths = files_of(sample, Path())
    share, rest = divmod(known.generated, len(paths))
    weight = float(known.generated) if known.weight is None else known.weight
    in_fv = weight if known.weight_in_fv is None else known.weight_in_fv
    return Exposure(
        simulated=True,
        events=0,
        generated=share + rest * (paths.index(path) == 0),
        weight=weight / len(paths),
        weight_in_fv=in_fv / len(paths),
    )


def one_line(error: object) -> str:
    """An error's text without line breaks."""
    return " ".join(str(error).split())


def _truth_names() -> set[str]:
    return schema.branches(truth=True).keys() - schema.branches(truth=False).keys()


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    rest = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + rest
