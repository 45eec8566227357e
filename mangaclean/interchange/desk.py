"""The translators' desk: text.json given out in their formats, taken in again, and looked over."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mangaclean import chapter, edition, files, interchange, manifest, textcheck, textfile
from mangaclean.errors import Exit, InputError, OutputError, UsageError
from mangaclean.interchange import Volume
from mangaclean.interchange.placing import Placed, place

if TYPE_CHECKING:
    from mangaclean.textmodels import TextFile

SHORT = 60  # letters of a text that a message shows


def give(out: Path, to: Path, form: str, *, force: bool) -> int:
    """Write text.json as a file of another format. A file that is there already may hold work: it takes `force`."""
    text = _text(out)
    form = form or interchange.by_suffix(to.name)
    writer = interchange.load(form)
    if to.resolve() in {(out / name).resolve() for name in (edition.NAME, manifest.NAME)}:
        raise UsageError(f"--to {to} is a file of the program itself; choose another name")
    data = writer.write(text, _volume(out))
    if to.exists() and not force and (to.is_dir() or to.read_bytes() != data):
        raise OutputError(f"{to} exists already; choose another name, or add --force to replace it")
    files.write(to, data)
    regions = sum(len(page.regions) for page in text.pages)
    print(f"{to}: {regions} regions of {len(text.pages)} pages as {form}")
    return int(Exit.OK)


def take(out: Path, path: Path, form: str, *, as_json: bool) -> int:
    """Put the translations of a file into text.json; some that have no place there are told, and make the code 6."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    guessed = not form
    form = form or interchange.guess(path.name, data)
    entries = interchange.load(form).read(data, str(path))
    _text(out)  # before the lock, which makes the folder
    with chapter.locked(out):
        text = _text(out)
        placed = place(text, entries)
        if placed.added or placed.changed:
            files.write(out / edition.NAME, textfile.dump(placed.text))
    if as_json:
        print(json.dumps({"format": form, **_facts(placed)}, ensure_ascii=False))
    else:
        if guessed:
            print(f"{path}: taken for {form}")
        for line in _lines(placed):
            print(line)
        print(f"{out / edition.NAME}: {_sum(placed)}")
    return int(Exit.SOME_FAILED if placed.lost else Exit.OK)


def _facts(placed: Placed) -> dict[str, Any]:
    return {
        "added": placed.added,
        "changed": [{"page": c.page, "id": c.id, "before": c.before, "after": c.after} for c in placed.changed],
        "same": placed.same,
        "empty": placed.empty,
        "lost": [{"page": e.page, "number": e.number, "translation": e.translation} for e in placed.lost],
        "notes": placed.notes,
    }


def _lines(placed: Placed) -> list[str]:
    lines = [f"note: {note}" for note in placed.notes]
    lines += [f"changed: {c.page} {c.id}: {_short(c.before)} → {_short(c.after)}" for c in placed.changed]
    return lines + [f"no place for: {e.page} {e.number}: {_short(e.translation)}" for e in placed.lost]


def _sum(placed: Placed) -> str:
    parts = [
        f"{placed.added} translations put in",
        f"{len(placed.changed)} changed",
        f"{placed.same} as they were",
        f"{placed.empty} not translated",
    ]
    return ", ".join(parts) + (f", {len(placed.lost)} without a place (put those in by hand)" if placed.lost else "")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= SHORT else text[: SHORT - 1] + "…")


def check(out: Path, font: Path | None, *, as_json: bool) -> int:
    """Look the translations over; findings make the code 6."""
    text = _text(out)
    lacks = textcheck.lacking(font) if font else None
    findings = textcheck.check(text, lacks)
    regions = sum(len(page.regions) for page in text.pages)
    if as_json:
        rows = [{"page": f.page, "order": f.order, "id": f.id, "problem": f.problem, "said": f.said} for f in findings]
        print(json.dumps({"regions": regions, "findings": rows}, ensure_ascii=False))
    else:
        _tell(findings)
        counts = Counter(finding.problem for finding in findings)
        what = ", ".join(f"{problem} {number}" for problem, number in counts.most_common())
        print(f"{out}: {regions} regions, {len(findings)} findings" + (f": {what}" if what else ""))
        if counts["long"]:
            print(textcheck.HOW_LONG)
    return int(Exit.SOME_FAILED if findings else Exit.OK)


def _tell(findings: Sequence[textcheck.Finding]) -> None:
    """A table on a terminal; a line for each elsewhere, where nothing may be cut off."""
    if not sys.stdout.isatty():
        for f in findings:
            print(f"{f.page} {f.order} ({f.id}): {f.problem}: {f.said}")
        return
    if not findings:
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("page", "no.", "region", "problem", "what")
    for f in findings:
        table.add_row(*(Text(word) for word in (f.page, str(f.order), f.id, f.problem, f.said)))
    Console().print(table)


def _text(out: Path) -> "TextFile":
    path = out / edition.NAME
    if not path.is_file():
        raise InputError(f"{out}: no {edition.NAME} in it; give the folder that `mangaclean chapter` left")
    return textfile.load(path)


def _volume(out: Path) -> Volume:
    kept = manifest.load(out)
    folder = out.resolve()
    return Volume(folder.parent.name or folder.name, kept.source or folder.name.removesuffix("-cleaned"))
