"""Who may import whom, and what a quick command must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mangaclean"

# Layers from the ground up; a module imports from its own layer or a lower one. Those not named are pure: layer 1.
LAYERS = {
    0: {"types", "errors"},
    2: {"files", "images", "palettes", "pixels", "manifest", "archives", "tarstream", "rarheads", "pdfpages"}
    | {"engines", "export", "report", "glances", "config", "workflow", "textfile", "textmodels", "textmerge", "fonts"},
    3: {
        "books",
        "chapter",
        "work",
        "state",
        "policy",
        "edition",
        "summary",
        "typesetting",
        "executors",
        "watch",
        "inbox",
        "watchstate",
        "api",
        "probe",
    }
    | {"crew", "forecast"},
    4: {"session", "publishing", "telling", "doctor", "interchange", "textcheck"},
    5: {"cli", "options", "__main__"},
}
PURE = {
    "appearance",
    "outlines",
    "regions",
    "blocks",
    "bubbles",
    "strokes",
    "letters",
    "masks",
    "drawn",
    "overlooked",
    "panels",
    "gutters",
    "added",
    "borders",
    "coarse",
    "fill",
    "grounds",
    "edges",
    "ruled",
    "tiles",
    "bidi",
    "breaking",
    "effects",
    "faces",
    "fitting",
    "inks",
    "kana",
    "layout",
    "lettering",
    "markup",
    "rooms",
    "setting",
    "shaping",
    "page",
}


def layer(name):
    return next((number for number, names in LAYERS.items() if name in names), 1)


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imported(path, *, deep):
    """Modules that a file imports: all, or those at its top level that are loaded with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree)) if deep else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "mangaclean":
                yield from (f"mangaclean.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(path, deep=False):
        parts = name.split(".")
        if parts[0] == "mangaclean" and len(parts) > 1 and not parts[1].startswith("_"):
            settings = parts[1] == "config" and own in PURE  # settings are values to pure modules
            assert settings or layer(parts[1]) <= layer(own), f"{own} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_torch_and_no_training_when_imported(path):
    top = {name.split(".")[0] for name in imported(path, deep=False)}
    assert not top & {"torch", "torchvision", "transformers", "manga_ocr"}
    assert "training" not in {name.split(".")[0] for name in imported(path, deep=True)}


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_know_no_files_and_no_log(name):
    assert not {"pathlib", "logging", "os", "io"} & set(imported(PACKAGE / f"{name}.py", deep=True))


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom mangaclean.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'cv2', 'pydantic', 'onnxruntime', 'PIL'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "chapter" in done.stdout
    assert done.stderr.strip() == "[]"
