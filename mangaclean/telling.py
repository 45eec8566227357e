"""How a run tells of itself: plain lines, a bar on a terminal, JSON for machines, or only what went wrong."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from mangaclean.chapter import Progress, Report
from mangaclean.errors import MangacleanError
from mangaclean.state import Todo

Plan = Sequence[tuple[str, Todo]]


class Reporter(Protocol):
    """Tells a person or a machine how the work goes; `stop` comes however a chapter ends, `finish` if it ended well."""

    def start(self, path: Path, out: Path) -> None: ...
    def page(self, progress: Progress) -> None: ...
    def stop(self) -> None: ...
    def finish(self, path: Path, report: Report) -> None: ...
    def lost(self, path: Path, error: MangacleanError) -> None: ...
    def plan(self, path: Path, out: Path, pages: Plan, seconds: float, how: str) -> None: ...


def reporter(*, json: bool, quiet: bool) -> Reporter:
    """For machines, for a terminal, for a log, or silent."""
    if json:
        return _Machine()
    if quiet:
        return _Silent()
    if sys.stdout.isatty():
        return _Terminal()
    return _Lines()


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _sentence(progress: Progress) -> str:
    words = {"fill": "filled", "inpaint": "inpainted", "keep": "kept", "set": "set"}
    parts = [f"{sum(progress.actions.values())} regions"]
    parts += [f"{progress.actions[action]} {word}" for action, word in words.items() if progress.actions.get(action)]
    what = f"failed: {progress.error}" if progress.error else ", ".join(parts)
    return f"page {progress.number}/{progress.total} {progress.name}: {what} ({progress.seconds:.1f} s)"


_DIRECTIONS = {"rtl": "read right to left", "ltr": "read left to right", "ttb": "read downwards"}


def _summary(path: Path, report: Report) -> list[str]:
    lines = [f"note: {note}" for note in report.notes]
    lines += [f"failed: {name}: {error}" for name, error in report.failed.items()]
    fresh = report.pages - report.done - len(report.failed)
    read = f"; {_DIRECTIONS[report.guess]}, by its lettering (else: --direction)" if report.guess else ""
    counts = f"{report.done} pages done, {fresh} up to date or left out, {len(report.failed)} failed"
    return [*lines, f"{path}: {counts} in {_duration(report.seconds)}; results in {report.out}{read}"]


class _Lines:
    """Plain lines, for logs and pipes."""

    def start(self, path: Path, out: Path) -> None:
        pass

    def page(self, progress: Progress) -> None:
        print(_sentence(progress), flush=True)

    def finish(self, path: Path, report: Report) -> None:
        print("\n".join(_summary(path, report)), flush=True)

    def stop(self) -> None:
        pass

    def lost(self, path: Path, error: MangacleanError) -> None:
        sys.stderr.write(f"mangaclean: {error}\n")

    def plan(self, path: Path, out: Path, pages: Plan, seconds: float, how: str) -> None:
        for name, todo in pages:
            print(f"{name}: {', '.join(todo.stages)}")
        if pages:
            print(f"{path}: {len(pages)} pages, about {_duration(seconds)} ({how}); results go to {out}")
        else:
            print(f"{path}: nothing to do, {out} is up to date")


class _Silent(_Lines):
    """Only what went wrong."""

    def page(self, progress: Progress) -> None:
        pass

    def finish(self, path: Path, report: Report) -> None:
        for name, error in report.failed.items():
            sys.stderr.write(f"{path}: {name}: {error}\n")


class _Machine(_Lines):
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
                "guessed": report.guess,
                "made": [str(file) for file in report.made],
                "exit": int(report.code),
            }
        )

    def lost(self, path: Path, error: MangacleanError) -> None:
        self._tell({"event": "lost", "chapter": str(path), "error": str(error), "exit": int(error.code)})

    def plan(self, path: Path, out: Path, pages: Plan, seconds: float, how: str) -> None:
        todo = {name: list(todo.stages) for name, todo in pages}
        self._tell(
            {"event": "plan", "chapter": str(path), "out": str(out), "pages": todo, "seconds": seconds, "how": how}
        )

    def _tell(self, event: dict[str, Any]) -> None:
        print(json.dumps(event, ensure_ascii=False), flush=True)


class _Terminal(_Lines):
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

    def stop(self) -> None:
        self.bar.stop()  # else the cursor stays hidden

    def finish(self, path: Path, report: Report) -> None:
        for line in _summary(path, report):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
