"""How the events of a sample are stored: as the contract says, or as the user's catalogue says of her own files."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import EVENTS_TREE, GENERATION_TREE, SideTree, stored_types
from rarekaon.analysis.contract.schema import branches as schema_branches
from rarekaon.analysis.decays import mode
from rarekaon.analysis.events.checked import CheckedSource
from rarekaon.analysis.events.declared_simulation import DeclaredSimulation
from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.events.fitted import fitted
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.trees import Tree, open_file, open_tree
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.facts.branch_maps import BranchMap, branch_map
from rarekaon.analysis.search.catalogue import catalogue

WINDOW = 1_000_000
"""Events that are read at once to count bursts."""
WANTED = stored_types(schema_branches(truth=True))
"""Types of all branches of the contract."""


@cache
def map_of(sample: str) -> BranchMap | None:
    """The branch map of a sample, if it has one."""
    listed = catalogue().from_files(sample)
    return branch_map(listed.map) if listed is not None and listed.map else None


def is_of_user(sample: str) -> bool:
    """Whether a sample is taken from files of the user's: these may lack branches that not every selection needs."""
    return catalogue().from_files(sample) is not None


def tree_of(sample: str) -> str:
    """The name of a sample's tree of events, with its folder."""
    listed, branches = catalogue().from_files(sample), map_of(sample)
    return (listed.tree if listed else "") or (branches.tree if branches else "") or EVENTS_TREE


def side_tree_of(sample: str, name: str) -> str:
    """The name of a tree beside the events, in their folder."""
    folder, separator, _ = tree_of(sample).rpartition("/")
    return folder + separator + name


def open_events(file: Any, path: str, sample: str) -> Tree:
    """The events of an open file of a sample; InputFileError if the tree is not there."""
    branches = map_of(sample)
    tree = present_tree(file, path, tree_of(sample))
    known = fitted(tree, WANTED) if branches is None else MappedTree(tree, branches, path)
    declared = catalogue().simulation_files.get(sample)
    if declared is None:
        return known
    generation = side_tree_of(sample, GENERATION_TREE) in file.keys(cycle=False)
    return DeclaredSimulation(known, decay_code(declared.decay), path, generation=generation)


def decay_code(decay: str) -> int:
    """The code of a decay mode; 0 for one that is not simulated here."""
    try:
        return mode(decay).code
    except ValueError:
        return 0


def present_tree(file: Any, path: str, name: str) -> Tree:
    """The tree of a file, by its name; InputFileError lists what there is."""
    present = file.keys(cycle=False)
    if name not in present:
        raise InputFileError(
            f"{path} has no tree {name!r}; it holds {', '.join(present) or 'nothing'}: is it the right file?"
        )
    return open_tree(file, name)


def counted_bursts(events: Tree) -> dict[str, NDArray[Any]]:
    """The rows of `Bursts` for events that have no such tree beside them; bursts without events are not known."""
    found: list[NDArray[np.uint64]] = []
    for start in range(0, events.entries, WINDOW):
        source = CheckedSource(events.source(start, min(start + WINDOW, events.entries)))
        found.append(burst_key(source.event("run"), source.event("burst")))
    keys, counts = np.unique(np.concatenate([np.empty(0, np.uint64), *found]), return_counts=True)
    return {
        "run": (keys >> np.uint64(32)).astype(np.uint32),
        "burst": keys.astype(np.uint32),
        "events": counts.astype(np.uint64),
        "quality": np.zeros(len(keys), np.uint32),
    }


def layout_key(sample: str) -> str:
    """What tells this layout from another, in few letters; none for the contract's."""
    branches, declared = map_of(sample), catalogue().simulation_files.get(sample)
    said = (branches.model_dump_json() if branches else "") + (declared.decay if declared else "")
    return f" {hashlib.sha256(said.encode()).hexdigest()[:16]}" if said else ""


def side_tree(file: Any, sample: str, side: SideTree) -> Tree | None:
    """A tree beside the events of an open file of a sample, if it is there."""
    name = side_tree_of(sample, side.name)
    if name not in file.keys(cycle=False):
        return None
    return fitted(open_tree(file, name), stored_types({b.name: b for b in side.fields}))


def friends(path: str, tree: str) -> tuple[str, ...]:
    """Trees that ROOT would read together with a TTree, and their files: they are not read here."""
    with open_file(path, minimal_ttree_metadata=False) as file:
        if file.key(tree).fClassName != "TTree":
            return ()
        listed = file[tree].member("fFriends") or ()
        return tuple(f"{f.member('fTreeName')} of {f.member('fTitle')}" for f in listed)
