"""The import rules: data flows one way, and what must run alone imports nothing else."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ("storage", "workbench", "training")
STEPS = [
    "corpora",
    "seeds",
    "generation",
    "imports",
    "cleaning",
    "analysis",
    "review",
    "export",
]  # the way of the data
UI_ONLY = {"gradio"}


def imports(file: Path) -> set[str]:
    """Every module a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] in OURS}


def test_storage_imports_nothing_of_ours_but_itself():
    for file in files("storage"):
        assert all(name.startswith("storage") for name in ours(imports(file))), file


def test_training_imports_the_sandbox_and_the_root_error_alone():
    allowed = ("training", "workbench.sandbox", "storage.errors")
    for file in files("training"):
        for name in ours(imports(file)):
            assert name.startswith(allowed), f"{file} imports {name}"
        assert not {"duckdb", "gradio"} & imports(file), file


def test_sandbox_brings_nothing_but_the_root_error():
    for file in files("workbench/sandbox"):
        for name in ours(imports(file)):
            assert name.startswith(("workbench.sandbox", "storage.errors")), f"{file}: {name}"


def test_no_step_imports_a_later_one():
    for index, step in enumerate(STEPS):
        later = tuple(f"workbench.{name}" for name in (*STEPS[index + 1 :], "pipeline", "ui"))
        for file in files(f"workbench/{step}"):
            for name in ours(imports(file)):
                assert not name.startswith(later), f"{file} imports {name}"


def test_steps_never_open_the_database():
    for step in STEPS:
        for file in files(f"workbench/{step}"):
            modules = imports(file)
            assert "duckdb" not in modules, file
            assert "storage.database" not in modules, file


def test_only_the_pages_import_gradio():
    for folder in OURS:
        for file in files(folder):
            if "ui" in file.relative_to(ROOT).parts:
                continue
            assert not UI_ONLY & {name.split(".")[0] for name in imports(file)}, file


def test_nothing_imports_the_pages_but_the_app():
    for folder in OURS:
        for file in files(folder):
            if "ui" not in file.relative_to(ROOT).parts:
                assert not any(name.startswith("workbench.ui") for name in imports(file)), file
