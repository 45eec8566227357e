"""Readers: who reads the lettering of a region."""

import csv
import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mangaclean import wording
from mangaclean.config import OcrConfig
from mangaclean.errors import MissingError, PageError
from mangaclean.types import Image, Line, Reader, Reading, Region

HUB = "kha-white/manga-ocr-base"
HUB_PATIENCE = 5.0  # seconds
TESSERACT_PATIENCE = 120.0  # seconds for one region
TESSERACT_HEIGHT = 32.0  # px of a letter that Tesseract reads well; smaller ones are enlarged
# Data for rows, data for columns
TESSERACT_LANGUAGES = {
    "ja": ("jpn", "jpn_vert"),
    "zh": ("chi_sim", "chi_sim_vert"),
    "ko": ("kor", "kor_vert"),
    "en": ("eng", "eng"),
}
ROWS, COLUMNS = "6", "5"  # Tesseract's page segmentation modes: one block of rows, one block of columns


def rapidocr(cfg: OcrConfig) -> Reader:
    """PP-OCRv6 small from the rapidocr wheel, line by line; it may use only letters of the language.

    `cfg.weights`: an .onnx file of another PP-OCR recogniser, for languages that the wheel's does not know.
    """
    from mangaclean.engines.recognise import alphabet, crop, knows, recogniser

    if not knows(cfg.language, cfg.weights):
        raise MissingError(
            f"{cfg.weights or 'the network of rapidocr'} knows no letters of '{cfg.language}': use --set "
            "ocr.engine=tesseract (with the language's data installed), --set ocr.weights=FILE.onnx (a PP-OCR "
            "recogniser of that language, as RapidOCR has them), or --set ocr.engine=none"
        )

    def of_line(image: Image, line: Line, language: str) -> tuple[str, float]:
        allowed = alphabet(language)
        # The segmenter has read the line with the same network; without foreign letters that is the answer here, too.
        if line.text and not cfg.weights and (allowed is None or allowed(line.text)):
            return line.text, line.confidence
        return recogniser(language, cfg.weights)(crop(image, line))

    def of_region(image: Image, region: Region) -> Reading:
        language = wording.spoken("".join(line.text for line in region.lines), cfg.language)
        return _joined([of_line(image, line, language) for line in region.lines], language)

    def reader(image: Image, regions: Sequence[Region]) -> Sequence[Reading]:
        return [of_region(image, region) for region in regions]

    return reader


def manga_ocr(cfg: OcrConfig) -> Reader:
    """manga-ocr: reads a whole Japanese region at once. `cfg.weights`: the model's folder, or its name on the hub."""
    weights = _manga_ocr_weights(cfg.weights or HUB)
    model = _manga_ocr_model(weights)

    def reader(image: Image, regions: Sequence[Region]) -> Sequence[Reading]:
        from PIL import Image as Pillow

        readings = []
        for region in regions:
            text = wording.normal(model(Pillow.fromarray(_region_crop(image, region))), cfg.language)
            readings.append(Reading(text, float(bool(text))))  # it does not say how sure it is
        return readings

    return reader


def tesseract(cfg: OcrConfig) -> Reader:
    """The program `tesseract`, for clean print; it needs the language's data installed."""
    program = shutil.which("tesseract")
    if program is None:
        raise MissingError(
            "program 'tesseract' is not on the PATH; install it, or choose another --set ocr.engine=NAME"
        )
    rows, columns = TESSERACT_LANGUAGES.get(cfg.language, (cfg.language, cfg.language))
    known = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    if rows not in known:
        raise MissingError(
            f"tesseract has no data for '{rows}'; install it (Debian: tesseract-ocr-{rows.replace('_', '-')})"
        )
    columns = columns if columns in known else rows

    def reader(image: Image, regions: Sequence[Region]) -> Sequence[Reading]:
        return [of_region(image, region) for region in regions]

    def of_region(image: Image, region: Region) -> Reading:
        crop = _region_crop(image, region)
        factor = max(1.0, TESSERACT_HEIGHT / max(region.font_size, 1))
        crop = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        png = cv2.imencode(".png", crop[:, :, ::-1])[1].tobytes()
        language, mode = (columns, COLUMNS) if region.vertical else (rows, ROWS)
        command = [program, "stdin", "stdout", "-l", language, "--psm", mode, "tsv"]
        try:
            done = subprocess.run(command, input=png, capture_output=True, timeout=TESSERACT_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise PageError(f"tesseract took more than {TESSERACT_PATIENCE:.0f} s for one region") from None
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise PageError(f"tesseract failed: {reason[-1] if reason else f'exit code {done.returncode}'}")
        return _joined(_tesseract_lines(done.stdout.decode(errors="replace"), cfg.language), cfg.language)

    return reader


def none(cfg: OcrConfig) -> Reader:
    """Reads nothing: regions with empty text for a person to fill in."""
    return lambda image, regions: [Reading("", 0.0) for _ in regions]


def _joined(lines: Sequence[tuple[str, float]], language: str) -> Reading:
    """A region's reading from those of its lines; long lines count for more in its confidence."""
    texts = tuple(wording.normal(text, language) for text, _ in lines)
    weights = [len(text) for text in texts]
    sure = float(np.average([c for _, c in lines], weights=weights)) if sum(weights) else 0.0
    return Reading(wording.normal(wording.joined(texts, language), language), round(sure, 4), texts)


def _region_crop(image: Image, region: Region) -> Image:
    height, width = image.shape[:2]
    box = region.box.grown(round(region.font_size * 0.2), width, height)
    return np.ascontiguousarray(image[box.slices])


def _manga_ocr_weights(name: str) -> str:
    """The folder of a model: `name` itself, or what the hub has under that name, without minutes of retries."""
    if Path(name).expanduser().is_dir():
        return str(Path(name).expanduser())
    if Path(name).is_absolute() or name.startswith((".", "~")):
        raise MissingError(f"ocr.weights: no folder {name}; give a folder with the model's config.json and weights")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingError("package 'manga-ocr' is missing; pip install 'mangaclean[manga-ocr]'") from None
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    for kept in (True, False):
        try:
            return str(snapshot_download(name, local_files_only=kept, etag_timeout=HUB_PATIENCE))
        except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError):
            continue
    raise MissingError(
        f"manga-ocr's model '{name}' is not on this machine and cannot be fetched; on a machine with a network run "
        f"`hf download {name} --local-dir FOLDER`, copy the folder here, and use --set ocr.weights=FOLDER"
    )


def _manga_ocr_model(folder: str) -> Callable[[Any], str]:
    try:
        from loguru import logger
        from manga_ocr import MangaOcr

        logger.disable("manga_ocr")  # it reports its loading on the terminal
    except ImportError as error:
        raise MissingError(f"manga-ocr cannot be used: {error}; pip install 'mangaclean[manga-ocr]'") from None
    try:
        model: Callable[[Any], str] = MangaOcr(pretrained_model_name_or_path=folder)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MissingError(f"ocr.weights: {folder} holds no model that manga-ocr can load: {reason}") from error
    return model


def _tesseract_lines(table: str, language: str) -> list[tuple[str, float]]:
    """(text, confidence 0 to 1) of each line in Tesseract's table of words."""
    lines: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row.get("level") == "5" and (row.get("text") or "").strip():
            key = (row["block_num"], row["par_num"], row["line_num"])
            lines.setdefault(key, []).append((row["text"].strip(), max(float(row["conf"]), 0.0) / 100))
    glue = " " if wording.spaced(language) else ""
    return [(glue.join(t for t, _ in words), float(np.mean([c for _, c in words]))) for words in lines.values()]
