"""How a chapter is cleaned: which pages need what, done in workers, kept in the manifest, summed up at the end."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from mangaclean import executors, files, manifest
from mangaclean.archives import PageFile, Source, open_source
from mangaclean.config import Config
from mangaclean.edition import Edition, actions
from mangaclean.errors import Exit, OutputError, PageError, UsageError
from mangaclean.manifest import Manifest, Record
from mangaclean.state import Freshness, Todo
from mangaclean.work import STAGES, Done, Job, clean, mask_name, state_name

log = logging.getLogger(__name__)


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
    with open_source(path, config.input) as source, _locked(out):
        work = _Run(source, out, config, choice)
        work.pages(tell)
        work.books()
        work.report.seconds = round(time.monotonic() - began, 3)
        return work.report


def plan(path: Path, out: Path, config: Config, choice: Choice = Choice()) -> list[tuple[str, Todo]]:
    """The pages of a chapter by name, each with what `run` would do to it."""
    with open_source(path, config.input) as source:
        work = _Run(source, out, config, choice)
        return [(page.name, todo) for page, _, todo in work.selected()]


def estimate(path: Path, out: Path, config: Config, todos: Sequence[Todo]) -> tuple[float, str]:
    """Seconds that so much work takes about, and how they were found: from earlier pages, else from a first one."""
    kept = manifest.load(out)
    spent: dict[str, list[float]] = {}
    for stages in kept.pages.values():
        for stage, record in stages.items():
            if record.made:
                spent.setdefault(stage, []).append(record.seconds)
    how = "from earlier pages"
    wanted = {stage for todo in todos for stage in todo.stages}
    if wanted - set(spent):
        how = "measured on the first page"
        with open_source(path, config.input) as source:
            page = source.pages[0]
            job = Job(page.name, page.stem, page.read(), STAGES, config)
            clean(job)  # loads the engines
            spent = {done.stage: [done.seconds] for done in clean(job)}
    total = sum(sum(spent[stage]) / len(spent[stage]) for todo in todos for stage in todo.stages)
    return total / executors.count(config.run.workers, len(todos)), how


def _check_place(path: Path, out: Path) -> None:
    source, target = path.resolve(), out.resolve()
    if target == source or (path.is_dir() and source in target.parents):
        raise UsageError(f"--out {out} lies in the chapter itself, which is never touched; choose a folder outside it")


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """One run at a time; the system frees the lock when its holder dies, however it dies."""
    lock = FileLock(out / ".lock")
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(f"another run holds {out}; wait for it, or choose another --out") from None
    except OSError as error:
        raise OutputError(f"cannot write to {out}: {error.strerror or error}; check its permissions") from error
    try:
        yield
    finally:
        lock.release()


class _Run:
    def __init__(self, source: Source, out: Path, config: Config, choice: Choice) -> None:
        self.source, self.out, self.config, self.choice = source, out, config, choice
        self.manifest: Manifest = manifest.load(out)
        self.manifest.source = str(source.path.name)
        self.fresh = Freshness(out, self.manifest, config, choice.until, choice.force)
        self.report = Report(out, len(source.pages), notes=list(source.notes))
        self.edition = Edition(out, source.pages, config)

    def selected(self) -> Iterator[tuple[PageFile, bytes, Todo]]:
        """The pages that need something, with their bytes."""
        failed = self.manifest.errors()
        for number, page in enumerate(self.source.pages, 1):
            if self.choice.pages is not None and number not in self.choice.pages:
                continue
            if self.choice.retry_failed and page.stem not in failed:
                continue
            try:
                data = page.read()
            except PageError as error:
                self._fail(page, str(error))
                continue
            todo = self.fresh.todo(page.stem, files.digest(data))
            self.report.notes += [f"{name}: edited by hand, kept" for name in todo.kept]
            if todo.stages:
                yield page, data, todo

    def pages(self, tell: Callable[[Progress], None]) -> None:
        """Take every page that needs it through its stages; a few at a time, so that memory stays bounded."""
        files.sweep(self.out)
        missing = {page.stem for page in self.source.pages}.symmetric_difference(self.manifest.pages)
        gone = sorted(stem for stem in missing if stem in self.manifest.pages)
        self.report.notes += [
            f"{self.manifest.names.get(s, s)}: no longer in the chapter; its files stay" for s in gone
        ]
        work = list(self._jobs())
        total = len(work)
        for number, (page, job, results) in enumerate(self._worked(work), 1):
            self._commit(page, job, results)
            error = next((f"{done.stage}: {done.error}" for done in results if done.error), "")
            if error:
                self.report.failed[page.name] = error
            self.report.done += not error
            notes = tuple(note for done in results for note in done.notes)
            self.report.notes += [f"{page.name}: {note}" for note in notes]
            seconds = round(sum(done.seconds for done in results), 2)
            tell(Progress(page.name, number, total, seconds, actions(results, page.stem), error, notes))

    def _jobs(self) -> Iterator[tuple[PageFile, Todo]]:
        for page, _, todo in self.selected():
            yield page, todo

    def _job(self, page: PageFile, todo: Todo) -> Job:
        mask = self.out / mask_name(page.stem)
        state = self.out / state_name("segment", page.stem)
        keep_mask = "segment" not in todo.stages or mask_name(page.stem) in todo.kept
        return Job(
            page.name,
            page.stem,
            page.read(),
            todo.stages,
            self.config,
            mask.read_bytes() if keep_mask and mask.is_file() else None,
            state.read_bytes() if "segment" not in todo.stages and state.is_file() else None,
        )

    def _worked(self, work: Sequence[tuple[PageFile, Todo]]) -> Iterator[tuple[PageFile, Job, list[Done]]]:
        """Results as they come. Pages in flight when a worker dies are tried again one by one."""
        if not work:
            return
        executor = executors.make(self.config.run.workers, len(work))
        flying: dict[Future[list[Done]], tuple[PageFile, Job]] = {}
        queue = list(reversed(work))
        suspects: list[tuple[PageFile, Todo]] = []
        todos = {page.stem: todo for page, todo in work}
        width = 1 if isinstance(executor, executors.Here) else 2 * (getattr(executor, "_max_workers", 1))
        try:
            while queue or flying:
                while queue and len(flying) < width and not suspects:
                    page, todo = queue.pop()
                    job = self._job(page, todo)
                    flying[_submit(executor, job)] = page, job
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    page, job = flying.pop(future)
                    try:
                        yield page, job, future.result()
                    except BrokenProcessPool:
                        suspects.append((page, todos[page.stem]))
                if suspects and not flying:
                    executors.end(executor)
                    yield from self._alone(suspects)
                    suspects = []
                    executor = executors.make(self.config.run.workers, max(len(queue), 1))
        except BaseException:
            executors.end(executor)
            raise
        executor.shutdown()

    def _alone(self, suspects: Sequence[tuple[PageFile, Todo]]) -> Iterator[tuple[PageFile, Job, list[Done]]]:
        """One page, one process: the page that kills its worker is found, the others are not lost with it."""
        for page, todo in suspects:
            job = self._job(page, todo)
            executor = executors.make(2, 2)
            try:
                yield page, job, executor.submit(clean, job).result()
            except BrokenProcessPool:
                error = "the worker process died, most likely for want of memory; try --workers 1"
                yield page, job, [Done(stage, error=error) for stage in job.stages]
            finally:
                executors.end(executor)

    def _commit(self, page: PageFile, job: Job, results: Sequence[Done]) -> None:
        """Keep what was made of a page. text.json comes first and the manifest last: a kill in between repeats."""
        for done in results:
            if done.stage == "ocr" and done.made:
                self.edition.put(page, done.made[state_name("ocr", page.stem)])
        stages = self.manifest.pages.setdefault(page.stem, {})
        self.manifest.names[page.stem] = page.name
        digests = files.digest(job.data)
        for done in results:
            old = stages.get(done.stage, Record())
            for name, data in done.made.items():
                files.write(self.out / name, data)
            if done.error:
                stages[done.stage] = Record("", old.made, done.seconds, done.error, list(done.notes))
                continue
            made = {name: files.digest(data) for name, data in done.made.items()}
            mask = mask_name(page.stem)
            if done.stage == "segment" and mask in old.made and mask not in made:
                made[mask] = old.made[mask]  # edited by hand, and known as such ever after
            for name in set(old.made) - set(made):
                if not manifest.edited(self.out, old, name):
                    (self.out / name).unlink(missing_ok=True)
            stages[done.stage] = Record(
                self.fresh.key(done.stage, page.stem, digests), made, done.seconds, "", list(done.notes)
            )
        manifest.save(self.out, self.manifest)

    def _fail(self, page: PageFile, error: str) -> None:
        self.report.failed[page.name] = error
        self.manifest.names[page.stem] = page.name
        self.manifest.pages.setdefault(page.stem, {})["segment"] = Record(error=error)
        manifest.save(self.out, self.manifest)

    def books(self) -> None:
        """What is made of the chapter as a whole: the report, and the books asked for; only where something changed."""
        from mangaclean import summary

        if self.choice.until == "ocr" and (self.report.done or not self.edition.path.is_file()):
            self.edition.finish()
        self.report.made = summary.make(self.source, self.out, self.config, self.manifest)
        for page in self.source.pages:  # pages that failed in earlier runs and were not chosen now
            error = self.manifest.errors().get(page.stem)
            if error:
                self.report.failed.setdefault(page.name, error)


def _submit(executor: Executor, job: Job) -> Future[list[Done]]:
    try:
        return executor.submit(clean, job)
    except BrokenProcessPool as error:  # it broke between two pages
        future: Future[list[Done]] = Future()
        future.set_exception(error)
        return future
