"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

import grimp
import pytest
from click.testing import CliRunner
from importlinter.cli import import_linter, lint_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repo_review.processor import process

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(p for package in ("analysis", "processors") for p in (ROOT / package).rglob("*.py"))
TESTS = sorted(p for p in (ROOT / "tests").rglob("*.py") if p != Path(__file__).resolve())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
INSTALLERS = {"pip", "setuptools", "wheel"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- packaging


@pytest.mark.parametrize("package", ["analysis", "processors"])
def test_packages_come_from_this_repository(package: str) -> None:
    spec = importlib.util.find_spec(f"rarekaon.{package}")
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / package / "__init__.py"


def test_one_name_is_installed() -> None:
    """Others have folders called analysis, too: everything of this project is imported as rarekaon."""
    assert sorted(p.name for p in (ROOT / "src").iterdir() if not p.name.endswith(".egg-info")) == ["rarekaon"]
    assert PROJECT["tool"]["setuptools"]["packages"]["find"] == {"where": ["src"], "namespaces": True}
    links = {p.name: p.resolve() for p in (ROOT / "src" / "rarekaon").iterdir() if p.is_symlink()}
    assert links == {name: ROOT / name for name in ("analysis", "datasets", "processors")}
    assert not list((ROOT / "datasets").rglob("__init__.py"))


BARE = re.compile(
    r"^\s*(?:from|import)\s+(?:analysis|processors)\b|[\"'](?:analysis|processors)\.[a-z_]+[\"'.]", re.MULTILINE
)


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=relative)
def test_nothing_is_imported_under_a_second_name(path: Path) -> None:
    """`analysis.x` beside `rarekaon.analysis.x` would be another module with classes and caches of its own."""
    assert BARE.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "text", ["import analysis", "from analysis.x import y", "    import processors", "'analysis.x'"]
)
def test_a_second_name_would_be_found(text: str) -> None:
    assert BARE.search(text)


def test_every_package_directory_is_a_package() -> None:
    """A directory without __init__.py would be left out of the distribution, silently."""
    directories = {path.parent for path in SOURCES}
    assert [relative(d) for d in sorted(directories) if not (d / "__init__.py").exists()] == []


def constraints() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    plain = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
    assert [line for line in lines if not plain.fullmatch(line)] == []
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def needed(name: str, extras: frozenset[str], seen: dict[str, str]) -> None:
    """Collect the versions of a distribution and of everything it needs."""
    for text in requires(name) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            continue
        wanted = canonicalize_name(requirement.name)
        found = distribution(wanted)
        assert requirement.specifier.contains(found.version, prereleases=True), f"{text} but {found.version}"
        if wanted not in seen or requirement.extras:
            seen[wanted] = found.version
            needed(wanted, frozenset(requirement.extras), seen)


def test_constraints_pin_everything_that_is_needed_at_the_installed_version() -> None:
    versions: dict[str, str] = {}
    needed("rarekaon", frozenset({"dev", "notebooks"}), versions)
    pinned = constraints()
    assert {n: pinned.get(n) for n in versions if n not in {"rarekaon", *INSTALLERS}} == {
        n: v for n, v in versions.items() if n not in {"rarekaon", *INSTALLERS}
    }


def test_pinned_versions_satisfy_the_lower_bounds() -> None:
    pinned = constraints()
    extras = PROJECT["project"]["optional-dependencies"].values()
    for text in (*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)):
        requirement = Requirement(text)
        if requirement.name != "rarekaon":
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), text


def test_the_entry_points_are_installed() -> None:
    try:
        points = {point.name: point.value for point in distribution("rarekaon").entry_points}
    except PackageNotFoundError:
        pytest.fail("rarekaon is not installed here: run `make test`, or pip install -e . -c constraints.txt")
    assert points == {"kaon": "rarekaon.analysis.cli.main:main", "channels": "rarekaon.processors"}


# --- layers


def test_no_import_runs_upwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


@pytest.mark.parametrize(
    ("place", "contract"),
    [("analysis", "a module imports only what stands below it"),
     ("analysis.simulation", "the simulation is laid out along an event's way")],
)  # fmt: skip
def test_arrows_of_the_drawing_point_down(place: str, contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make imports` draws."""
    monkeypatch.chdir(ROOT)
    layers = next(c["layers"] for c in PROJECT["tool"]["importlinter"]["contracts"] if c["name"] == contract)
    height = {room: -row for row, layer in enumerate(layers) for room in re.findall(r"(\w+)\)?(?: [|:]|$)", layer)}
    drawn = CliRunner().invoke(import_linter, ["drawgraph", f"rarekaon.{place}"]).output
    arrows = re.findall(r'"\.(\w+)" -> +"\.(\w+)"', drawn)
    assert {room for arrow in arrows for room in arrow} == rooms(place.replace(".", "/"))
    assert [(one, other) for one, other in arrows if height[one] < height[other]] == []


def test_every_part_of_the_package_has_its_layer() -> None:
    contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    layered = set(re.findall(r"analysis\.(\w+)", " ".join(contract["layers"])))
    assert sorted(rooms("analysis") ^ layered) == []


def rooms(place: str) -> set[str]:
    """The folders and modules of a package."""
    inside = (ROOT / place).iterdir()
    return {p.stem for p in inside if p.suffix == ".py" or (p / "__init__.py").exists()} - {"__init__"}


def test_no_imports_run_in_a_circle() -> None:
    """Those for annotations count as well: who reads a module reads what it names."""
    graph = grimp.build_graph("rarekaon", cache_dir=None)
    rooms_of = {name: ".".join(name.split(".")[:3]) for name in graph.modules}
    modules = {name: graph.find_modules_directly_imported_by(name) - {name} for name in graph.modules}
    between: dict[str, set[str]] = {room: set() for room in rooms_of.values()}
    for name, below in modules.items():
        between[rooms_of[name]] |= {rooms_of[other] for other in below} - {rooms_of[name]}
    for arrows in (modules, between):
        assert len([*TopologicalSorter(arrows).static_order()]) == len(arrows)


def test_the_house_has_few_rooms() -> None:
    assert len(rooms("analysis")) <= 20
    assert len(rooms("analysis/simulation")) <= 9
    assert not list((ROOT / "analysis").glob("[!_]*.py"))


# --- sources


DETECTORS_AND_THEIR_SIGNALS = {"Chod", "Gtk"}
"""In `facts` what a detector is, in `events` what it saw: collections of the event contract give their names."""


def test_no_two_public_classes_share_a_name() -> None:
    """A name that means two things is read as the wrong one."""
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(relative(path))
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in DETECTORS_AND_THEIR_SIGNALS} == {}
    assert shared.keys() >= DETECTORS_AND_THEIR_SIGNALS, "an exception that is not needed any more"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_modules_are_short_and_well_named(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in ("utils", "helpers", "common")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_modules_say_what_they_are(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


UNSAFE = re.compile(
    r"(builtins\.)?(eval|exec)|os\.(system|popen)|(cloud)?pickle\.loads?|(cloud)?pickle\.Unpickler|marshal\.loads?"
    r"|joblib\.load|dill\.loads?|yaml\.(load|load_all|unsafe_load|full_load)|shelve\.open|subprocess\.getoutput"
)


def unsafe(source: str) -> list[str]:
    """Calls that could run what they read."""
    found = []
    for name, call in calls(ast.parse(source)):
        keywords = {k.arg for k in call.keywords if not (isinstance(k.value, ast.Constant) and k.value.value is False)}
        if UNSAFE.fullmatch(name) or keywords & {"shell", "allow_pickle"}:
            found.append(f"line {call.lineno}: {name}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_unsafe_calls(path: Path) -> None:
    assert unsafe(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    ["eval('1')", "yaml.load(x)", "pickle.loads(x)", "subprocess.run(x, shell=True)", "np.load(x, allow_pickle=True)"],
)
def test_unsafe_calls_would_be_found(source: str) -> None:
    assert unsafe(source)


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|pragma: no cover|NotImplementedError|pytest\.(mark\.)?(skip|xfail)")


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=relative)
def test_nothing_is_left_for_later(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line for line in lines if UNFINISHED.search(line)] == []


# --- automation


def test_continuous_integration_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")
    assert "make test" in (ROOT / "README.md").read_text()


def test_version_is_said_once_and_cited() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    version = distribution("rarekaon").version
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()


OLD_NAMES = re.compile(
    r"\bprospects?\b|[Pp]romis(e|es|ed|ing)\b|[Hh]asten|HASTENED|\b[Ss]trays?\b|_stray|stray_|\b[Tt]hin(ned|ning)\b|thinned_"
    r"|[Aa]bundant|\bLooked\b|[Bb]orrowed|\beop\b|eop_|_eop|\bEOP\b|energy_over_momentum|_ratio\(rng"
    r"|\b[Ss]eal(s|ed)?\b|_seal\b|\bshut\b(?! down)|\b[Pp]rinted\b(?! as its message)|printed_|_printed|PrintedRow"
    r"|sent_back|upstream_of|\bfocus(es)?\b|\bleast_missed\b|ThinnedGenerator|\bt\.(RICH|CHOD|LKR|MUV)\b"
)
"""Words that nobody in the field knows, or second words for one thing: docs/glossary.md has those in use."""


def test_old_names_are_gone() -> None:
    places = ("analysis", "processors", "tests", "datasets", "docs", "notebooks")
    files = [p for place in places for p in (ROOT / place).rglob("*") if p.suffix in {".py", ".md", ".yaml", ".ipynb"}]
    files += [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")]
    found = [
        f"{relative(path)}:{number}: {match[0]}"
        for path in files
        if path != Path(__file__).resolve() and "unblinding" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if (match := OLD_NAMES.search(line))
    ]
    assert found == []


# --- the review of Scientific Python


def test_the_repository_review_passes_but_for_the_written_exceptions() -> None:
    excused = set(PROJECT["tool"]["repo-review"]["ignore"])
    _, results = process(ROOT)
    assert {r.name for r in results if r.result is False} == set()
    _, everything = process(ROOT, ignore={"nothing"})
    assert excused <= {r.name for r in everything if r.result is False}, "an exception that is not needed any more"
