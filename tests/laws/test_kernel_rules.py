"""What every kernel must have beside it, and what none may contain: the package is walked, so none is forgotten."""

import ast
from pathlib import Path

import pytest

import edgeecg_kernels

PACKAGE = Path(edgeecg_kernels.__file__).parent
NAIVE = Path(__file__).parents[1] / "naive"
MARKS = {"kernel", "part"}
KERNEL_FILES = sorted(path for path in PACKAGE.glob("*.py") if any(f"@{mark}\n" in path.read_text() for mark in MARKS))
FORBIDDEN_METHODS = {"sum", "dot", "mean", "append", "copy", "tolist"}
FORBIDDEN_FUNCTIONS = {"sum", "print", "open", "list", "dict"}
"""Sums of no fixed order, I/O, and what allocates."""


def kernels_of(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [function for function in functions if any(isinstance(mark, ast.Name) and mark.id in MARKS for mark in function.decorator_list)]


def faults(function: ast.FunctionDef) -> list[str]:
    """Say what a kernel does that none may."""
    found = []
    for node in (node for statement in function.body for node in ast.walk(statement)):
        if isinstance(node, ast.Raise | ast.Try | ast.With | ast.Global | ast.Assert):
            found.append(type(node).__name__)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS:
            found.append(f".{node.func.attr}()")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_FUNCTIONS:
            found.append(f"{node.func.id}()")
        of_numpy = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np"
        if isinstance(node, ast.Attribute) and of_numpy and not node.attr.startswith(("int", "uint", "float")):
            found.append(f"np.{node.attr}")
    return found


def test_kernels_are_found() -> None:
    assert {"align", "resample", "condition", "qrs", "quality", "vitals", "window", "signal", "pipeline", "four"} <= {
        path.stem for path in KERNEL_FILES
    }


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda path: path.stem)
def test_every_kernel_has_an_oracle_and_says_what_it_implements(path: Path) -> None:
    stage = path.stem.partition("_")[0]
    assert (NAIVE / f"{stage}.py").exists() or (NAIVE / f"{path.stem}.py").exists()
    assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 80
    undocumented = [function.name for function in kernels_of(path) if not function.name.startswith("_") and not ast.get_docstring(function)]
    assert not undocumented


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda path: path.stem)
def test_no_kernel_raises_allocates_prints_or_sums_in_no_fixed_order(path: Path) -> None:
    assert {function.name: faults(function) for function in kernels_of(path) if faults(function)} == {}


@pytest.mark.parametrize(
    "body", ["raise ValueError", "return x.sum()", "return np.exp(x[0])", "print(x)", "y = np.zeros(3)", "assert x[0] > 0"]
)
def test_what_no_kernel_may_do_is_seen(body: str) -> None:
    (function,) = ast.parse(f"def planted(x):\n    {body}").body
    assert isinstance(function, ast.FunctionDef)
    assert faults(function)
