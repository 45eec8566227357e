"""What the commands do between parsing and exiting: chapters one after another, told as they go."""

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mangaclean import chapter, manifest
from mangaclean.archives import chapters, open_source
from mangaclean.chapter import Choice, Progress, Report
from mangaclean.config import Config
from mangaclean.errors import Exit, InputError, UsageError


def page_numbers(text: str) -> frozenset[int] | None:
    """`3-7,12` as numbers counted from 1; None for all pages. UsageError for anything else."""
    if not text:
        return None
    numbers: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not match or int(match[1]) < 1 or int(match[2] or match[1]) < int(match[1]):
            raise UsageError(f"--pages {text!r}: {part!r} is no page or range; write it like 3-7,12")
        numbers.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(numbers)


class Reporter(Protocol):
    """Tells a person or a machine how the work goes."""

    def start(self, path: Path, out: Path) -> None: ...
    def page(self, progress: Progress) -> None: ...
    def finish(self, path: Path, report: Report) -> None: ...


def reporter(*, json: bool, quiet: bool) -> Reporter:
    """For machines, for a terminal, for a log, or silent."""
    if json:
        return _Machine()
    if quiet:
        return _Silent()
    if sys.stdout.isatty():
        return _Terminal()
    return _Lines()


def run(
    path: Path,
    out: Path | None,
    config: Config,
    choice: Choice,
    *,
    recursive: bool = False,
    only_plan: bool = False,
    show: Reporter,
) -> int:
    """Clean one chapter, or with `recursive` all below a folder. A chapter that cannot be read costs itself alone."""
    found = chapters(path, recursive)
    code = Exit.OK
    for one in found:
        target = _target(path, one, out, recursive)
        if only_plan:
            _tell_plan(one, target, config, choice)
            continue
        show.start(one, target)
        try:
            report = chapter.run(one, target, config, choice, show.page)
        except InputError as error:
            if len(found) == 1:
                raise
            sys.stderr.write(f"mangaclean: {error}\n")
            code = Exit.SOME_FAILED
            continue
        show.finish(one, report)
        code = report.code or code
    return int(code)


def _target(root: Path, one: Path, out: Path | None, recursive: bool) -> Path:
    if not recursive or one == root:
        return out or chapter.destination(one)
    folder = out or chapter.destination(root)
    name = one.relative_to(root)
    return folder / name if one.is_dir() else folder / name.with_suffix("")


def _tell_plan(path: Path, out: Path, config: Config, choice: Choice) -> None:
    pages = chapter.plan(path, out, config, choice)
    for name, todo in pages:
        print(f"{name}: {', '.join(todo.stages)}")
    if not pages:
        print(f"{path}: nothing to do, {out} is up to date")
        return
    seconds, how = chapter.estimate(path, out, config, [todo for _, todo in pages])
    print(f"{path}: {len(pages)} pages, about {_duration(seconds)} ({how}); results go to {out}")


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _sentence(progress: Progress) -> str:
    words = {"fill": "filled", "inpaint": "inpainted", "keep": "kept"}
    parts = [f"{sum(progress.actions.values())} regions"]
    parts += [f"{progress.actions[action]} {word}" for action, word in words.items() if progress.actions.get(action)]
    what = f"failed: {progress.error}" if progress.error else ", ".join(parts)
    return f"page {progress.number}/{progress.total} {progress.name}: {what} ({progress.seconds:.1f} s)"


def _summary(path: Path, report: Report) -> list[str]:
    lines = [f"note: {note}" for note in report.notes]
    lines += [f"failed: {name}: {error}" for name, error in report.failed.items()]
    fresh = report.pages - report.done - len(report.failed)
    counts = f"{report.done} pages done, {fresh} up to date or left out, {len(report.failed)} failed"
    return [*lines, f"{path}: {counts} in {_duration(report.seconds)}; results in {report.out}"]


@dataclass(slots=True)
class _Lines:
    """Plain lines, for logs and pipes."""

    def start(self, path: Path, out: Path) -> None:
        pass

    def page(self, progress: Progress) -> None:
        print(_sentence(progress), flush=True)

    def finish(self, path: Path, report: Report) -> None:
        print("\n".join(_summary(path, report)), flush=True)


@dataclass(slots=True)
class _Silent:
    """Only what went wrong."""

    def start(self, path: Path, out: Path) -> None:
        pass

    def page(self, progress: Progress) -> None:
        pass

    def finish(self, path: Path, report: Report) -> None:
        for name, error in report.failed.items():
            sys.stderr.write(f"{path}: {name}: {error}\n")


@dataclass(slots=True)
class _Machine:
    """One JSON object a line."""

    def start(self, path: Path, out: Path) -> None:
        self._tell({"event": "start", "chapter": str(path), "out": str(out)})

    def page(self, progress: Progress) -> None:
        self._tell(
            {
                "event": "page",
                "page": progress.name,
                "number": progress.number,
                "total": progress.total,
                "seconds": progress.seconds,
                "actions": progress.actions,
                "error": progress.error,
                "notes": list(progress.notes),
            }
        )

    def finish(self, path: Path, report: Report) -> None:
        self._tell(
            {
                "event": "finish",
                "chapter": str(path),
                "out": str(report.out),
                "pages": report.pages,
                "done": report.done,
                "failed": report.failed,
                "notes": report.notes,
                "seconds": report.seconds,
                "made": [str(file) for file in report.made],
                "exit": int(report.code),
            }
        )

    def _tell(self, event: dict[str, Any]) -> None:
        print(json.dumps(event, ensure_ascii=False), flush=True)


class _Terminal:
    """A bar with pages and the time left."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console()
        self.bar: Any = None
        self.task: Any = None

    def start(self, path: Path, out: Path) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=self.console, transient=True)
        self.task = self.bar.add_task(path.name, total=None)
        self.bar.start()

    def page(self, progress: Progress) -> None:
        self.bar.update(self.task, total=progress.total, completed=progress.number, description=progress.name)
        if progress.error:
            self.bar.console.print(_sentence(progress), style="red", markup=False, highlight=False)

    def finish(self, path: Path, report: Report) -> None:
        self.bar.stop()
        for line in _summary(path, report):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def status(out: Path, *, as_json: bool) -> int:
    """Tell what a run left: done, failed and why, edited by hand, slowest."""
    from mangaclean import state

    if not (out / manifest.NAME).is_file():
        raise InputError(f"{out}: no {manifest.NAME} in it; give the folder that a run left")
    kept = manifest.load(out)
    errors = {kept.names.get(stem, stem): error for stem, error in kept.errors().items()}
    seconds = {
        kept.names.get(stem, stem): round(sum(record.seconds for record in stages.values()), 2)
        for stem, stages in kept.pages.items()
    }
    slowest = dict(sorted(seconds.items(), key=lambda item: -item[1])[:5])
    edited = list(state.edits(out, kept))
    done = len(kept.pages) - len(errors)
    if as_json:
        print(json.dumps({"done": done, "failed": errors, "edited": edited, "slowest": slowest}, ensure_ascii=False))
    else:
        print(f"{out}: {done} pages done, {len(errors)} failed, {len(edited)} files edited by hand")
        for name, error in errors.items():
            print(f"failed: {name}: {error}")
        for name in edited:
            print(f"edited: {name}")
        for name, spent in slowest.items():
            print(f"slowest: {name}: {spent:.1f} s")
    return int(Exit.SOME_FAILED if errors else Exit.OK)


def export(path: Path, out: Path | None, config: Config) -> int:
    """Make books of what a run left."""
    from mangaclean import summary

    target = out or chapter.destination(path)
    if not (target / manifest.NAME).is_file():
        raise InputError(f"{target}: not cleaned yet; run `mangaclean chapter {path}` first")
    kept = manifest.load(target)
    with open_source(path, config.input) as source:
        for file in summary.export(source, target, config.output.export, kept):
            print(file)
    manifest.save(target, kept)
    return int(Exit.OK)


def doctor(*, as_json: bool) -> int:
    """Tell what is installed, which engines work and how fast this machine is."""
    import os
    import platform
    from importlib import metadata

    from mangaclean import __version__, engines

    packages = {}
    for package in (
        "numpy",
        "opencv-python-headless",
        "pillow",
        "onnxruntime",
        "rapidocr",
        "pypatchmatch",
        "manga-ocr",
    ):
        try:
            packages[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            packages[package] = "not installed"
    works = {
        f"{stage}.{name}": engines.available(stage, name) or "works"
        for stage in engines.ENGINES
        for name in engines.names(stage)
    }
    usable = all(any(works[f"{s}.{n}"] == "works" for n in engines.names(s)) for s in engines.ENGINES)
    speed = _speed() if usable else {}
    facts = {
        "mangaclean": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "packages": packages,
        "engines": works,
        "seconds_a_page": speed,
    }
    if as_json:
        print(json.dumps(facts))
    else:
        print(f"mangaclean {__version__}, Python {facts['python']}, {facts['system']}, {facts['cores']} cores")
        for title, table in (("packages", packages), ("engines", works), ("seconds a page, one worker", speed)):
            print(f"\n{title}")
            for name, value in table.items():
                print(f"  {name:28} {value}")
    return int(Exit.OK if usable else Exit.MISSING)


def _speed() -> dict[str, float]:
    """Seconds for each stage of a drawn page of usual size, engines loaded."""
    from mangaclean.probe import page
    from mangaclean.work import Job, clean

    job = Job("probe.png", "probe", page(), ("segment", "inpaint", "ocr"), Config())
    clean(job)  # loads the engines
    began = time.perf_counter()
    speed = {done.stage: done.seconds for done in clean(job)}
    return speed | {"all": round(time.perf_counter() - began, 2)}
