"""How a chapter is cleaned: which pages need what, done in workers, kept in the manifest, summed up at the end."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

from mangaclean import books, crew, edition, executors, files, manifest, policy, summary
from mangaclean.archives import PageFile, Source, open_source
from mangaclean.config import Config
from mangaclean.edition import Edition, actions
from mangaclean.errors import Exit, OutputError, PageError, UsageError
from mangaclean.manifest import Manifest, Record
from mangaclean.state import Freshness, Todo, editable, reads
from mangaclean.work import Done, Job, clean, mask_name, state_name

FOLDERS = ("cleaned", "masks", "typeset", "state")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pages and stages of a chapter a run is to do."""

    pages: frozenset[int] | None = None  # counted from 1; None: all
    until: str = "ocr"
    force: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """One page is done, or failed."""

    name: str
    number: int
    total: int
    seconds: float
    actions: dict[str, int]
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What a run did; from it follows its exit code."""

    out: Path
    pages: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    made: list[Path] = field(default_factory=list)
    guess: str = ""  # the reading direction, where it was guessed

    @property
    def code(self) -> Exit:
        return Exit.SOME_FAILED if self.failed else Exit.OK


def destination(path: Path) -> Path:
    """Where a chapter goes when nobody says: ch01 or ch01.cbz → ch01-cleaned, beside it."""
    path = path.resolve()
    return path.with_name((path.name if path.is_dir() else path.stem) + "-cleaned")


def run(
    path: Path,
    out: Path,
    config: Config,
    choice: Choice = Choice(),
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Report:
    """Clean the chapter at `path` into `out`, as far as it is not up to date. MangacleanErrors stop it."""
    began = time.monotonic()
    _check_place(path, out)
    with open_source(path, config.input) as source, locked(out):
        summary.check(source, out, config.output.export)
        work = _Run(source, out, config, choice)
        work.pages(tell)
        work.typeset(tell)
        work.books()
        work.report.seconds = round(time.monotonic() - began, 3)
        return work.report


def plan(path: Path, out: Path, config: Config, choice: Choice = Choice()) -> list[tuple[str, Todo]]:
    """The pages of a chapter by name, each with what `run` would do to it."""
    _check_place(path, out)
    with open_source(path, config.input) as source:
        work = _Run(source, out, config, choice)
        return [(page.name, todo) for page, todo in work.selected() if isinstance(todo, Todo)]


def _check_place(path: Path, out: Path) -> None:
    source, target = path.resolve(), out.resolve()
    if target == source or (path.is_dir() and source in target.parents):
        raise UsageError(f"--out {out} lies in the chapter itself, which is never touched; choose a folder outside it")
    if any(target / name in (source, *source.parents) for name in FOLDERS):
        raise UsageError(f"{path} lies where --out {out} keeps its results; choose another --out")


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """One run at a time; the system frees the lock when its holder dies, however it dies."""
    lock = FileLock(out / ".lock")
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(f"another run holds {out}; wait for it, or choose another --out") from None
    except OSError as error:
        reason = "a file has its name" if isinstance(error, FileExistsError) else error.strerror or error
        raise OutputError(f"cannot write to {out}: {reason}; check its permissions, or choose another --out") from error
    try:
        yield
    finally:
        lock.release()


class _Run:
    def __init__(self, source: Source, out: Path, config: Config, choice: Choice) -> None:
        config = executors.bounded(config)
        self.source, self.out, self.config, self.choice = source, out, config, choice
        self.manifest: Manifest = manifest.load(out)
        if self.manifest.pages and self.manifest.source != source.title and not choice.force:
            raise UsageError(
                f"{out} holds the results of another chapter, {self.manifest.source!r}; "
                "choose another --out, or add --force to replace them"
            )
        self.manifest.source, self.manifest.path = source.title, books.way(out, source.path)
        self.keeps, idle = policy.kinds_kept(source, config)
        self.report = Report(out, len(source.pages), notes=[*source.notes, *idle])
        self.edition = Edition(out, source.pages, config, self.manifest.names)
        self.fresh = Freshness(out, self.manifest, config, choice.until, choice.force, self.edition.asked, self.keeps)

    def selected(self) -> Iterator[tuple[PageFile, Todo | PageError]]:
        """The pages that need something, and what; or why they cannot be had. Changes nothing."""
        failed = self.manifest.errors()
        for number, page in enumerate(self.source.pages, 1):
            if self.choice.pages is not None and number not in self.choice.pages:
                continue
            if self.choice.retry_failed and page.stem not in failed:
                continue
            try:
                todo = self.fresh.todo(page.stem, files.digest(page.read()))
            except PageError as error:
                yield page, error
                continue
            self.report.notes += [f"{name}: edited by hand, kept" for name in todo.kept]
            self._heal(page.stem, todo)
            if todo.stages:
                yield page, todo

    def _heal(self, stem: str, todo: Todo) -> None:
        """What could not be painted is no error any more when a person painted it."""
        record = self.manifest.record(stem, "inpaint")
        if record.error and set(record.made) & set(todo.kept):
            record.error = ""

    def pages(self, tell: Callable[[Progress], None]) -> None:
        """Take every page that needs it through its stages; a few at a time, so that memory stays bounded."""
        files.sweep(self.out)
        if "ocr" in self.fresh.wanted:
            self.edition.read()  # a text.json that a person broke is found before the work
        self._gone()
        work = list(self.selected())
        for number in sorted(self.choice.pages or ()):
            if number > len(self.source.pages):
                self.report.notes.append(f"--pages: there are {len(self.source.pages)} pages, none has number {number}")
                break
        ready = {page: todo for page, todo in work if isinstance(todo, Todo)}
        lost = [(page, [Done("segment", error=str(error))]) for page, error in work if isinstance(error, PageError)]
        number = 0
        with closing(
            crew.results(ready, self._job, clean, lambda todo: todo.stages, executors.processes(self.config.run))
        ) as results:
            for number, (page, job, done) in enumerate(chain(((p, None, d) for p, d in lost), results), 1):
                self._commit(page, job, done)
                tell(self._progress(page, number, len(work), done))

    def typeset(self, tell: Callable[[Progress], None]) -> None:
        """Set what is translated, once somebody has translated something."""
        if "ocr" in self.fresh.wanted and any(
            r.translation for page in self.edition.read().pages for r in page.regions
        ):
            from mangaclean import typesetting

            typesetting.update(self.out, self.config, self.choice, self.manifest, self.report, tell)

    def _gone(self) -> None:
        """Pages that are no longer in the chapter: what was made of them stays, their errors do not."""
        for stem in sorted(set(self.manifest.pages) - {page.stem for page in self.source.pages}):
            name = self.manifest.names.get(stem, stem)
            records = self.manifest.pages[stem].values()
            for record in records:
                record.error = ""
            if any(record.made for record in records):
                self.report.notes.append(f"{name}: no longer in the chapter; its files stay")
            else:
                del self.manifest.pages[stem]
                self.manifest.names.pop(stem, None)

    def _job(self, page: PageFile, todo: Todo) -> Job:
        mask = self.out / mask_name(page.stem)
        state = self.out / state_name("segment", page.stem)
        keep_mask = "segment" not in todo.stages or mask_name(page.stem) in todo.kept
        return Job(
            page.name,
            page.stem,
            page.read(),
            todo.stages,
            self.config.with_keep(self.keeps[page.stem]),
            mask.read_bytes() if keep_mask and mask.is_file() else None,
            state.read_bytes() if "segment" not in todo.stages and state.is_file() else None,
            self.edition.wishes(page.stem) if "segment" in todo.stages else (),
        )

    def _progress(self, page: PageFile, number: int, total: int, results: Sequence[Done]) -> Progress:
        error = next((f"{done.stage}: {done.error}" for done in results if done.error), "")
        if error:
            self.report.failed[page.name] = error
        self.report.done += not error
        notes = tuple(note for done in results for note in done.notes)
        self.report.notes += [f"{page.name}: {note}" for note in notes]
        seconds = round(sum(done.seconds for done in results), 2)
        return Progress(page.name, number, total, seconds, actions(results, page.stem), error, notes)

    def _commit(self, page: PageFile, job: Job | None, results: Sequence[Done]) -> None:
        """Keep what was made of a page. text.json comes first and the manifest last: a kill in between repeats."""
        stages = self.manifest.pages.setdefault(page.stem, {})
        self.manifest.names[page.stem] = page.name
        made = {name: data for done in results for name, data in done.made.items()}
        late = self._edited_meanwhile(stages.values(), made)
        self.report.notes += [
            f"{name}: edited while the run went on, kept; the next run uses it" for name in sorted(late)
        ]
        self._announce(stages.values(), made)
        state = state_name("ocr", page.stem)
        if state in made:
            self.edition.put(page, made[state])
        for done in results:
            old = stages.get(done.stage, Record())
            for name in done.made.keys() - late:
                files.write(self.out / name, done.made[name])
            if done.error or job is None:
                stages[done.stage] = Record("", old.made, done.seconds, done.error, list(done.notes), old.pending)
                continue
            digests = {name: files.digest(data) for name, data in done.made.items()}
            mask = mask_name(page.stem)
            if done.stage == "segment" and mask in old.made:
                digests.setdefault(mask, old.made[mask])  # edited by hand, and known as such ever after
            for name in old.made.keys() - digests.keys():
                if not manifest.edited(self.out, old, name):
                    (self.out / name).unlink(missing_ok=True)
            read, asked = _read(job, done.stage, made), edition.asked(job.wishes)
            key = self.fresh.key(done.stage, page.stem, files.digest(job.data), read, asked)
            stages[done.stage] = Record(key, digests, done.seconds, "", list(done.notes))
        manifest.save(self.out, self.manifest)

    def _edited_meanwhile(self, records: Iterable[Record], made: Mapping[str, bytes]) -> set[str]:
        """What a person changed since it was looked at; what was found edited then is not made again."""
        if self.choice.force:
            return set()
        own = ((record, name) for record in records for name in record.made if name in made and editable(name))
        return {name for record, name in own if manifest.edited(self.out, record, name)}

    def _announce(self, records: Iterable[Record], made: Mapping[str, bytes]) -> None:
        """Note what will be written over older work: after a kill it must not pass for an edit by hand."""
        for record in records:
            record.pending |= {name: files.digest(made[name]) for name in record.made if name in made}
        if any(record.pending[name] != record.made.get(name) for record in records for name in record.pending):
            manifest.save(self.out, self.manifest)

    def books(self) -> None:
        """What is made of the chapter as a whole: the report, and the books asked for; only where something changed."""
        if "ocr" in self.fresh.wanted:
            put = self.edition.finish(self.manifest.books.get(edition.NAME, ""))
            self.manifest.books[edition.NAME] = put
            self.report.guess = self.edition.guess() if self.report.done else ""
        for page in self.source.pages:
            if page.stem in self.manifest.pages:
                self.manifest.names[page.stem] = page.name
        self.report.made = summary.make(self.source, self.out, self.config, self.manifest)
        manifest.save(self.out, self.manifest)
        failed = self.manifest.errors()
        for page in self.source.pages:  # pages that failed in earlier runs and were not chosen now
            if page.stem in failed:
                self.report.failed.setdefault(page.name, failed[page.stem])


def _read(job: Job, stage: str, made: Mapping[str, bytes]) -> str:
    """The digest of what a stage read besides the page: what it was given, or what the stage before it just made."""
    given = {"inpaint": job.mask, "ocr": job.regions}.get(stage)
    data = given if given is not None else made.get(reads(stage, job.stem))
    return "" if data is None else files.digest(data)
