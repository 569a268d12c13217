"""The structure of the package: which part may use which, read from the imports with `ast`."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the ground up: a part may use the parts on earlier lines. Parts on one line do not use each other.
FLOORS = [
    ["nasbench_lab.version", "nasbench_lab.errors"],
    [
        "nasbench_lab.files",
        "nasbench_lab.installed",
        "nasbench_lab.lists",
        "nasbench_lab.processes",
        "nasbench_lab.refusals",
        "nasbench_lab.settings",
    ],
    ["nasbench_lab.own_files"],
    ["nasbench_lab.references"],
    ["nasbench_lab.spaces"],
    ["nasbench_lab.search"],
    ["nasbench_lab.benchmarks.folders", "nasbench_lab.benchmarks.view", "nasbench_lab.benchmarks.fetch"],
    [
        "nasbench_lab.benchmarks.json_files",
        "nasbench_lab.benchmarks.own_code",
        "nasbench_lab.benchmarks.training_seeds",
    ],
    ["nasbench_lab.benchmarks.fallback", "nasbench_lab.benchmarks.formats"],
    ["nasbench_lab.benchmarks.training", "nasbench_lab.benchmarks.tables"],
    [
        "nasbench_lab.benchmarks.surrogates",
        "nasbench_lab.benchmarks.live",
        "nasbench_lab.benchmarks.functions",
    ],
    ["nasbench_lab.benchmarks.benchmark"],
    ["nasbench_lab.benchmarks.own_problem"],
    ["nasbench_lab.benchmarks.sources"],
    ["nasbench_lab.benchmarks.catalog"],
    ["nasbench_lab.benchmarks.library"],
    ["nasbench_lab.algorithms", "nasbench_lab.conformance", "nasbench_lab.statistics"],
    ["nasbench_lab.comparison"],
    ["nasbench_lab.report"],
    ["nasbench_lab.reproduction"],
    ["nasbench_lab.commands"],
    ["nasbench_lab.interactive"],
    [
        "nasbench_lab.compare",
        "nasbench_lab.figures",
        "nasbench_lab.reproduce",
        "nasbench_lab.data",
        "nasbench_lab.protocols",
        "nasbench_lab.recipes",
        "nasbench_lab.algorithms.__main__",
        "nasbench_lab.benchmarks.__main__",
    ],
    ["nasbench_lab", "nasbench_lab.__main__"],
]
HEIGHT = {part: height for height, floor in enumerate(FLOORS) for part in floor}


def modules():
    """The file of each module of the three packages, by the name of the module."""
    found = {}
    for package in ("nasbench_lab", "benchmarks", "algorithms"):
        for path in (ROOT / package).rglob("*.py"):
            if path.is_relative_to(ROOT / "nasbench_lab" / "benchmarks") or path.is_relative_to(
                ROOT / "nasbench_lab" / "algorithms"
            ):
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name if package == "nasbench_lab" else f"nasbench_lab.{name}"] = path
    return found


def imports(path, known):
    """The modules of this project that a file imports: at its top, inside functions, and for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not allowed; name the whole module"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known:
                    yield full
                elif node.module in known:
                    yield node.module


MODULES = modules()
ARROWS = {name: set(imports(path, MODULES)) - {name} for name, path in MODULES.items()}


def part_of(module):
    """The part that a module belongs to, or None."""
    words = module.split(".")
    return next((part for n in range(len(words), 0, -1) if (part := ".".join(words[:n])) in HEIGHT), None)


def circle(arrows):
    """A path of imports that ends at its own start, or an empty list if there is none."""
    open_: list[str] = []
    closed: set[str] = set()

    def walk(node):
        if node in open_:
            return [*open_[open_.index(node) :], node]
        if node not in closed:
            open_.append(node)
            for target in sorted(arrows[node]):
                if found := walk(target):
                    return found
            closed.add(open_.pop())
        return []

    return next((found for node in sorted(arrows) if (found := walk(node))), [])


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 100
    assert "nasbench_lab.search.contract" in ARROWS["nasbench_lab.benchmarks.tables.task"]
    # The first import is inside a function; the second is of a package rather than of a module in it.
    assert "nasbench_lab.comparison.execution" in ARROWS["nasbench_lab.compare"]
    assert "nasbench_lab.benchmarks.sources" in ARROWS["nasbench_lab.benchmarks.catalog"]


def test_a_circle_would_be_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_no_module_imports_in_a_circle():
    assert circle(ARROWS) == []


def test_no_room_imports_in_a_circle():
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for module, targets in ARROWS.items():
        rooms[part_of(module)] |= {part_of(target) for target in targets} - {part_of(module)}
    assert circle(rooms) == []


@pytest.mark.parametrize("module", MODULES)
def test_no_arrow_leads_upward(module):
    for target in ARROWS[module]:
        here, there = part_of(module), part_of(target)
        # The packages `benchmarks` and `algorithms` hold nothing but a docstring.
        if here == there or target in ("nasbench_lab.benchmarks", "nasbench_lab.algorithms"):
            continue
        assert HEIGHT[there] < HEIGHT[here], f"{module} imports {target}, which is not below it in FLOORS"


def test_every_module_has_a_place():
    whole = {name for name in MODULES if part_of(name) == "nasbench_lab"}
    assert whole == {"nasbench_lab", "nasbench_lab.benchmarks"}


@pytest.mark.parametrize("module", [name for name in MODULES if ".benchmarks.training." not in name])
def test_torch_is_imported_where_networks_are_trained_alone(module):
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "torch" for name in names)


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("nasbench_lab.statistics", ("nasbench_lab.report", "matplotlib", "pandas")),
        ("nasbench_lab.report.plots", ("scipy.stats", "nasbench_lab.comparison.store")),
        ("nasbench_lab.algorithms", ("nasbench_lab.benchmarks", "nasbench_lab.comparison")),
    ],
)
def test_a_room_knows_only_what_it_may(room, forbidden):
    for module, path in MODULES.items():
        if module.startswith(room):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not any(name.startswith(forbidden) for name in names), module
