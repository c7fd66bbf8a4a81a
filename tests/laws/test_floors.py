"""The house stands: imports walk one way, SimPy and the compiler live in one module each, no
generator with state.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("sim", "scenarios", "experiments")
"""Each may import itself and what stands before it."""
FOUNDATION = (
    "sim.errors",
    "sim.compiled",
    "sim.scalar",
    "sim.draws",
    "sim.clock",
    "sim.parameters",
    "sim.policy",
)
"""Floor 0: may import nothing of the model but each other."""


def modules():
    """Return {dotted name: path} of every module of the three packages."""
    found = {}
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name, *, typing=False):
    """Return the dotted names that a module imports anywhere, submodules by their own name."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    if not typing:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                skipped |= {id(child) for child in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            # Who takes a module out of a package does not need what the package gathers.
            found |= names if names <= set(MODULES) else {base, *names}
    return found


def own_imports(name):
    """Return the modules of the house that a module imports."""
    return {found for found in imports(name) if found in MODULES and found != name}


def test_there_is_a_house():
    assert len([name for name in MODULES if name.startswith("sim.")]) > 20


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_walk_one_way(name):
    floor = FLOORS.index(name.split(".")[0])
    above = FLOORS[floor + 1 :]
    tops = {found.split(".")[0] for found in imports(name, typing=True)}
    assert not tops & {*above, "tests", "benchmarks"}


@pytest.mark.parametrize("name", sorted(n for n in MODULES if n.split(".")[0] == "sim"))
def test_only_the_timeline_knows_simpy_and_one_module_the_compiler(name):
    tops = {found.split(".")[0] for found in imports(name, typing=True)}
    assert ("simpy" in tops) == (name == "sim.timeline")
    assert ("numba" in tops) == ("llvmlite" in tops) == (name == "sim.compiled")


@pytest.mark.parametrize("name", sorted(n for n in MODULES if n.split(".")[0] == "sim"))
def test_no_generator_with_state_in_the_model(name):
    found = imports(name)
    assert not {"random", "secrets", "uuid"} & {one.split(".")[0] for one in found}
    assert not any(one.startswith(("numpy.random", "scipy.stats")) for one in found)
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    attributes = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not any(text.startswith(("np.random", "numpy.random")) for text in attributes)


def test_no_module_imports_itself_by_a_detour():
    graph = {name: own_imports(name) for name in MODULES}
    # A package that only gathers its modules imports them and is imported by nobody inside.
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(MODULES)


@pytest.mark.parametrize("floor", FOUNDATION)
def test_the_foundation_stands_on_nothing(floor):
    for name in MODULES:
        if name == floor or name.startswith(f"{floor}."):
            used = own_imports(name)
            allowed = {m for m in MODULES for f in FOUNDATION if m == f or m.startswith(f"{f}.")}
            assert used <= allowed, name


def test_the_model_opens_no_files_but_those_it_is_given():
    """Reading is for the loaders of the grid and the world; nothing in the model writes, but for
    the module that keeps the compiled code.
    """
    readers = {"sim.world", "sim.grid", "sim.grid_tables", "sim.tables", "sim.compiled"}
    calls = ("read_text", "read_bytes", "open", "write_text", "write_bytes", "mkdir")
    for name, path in MODULES.items():
        if name.split(".")[0] != "sim" or name in readers:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = {
            node.func.attr
            if isinstance(node.func, ast.Attribute)
            else getattr(node.func, "id", "")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        assert not used & set(calls), name
