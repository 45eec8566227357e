"""The stage that sets translations: which pages need it, done in workers, kept in the manifest like every other."""

import base64
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mangaclean import chapter, crew, edition, executors, files, manifest, summary
from mangaclean.chapter import Choice, Progress, Report
from mangaclean.config import Config, TypesetConfig
from mangaclean.errors import InputError, MangacleanError
from mangaclean.manifest import Manifest, Record
from mangaclean.work import Done, state_name

if TYPE_CHECKING:
    from mangaclean.fonts import Fonts
    from mangaclean.setting import Piece
    from mangaclean.textmodels import PageModel, TextFile

log = logging.getLogger(__name__)

STAGE = "typeset"
REVISION = 2  # counted up when the same text is set otherwise for the same settings
VERSION = 1  # of the state file
UNREAD = {"reason", "confidence", "order", "panel", "text"}  # what of a region does not show on the page


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to be set: the cleaned page's file and bytes, its regions as text.json has them, the em of speech."""

    name: str
    stem: str
    cleaned: str
    data: bytes
    entry: str
    config: Config
    body: float


@dataclass(frozen=True, slots=True)
class _Task:
    stem: str
    name: str
    number: int
    key: str


def run(out: Path, config: Config, choice: Choice, tell: Callable[[Progress], None] = lambda progress: None) -> Report:
    """Set the translations of text.json in `out` on its cleaned pages, as far as they are not up to date.

    Writes typeset/, and what the report shows of it. MangacleanErrors stop it, others cost one page.
    """
    began = time.monotonic()
    if not (out / manifest.NAME).is_file() or not (out / edition.NAME).is_file():
        raise InputError(f"{out}: no {edition.NAME} in it; give the folder that `mangaclean chapter` left")
    with chapter.locked(out):
        kept = manifest.load(out)
        report = Report(out)
        files.sweep(out)
        report.done = update(out, config, choice, kept, report, tell) - len(report.failed)
        report.made += summary.renew(out, config, kept)
        report.seconds = round(time.monotonic() - began, 3)
        return report


def update(
    out: Path,
    config: Config,
    choice: Choice,
    kept: Manifest,
    report: Report,
    tell: Callable[[Progress], None],
) -> int:
    """`run` for one who holds the folder's lock and its manifest; gives the number of pages that needed it."""
    from mangaclean import textfile

    text = textfile.load(out / edition.NAME)
    work = _Work(out, config, choice, kept, report, text)
    tasks = {task.stem: task for task in work.tasks()}
    report.pages = report.pages or len(text.pages)
    results = crew.results(tasks, work.sheet, typeset, lambda task: (STAGE,), executors.processes(config.run))
    with closing(results) as found:
        for number, (stem, _, done) in enumerate(found, 1):
            tell(work.commit(tasks[stem], done[0], number, len(tasks)))
    work.overfull()
    return len(tasks)


def pieces(out: Path, config: Config, name: str) -> "tuple[Piece, ...]":
    """The pieces of one page of `out`, by its name in text.json: what an exporter lays into layers.

    Empty where nothing is translated or the page was not cleaned. InputError where text.json cannot be read.
    """
    from mangaclean import images, setting, textfile

    text = textfile.load(out / edition.NAME)
    entry = text.page(name)
    kept = manifest.load(out)
    stem = next((stem for stem, known in kept.names.items() if known == name), "")
    cleaned = _cleaned(out, kept, stem)
    if entry is None or cleaned is None:
        return ()
    image = images.load((out / cleaned).read_bytes(), cleaned, config.input.max_pixels).image
    regions = tuple(map(textfile.to_region, entry.regions))
    return setting.pieces(image, regions, fonts(config.typeset), config.typeset, body_of(text, config.typeset))


def body_of(text: "TextFile", cfg: TypesetConfig) -> float:
    """The em of speech in px for a whole chapter."""
    from mangaclean import setting, textfile

    return setting.body_size([textfile.to_region(region) for page in text.pages for region in page.regions], cfg)


@cache
def fonts(cfg: TypesetConfig) -> "Fonts":
    """The fonts of these settings, opened once in each process."""
    from mangaclean.fonts import Fonts

    return Fonts(cfg)


class _Work:
    def __init__(
        self, out: Path, config: Config, choice: Choice, kept: Manifest, report: Report, text: "TextFile"
    ) -> None:
        self.out, self.config, self.choice, self.kept, self.report, self.text = out, config, choice, kept, report, text
        self.body = round(body_of(text, config.typeset), 2)
        self.settings = config.typeset.model_dump(mode="json") | {"quality": config.output.quality}
        self.faces = fonts(config.typeset).revision()
        self.stems = {name: stem for stem, name in kept.names.items()}

    def tasks(self) -> Iterator[_Task]:
        """The pages that are to be set now. Of pages with nothing to set any more, what was made goes."""
        for number, page in enumerate(self.text.pages, 1):
            stem = self.stems.get(page.page, "")
            if self.choice.pages is not None and number not in self.choice.pages:
                continue
            record = self.kept.record(stem, STAGE)
            by_hand = [name for name in record.made if name.startswith("typeset/") and self._edited(record, name)]
            if by_hand and not self.choice.force:
                self.report.notes += [f"{name}: edited by hand, kept" for name in by_hand]
                continue
            if not self._translated(page):
                self._clear(stem, record)
                continue
            cleaned = _cleaned(self.out, self.kept, stem)
            if cleaned is None:
                self.report.notes.append(f"{page.page}: translated, but there is no cleaned page to set it on")
                continue
            inputs = {"cleaned": files.digest(self.out / cleaned), "text": files.digest(self._entry(page).encode())}
            key = manifest.key(STAGE, REVISION, self.settings | {"body": self.body}, self.faces, inputs)
            if self.choice.force or record.error or record.pending or record.key != key or not self._whole(record):
                yield _Task(stem, page.page, number, key)

    def sheet(self, stem: str, task: _Task) -> Sheet:
        page = self.text.page(task.name)
        cleaned = _cleaned(self.out, self.kept, stem)
        assert page is not None
        assert cleaned is not None
        data = (self.out / cleaned).read_bytes()
        return Sheet(task.name, stem, cleaned, data, self._entry(page), self.config, self.body)

    def commit(self, task: _Task, done: Done, number: int, total: int) -> Progress:
        """Write what was made, then say so in the manifest."""
        stages = self.kept.pages.setdefault(task.stem, {})
        old = stages.get(STAGE, Record())
        if done.error:
            stages[STAGE] = Record("", old.made, done.seconds, done.error, list(done.notes), old.pending)
            self.report.failed[task.name] = f"{STAGE}: {done.error}"
        else:
            old.pending = {name: files.digest(data) for name, data in done.made.items()}
            if old.made:  # after a kill, what was just written must not pass for an edit by hand
                manifest.save(self.out, self.kept)
            for name, data in done.made.items():
                files.write(self.out / name, data)
            for name in old.made.keys() - done.made.keys():
                (self.out / name).unlink(missing_ok=True)
            stages[STAGE] = Record(task.key, old.pending, done.seconds, "", list(done.notes))
        manifest.save(self.out, self.kept)
        count = len(load_state(done.made.get(state_name(STAGE, task.stem))).get("regions", ()))
        error = f"{STAGE}: {done.error}" if done.error else ""
        return Progress(task.name, number, total, done.seconds, {"set": count}, error, done.notes)

    def overfull(self) -> None:
        """Tell every text of the chapter that is too long for its balloon, and letters that no font has."""
        for page in self.text.pages:
            record = self.kept.record(self.stems.get(page.page, ""), STAGE)
            self.report.notes += [f"{page.page}: {note}" for note in record.notes]

    def _translated(self, page: "PageModel") -> bool:
        from mangaclean import setting, textfile

        regions = map(textfile.to_region, page.regions)
        return any(setting.wanted(region, self.config.typeset) for region in regions)

    def _entry(self, page: "PageModel") -> str:
        """What of a page's regions shows when they are set, as JSON."""
        unread = UNREAD - ({"text"} if self.config.typeset.untranslated == "source" else set())
        return json.dumps([region.model_dump(exclude=unread) for region in page.regions], ensure_ascii=False)

    def _edited(self, record: Record, name: str) -> bool:
        return manifest.edited(self.out, record, name)

    def _whole(self, record: Record) -> bool:
        return bool(record.made) and all(
            (self.out / name).is_file() and files.digest(self.out / name) == digest
            for name, digest in record.made.items()
        )

    def _clear(self, stem: str, record: Record) -> None:
        for name in record.made:
            (self.out / name).unlink(missing_ok=True)
        if self.kept.pages.get(stem, {}).pop(STAGE, None):
            manifest.save(self.out, self.kept)


def typeset(sheet: Sheet) -> list[Done]:
    """Set one page: the part that runs in a worker."""
    began = time.perf_counter()
    done = Done(STAGE)
    try:
        done.made, done.notes = _made(sheet)
    except MangacleanError:
        raise
    except Exception as error:
        log.debug("%s: %s", sheet.name, STAGE, exc_info=True)
        done.error = str(error) or repr(error)
    done.seconds = round(time.perf_counter() - began, 3)
    return [done]


def _made(sheet: Sheet) -> tuple[dict[str, bytes], tuple[str, ...]]:
    from mangaclean import images, report, setting
    from mangaclean.textmodels import RegionModel, to_region

    cfg = sheet.config.typeset
    loaded = images.load(sheet.data, sheet.cleaned, sheet.config.input.max_pixels)
    regions = tuple(to_region(RegionModel.model_validate(entry)) for entry in json.loads(sheet.entry))
    faces = fonts(cfg)
    faces.warnings.clear()
    found = setting.pieces(loaded.image, regions, faces, cfg, sheet.body)
    page = setting.composed(loaded.image, found)
    state = {
        "version": VERSION,
        "layer": base64.b64encode(report.layer(loaded.image, page)).decode(),
        "regions": [
            {"id": piece.region, "fits": piece.fits, "size": piece.size, "lines": piece.lines} for piece in found
        ],
    }
    name = f"typeset/{sheet.stem}{images.suffix(loaded.look, 'same')}"
    made = {
        name: images.dump(page, loaded.look, "same", sheet.config.output.quality),
        state_name(STAGE, sheet.stem): json.dumps(state, ensure_ascii=False).encode(),
    }
    return made, (*_overflow(found), *faces.warnings)


def _overflow(found: "Sequence[Piece]") -> Iterator[str]:
    for piece in found:
        if not piece.fits:
            words = " ".join(piece.lines)
            short = words if len(words) <= 40 else words[:39] + "…"
            yield f"region {piece.region} is too long for its balloon, set at {piece.size:.0f} px: {short}"


def load_state(data: bytes | None) -> dict[str, Any]:
    """What a state file of this stage holds; empty if it is missing or of another version."""
    state = json.loads(data) if data else {}
    return state if isinstance(state, dict) and state.get("version") == VERSION else {}


def _cleaned(out: Path, kept: Manifest, stem: str) -> str | None:
    made = kept.record(stem, "inpaint").made
    return next((name for name in made if name.startswith("cleaned/") and (out / name).is_file()), None)
