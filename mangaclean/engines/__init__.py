"""Engines by name: a factory takes a stage's settings and returns the function that does the work."""

import hashlib
import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata, util
from pathlib import Path
from typing import Any, Literal, Protocol, cast, overload

from mangaclean.engines import weights
from mangaclean.engines.onnx import threads
from mangaclean.errors import MissingError, UsageError, did_you_mean
from mangaclean.types import Inpainter, Reader, Segmenter

__all__ = ["ENGINES", "INPAINTERS", "READERS", "SEGMENTERS", "available", "load", "names", "revision", "threads"]

Stage = Literal["segment", "inpaint", "ocr"]


class Settings(Protocol):
    """A stage's table of settings; some have `weights` besides."""

    @property
    def engine(self) -> str: ...


SEGMENTERS = {"net": "mangaclean.engines.segment:net", "rapidocr": "mangaclean.engines.segment:rapidocr"}
INPAINTERS = {
    "net": "mangaclean.engines.painters:net",
    "patchmatch": "mangaclean.engines.inpaint:patchmatch",
    "exemplar": "mangaclean.engines.inpaint:exemplars",
    "fsr": "mangaclean.engines.inpaint:frequency_selective",
    "lama": "mangaclean.engines.painters:lama",
    "telea": "mangaclean.engines.inpaint:telea",
    "navier-stokes": "mangaclean.engines.inpaint:navier_stokes",
    "white": "mangaclean.engines.inpaint:white",
}
READERS = {
    "rapidocr": "mangaclean.engines.ocr:rapidocr",
    "manga-ocr": "mangaclean.engines.ocr:manga_ocr",
    "tesseract": "mangaclean.engines.ocr:tesseract",
    "none": "mangaclean.engines.ocr:none",
}
ENGINES: dict[Stage, dict[str, str]] = {"segment": SEGMENTERS, "inpaint": INPAINTERS, "ocr": READERS}


@dataclass(frozen=True, slots=True)
class _Needs:
    """What an engine stands on: modules with the packages that bring them, and a program."""

    packages: tuple[tuple[str, str], ...] = ()
    program: str = ""
    install: str = ""
    weights: str = ""  # file name of the weights that are shipped


_OPENCV = ("cv2", "opencv-python-headless")
_RAPIDOCR = _Needs((("rapidocr", "rapidocr"), ("onnxruntime", "onnxruntime"), _OPENCV), install="pip install rapidocr")
_NEEDS: dict[str, _Needs] = {
    "mangaclean.engines.segment:net": replace(_RAPIDOCR, weights="segment.onnx"),
    "mangaclean.engines.segment:rapidocr": _RAPIDOCR,
    "mangaclean.engines.ocr:rapidocr": _RAPIDOCR,
    "mangaclean.engines.ocr:manga_ocr": _Needs(
        (("manga_ocr", "manga-ocr"), ("torch", "torch")), install="pip install 'mangaclean[manga-ocr]'"
    ),
    "mangaclean.engines.ocr:tesseract": _Needs(
        program="tesseract", install="install Tesseract and its language data (Debian: tesseract-ocr-jpn-vert)"
    ),
    "mangaclean.engines.painters:net": _Needs(
        (("onnxruntime", "onnxruntime"), _OPENCV),
        install="pip install onnxruntime",
        weights="inpaint.onnx",
    ),
    "mangaclean.engines.painters:lama": _Needs(
        (("onnxruntime", "onnxruntime"), _OPENCV), install="pip install onnxruntime"
    ),
    "mangaclean.engines.inpaint:patchmatch": _Needs(
        (("patchmatch", "pypatchmatch"), _OPENCV), install="pip install 'mangaclean[patchmatch]'"
    ),
    "mangaclean.engines.inpaint:exemplars": _Needs((_OPENCV,), install="pip install opencv-python-headless"),
    "mangaclean.engines.inpaint:frequency_selective": _Needs((_OPENCV,), install="pip install opencv-python-headless"),
    "mangaclean.engines.inpaint:telea": _Needs((_OPENCV,), install="pip install opencv-python-headless"),
    "mangaclean.engines.inpaint:navier_stokes": _Needs((_OPENCV,), install="pip install opencv-python-headless"),
}


def names(stage: Stage) -> tuple[str, ...]:
    """The engines of a stage, the usual one first."""
    return tuple(ENGINES[stage])


@overload
def load(stage: Literal["segment"], cfg: Settings) -> Segmenter: ...
@overload
def load(stage: Literal["inpaint"], cfg: Settings) -> Inpainter: ...
@overload
def load(stage: Literal["ocr"], cfg: Settings) -> Reader: ...
def load(stage: Stage, cfg: Settings) -> Segmenter | Inpainter | Reader:
    """The function that `cfg.engine` names. UsageError: unknown name; MissingError: no package."""
    place = _place(stage, cfg.engine)
    if reason := available(stage, cfg.engine, getattr(cfg, "weights", "")):
        raise MissingError(f"{stage}.engine '{cfg.engine}' cannot run: {reason}")
    module, _, factory = place.partition(":")
    make = cast("Callable[[Any], Segmenter | Inpainter | Reader]", getattr(importlib.import_module(module), factory))
    return make(cfg)


def available(stage: Stage, name: str, given: str = "") -> str | None:
    """None when the engine can run here, with the weights `given` if any, else what is missing and how to get it.

    Imports nothing heavy.
    """
    needs = _NEEDS.get(_place(stage, name), _Needs())
    for module, package in needs.packages:
        if util.find_spec(module) is None:
            return f"package '{package}' is missing; {needs.install}"
    if needs.weights and not given and not (weights.FOLDER / needs.weights).is_file():
        return f"its weights {needs.weights} are missing; install mangaclean again"
    if needs.program and shutil.which(needs.program) is None:
        return f"program '{needs.program}' is not on the PATH; {needs.install}"
    return None


def revision(stage: Stage, cfg: Settings) -> str:
    """What the engine's results depend on besides its settings: versions of its packages, digest of its weights."""
    needs = _NEEDS.get(_place(stage, cfg.engine), _Needs())
    parts = [cfg.engine]
    for _, package in needs.packages:
        try:
            parts.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            parts.append(f"{package} missing")
    if needs.program:
        parts.append(_stamp(Path(shutil.which(needs.program) or needs.program)))
    given = getattr(cfg, "weights", "")
    if needs.weights:
        parts.append(weights.revision(Path(given) if given else None, needs.weights))
    elif given:
        parts.append(_digest(Path(given)))
    return "; ".join(parts)


def _place(stage: Stage, name: str) -> str:
    if name not in ENGINES[stage]:
        raise UsageError(f"unknown engine in [{stage}]: {did_you_mean(name, ENGINES[stage])}")
    return ENGINES[stage][name]


def _digest(given: Path) -> str:
    """Content of a weights file or folder; a name that is no path here stands for itself."""
    if not given.exists():
        return str(given)
    digest = hashlib.sha256()
    for file in sorted(given.rglob("*")) if given.is_dir() else [given]:
        if file.is_file():
            digest.update(file.name.encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def _stamp(program: Path) -> str:
    """A program changes when its file does; to ask it for its version would cost a process for each rerun."""
    if not program.exists():
        return f"{program.name} missing"
    stat = program.resolve().stat()
    return f"{program.name} {stat.st_size} {stat.st_mtime_ns}"
