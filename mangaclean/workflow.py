"""Workflow files: the shipped ones by name, and anybody's own TOML."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mangaclean.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mangaclean.config import Config


def workflows() -> dict[str, str]:
    """The shipped workflows: name → description."""
    return {name: _load(path)["workflow"]["description"] for name, path in _shipped().items()}


def workflow_path(workflow: str | Path) -> Path:
    """The file of a workflow that is given by its shipped name or by the path of a TOML file."""
    shipped = _shipped()
    # A shipped name comes first: a folder called `manga` in the working directory must not hide the workflow.
    if isinstance(workflow, str) and workflow in shipped:
        return shipped[workflow]
    path = Path(workflow)
    if path.suffix == ".toml" or path.name != str(workflow) or path.is_file():
        return path
    raise UsageError(f"unknown workflow: {did_you_mean(path.name, shipped)}")


def read_workflow(workflow: str | Path) -> dict[str, Any]:
    """The settings in a workflow file: table → name → value; names and values are not checked yet."""
    path = workflow_path(workflow)
    tables = _load(path)
    about = tables.pop("workflow", {})
    wrong = [name for name in about if name != "description"] if isinstance(about, dict) else ["workflow"]
    if wrong:
        raise UsageError(f"workflow {path}: [workflow] holds a `description` alone, not '{wrong[0]}'")
    return tables


def _shipped() -> dict[str, Path]:
    """A wheel carries the workflows inside the package; in a checkout they lie beside it."""
    package = Path(__file__).resolve().parent
    inside = package / "workflows"
    folder = inside if inside.is_dir() else package.parent / "workflows"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _load(path: Path) -> dict[str, Any]:
    try:
        # utf-8-sig: editors on Windows like to put a byte-order mark first, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a TOML file in UTF-8: {error}") from None
    except OSError as error:
        raise UsageError(
            f"cannot read the workflow {path}: {error.strerror}; shipped: {', '.join(_shipped())}"
        ) from None


def to_toml(config: "Config", origins: Mapping[str, str] | None = None) -> str:
    """The settings as TOML, a workflow file to start from; each line says what the value is for and whence it came."""
    lines = []
    for table, model in config:
        lines += ["", f"[{table}]"]
        for name, value in model:
            comment = type(model).model_fields[name].description or ""
            if origins:
                comment += f" [{origins[f'{table}.{name}']}]"
            # A file name may hold anything; a control character would end or spoil the comment.
            comment = "".join(char if char.isprintable() else "?" for char in comment)
            lines.append(f"{name} = {_toml(value)}  # {comment}")
    return "\n".join(lines[1:]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
