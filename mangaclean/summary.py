"""What is made of a chapter as a whole: report.html, and the books asked for."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from mangaclean import books, edition, files, manifest
from mangaclean.archives import PageFile, Source
from mangaclean.config import Config
from mangaclean.manifest import Manifest
from mangaclean.types import Region
from mangaclean.work import mask_name, state_name

if TYPE_CHECKING:
    from mangaclean.report import ReportPage

log = logging.getLogger(__name__)

REPORT = "report.html"


def make(source: Source, out: Path, config: Config, state: Manifest) -> list[Path]:
    """Write what is missing or no longer fits; gives the files written. The same chapter gives the same bytes."""
    written = _renewed(source, out, config, state)
    written += books.renew(source, out, config, state)
    if written:
        manifest.save(out, state)
    return written


def renew(out: Path, config: Config, state: Manifest) -> list[Path]:
    """Write the report where it no longer fits, for a chapter whose source is not at hand."""
    stems = {name: stem for stem, name in state.names.items()}
    pages = tuple(PageFile(name, stems[name], bytes) for name in files.natural_order(stems))
    source = Source(out, state.source, pages, tuple, (), lambda: None)
    written = _renewed(source, out, config, state)
    manifest.save(out, state)
    return written


def _renewed(source: Source, out: Path, config: Config, state: Manifest) -> list[Path]:
    if not _due(out / REPORT, REPORT, _facts(source, config, state), state):
        return []
    files.write(out / REPORT, _report(source, out, config, state))
    return [out / REPORT]


def check(source: Source, out: Path, formats: tuple[str, ...]) -> None:
    """UsageError where a book would take the place of the chapter that it is made from."""
    for name in formats:
        books.guard(books.place(source.title, name, out), source.path)


def _due(path: Path, name: str, facts: str, state: Manifest) -> bool:
    """Whether a file is missing or was made from something else; notes what it is made from now."""
    key = files.digest(facts.encode())
    due = not path.is_file() or state.books.get(name) != key
    state.books[name] = key
    return due


def _facts(source: Source, config: Config, state: Manifest) -> str:
    from mangaclean import __version__

    pages = {
        page.name: {stage: [record.made, record.error, record.notes] for stage, record in records.items()}
        for page in source.pages
        for records in [state.pages.get(page.stem, {})]
    }
    return json.dumps([__version__, source.title, config.ocr.language, pages])


def _cleaned(out: Path, state: Manifest, stem: str) -> Path | None:
    made = state.record(stem, "inpaint").made
    return next((out / name for name in made if name.startswith("cleaned/") and (out / name).is_file()), None)


def _report(source: Source, out: Path, config: Config, state: Manifest) -> bytes:
    from mangaclean import report

    pages = [_page(page, out, state) for page in source.pages]
    return report.write(source.title, pages, config.ocr.language)


def _page(page: PageFile, out: Path, state: Manifest) -> "ReportPage":
    from mangaclean import textfile
    from mangaclean.report import ReportPage

    regions: tuple[Region, ...] = ()
    width = height = 0
    for stage in ("ocr", "segment"):
        model = edition.load_page(out / state_name(stage, page.stem))
        if model:
            width, height = model.width, model.height
            regions = tuple(textfile.to_region(region) for region in model.regions)
            break
    tile = out / state_name("report", page.stem)
    layer, typeset, overflow = _typeset(out, state, page.stem)
    cleaned = _cleaned(out, state, page.stem)
    mask = out / mask_name(page.stem)
    notes = tuple(dict.fromkeys(note for record in state.pages.get(page.stem, {}).values() for note in record.notes))
    return ReportPage(
        page.name,
        width,
        height,
        regions,
        tile.read_bytes() if tile.is_file() else None,
        state.errors().get(page.stem, ""),
        notes,
        cleaned.relative_to(out).as_posix() if cleaned else "",
        mask.relative_to(out).as_posix() if mask.is_file() else "",
        layer,
        typeset,
        overflow,
    )


def _typeset(out: Path, state: Manifest, stem: str) -> tuple[str, str, tuple[str, ...]]:
    """What the report shows of a page's translation: its picture, its file, and the regions that it is too long for."""
    from mangaclean import typesetting

    made = state.record(stem, typesetting.STAGE).made
    file = next((name for name in made if name.startswith("typeset/") and (out / name).is_file()), "")
    path = out / state_name(typesetting.STAGE, stem)
    found = typesetting.load_state(path.read_bytes()) if file and path.is_file() else {}
    overflow = tuple(region["id"] for region in found.get("regions", ()) if not region["fits"])
    return found.get("layer", ""), file, overflow
