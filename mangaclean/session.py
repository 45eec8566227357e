"""What the commands do between parsing and exiting: chapters one after another, told as they go."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mangaclean import chapter, forecast, manifest
from mangaclean.archives import chapters
from mangaclean.chapter import Choice
from mangaclean.config import Config
from mangaclean.errors import Exit, InputError
from mangaclean.pagenames import page_numbers as page_numbers
from mangaclean.telling import Reporter


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
    for one, target in zip(found, _targets(path, found, out, recursive), strict=True):
        try:
            if only_plan:
                pages = chapter.plan(one, target, config, choice)
                seconds, how = forecast.estimate(one, target, config, [todo for _, todo in pages])
                show.plan(one, target, pages, seconds, how)
                continue
            show.start(one, target)
            try:
                report = chapter.run(one, target, config, choice, show.page)
            finally:
                show.stop()
        except InputError as error:
            if len(found) == 1:
                raise
            show.lost(one, error)
            code = Exit.SOME_FAILED
            continue
        show.finish(one, report)
        code = report.code or code
    return int(code)


def _targets(root: Path, found: Sequence[Path], out: Path | None, recursive: bool) -> list[Path]:
    """Where each chapter goes; ch1 and ch1.cbz side by side do not go to one place."""
    if not recursive or list(found) == [root]:
        return [out or chapter.destination(one) for one in found]
    folder = out or chapter.destination(root)
    names = [one.relative_to(root) for one in found]
    short = [name if one.is_dir() else name.with_suffix("") for name, one in zip(names, found, strict=True)]
    taken = Counter(str(name).casefold() for name in short)
    return [folder / (a if taken[str(a).casefold()] == 1 else b) for a, b in zip(short, names, strict=True)]


def typeset(out: Path, config: Config, choice: Choice, show: Reporter) -> int:
    """Set the translations of a chapter that was cleaned."""
    from mangaclean import typesetting

    show.start(out, out)
    try:
        report = typesetting.run(out, config, choice, show.page)
    finally:
        show.stop()
    show.finish(out, report)
    return int(report.code)


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
