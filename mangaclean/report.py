"""report.html: every page before and after, what was decided and why, riskiest pages first, in one file."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from mangaclean import __version__
from mangaclean.glances import STRIP, VERSION, layer, shares, tile
from mangaclean.risk import TROUBLES, Blob, Concern, Facts, Trouble, concerns, risk
from mangaclean.types import Box, Region

NAMED = 6  # troubles of one sort that are named


__all__ = ["ReportPage", "layer", "shares", "tile", "write"]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of the report: `tile` is what `tile` made (None: there is no picture).

    `cleaned`, `mask` and `typeset` are where the full files lie, relative to report.html; empty if there are none.
    `layer` is the translation as `layer` drew it, in base 64, `overflow` the ids of regions that it is too long for.
    """

    name: str
    width: int
    height: int
    regions: tuple[Region, ...] = ()
    tile: bytes | None = None
    error: str = ""
    notes: tuple[str, ...] = ()
    cleaned: str = ""
    mask: str = ""
    layer: str = ""
    typeset: str = ""
    overflow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    page: ReportPage
    pictures: dict[str, Any]
    found: tuple[Concern, ...]
    risk: float


def write(title: str, pages: Sequence[ReportPage], language: str = "ja") -> bytes:
    """The whole report. The same pages give the same bytes: it knows no dates and no seconds."""
    from importlib import resources

    read = any(region.text for page in pages for region in page.regions)
    entries = [_entry(number, page, read) for number, page in enumerate(pages, 1)]
    ranked = sorted(entries, key=lambda entry: (-entry.risk, entry.number))
    parts = {
        "title": escape(title),
        "version": escape(__version__),
        "summary": _summary(entries),
        "filters": _filters(entries),
        "index": "".join(_index(entry) for entry in entries),
        "pages": "".join(_article(entry, len(entries), language) for entry in ranked),
    }
    template = resources.files("mangaclean").joinpath("report.html").read_text(encoding="utf-8")
    out = []
    for i, piece in enumerate(template.split("@@")):  # text @@name@@ text …
        out.append(parts[piece] if i % 2 else piece)
    return "".join(out).encode(errors="replace")


def _entry(number: int, page: ReportPage, read: bool) -> _Entry:
    pictures: dict[str, Any] = {}
    if page.tile is not None:
        stored = json.loads(page.tile)
        pictures = stored if stored.get("version") == VERSION else {}
    blobs = pictures.get("blobs")
    facts = Facts(
        page.width,
        page.height,
        page.regions,
        None if blobs is None else tuple(Blob(Box(*blob[:4]), blob[4]) for blob in blobs),
        page.error,
        page.notes,
        page.overflow,
    )
    if page.layer:
        pictures = {**pictures, "typeset": page.layer}
    found = concerns(facts, read)
    return _Entry(number, page, pictures, found, risk(found))


def _summary(entries: Sequence[_Entry]) -> str:
    regions = [region for entry in entries for region in entry.page.regions]
    actions = Counter(region.action for region in regions)
    troubles = Counter(concern.trouble for entry in entries for concern in entry.found)
    figures = [
        (len(entries), "pages", ""),
        (troubles["failed"], "failed", "bad"),
        (sum(_level(entry) == "look" for entry in entries), "to look at", "warn"),
        (len(regions), "regions", ""),
        (actions["fill"], "filled", ""),
        (actions["inpaint"], "inpainted", ""),
        (actions["keep"], "kept", ""),
        (troubles["reading"] + troubles["unread"], "doubtful readings", "warn"),
        *([(troubles["overflow"], "texts too long", "warn")] if any(entry.page.layer for entry in entries) else []),
    ]
    return "".join(f'<li class="{css if count else ""}"><b>{count}</b> {word}</li>' for count, word, css in figures)


def _filters(entries: Sequence[_Entry]) -> str:
    counts = Counter(trouble for entry in entries for trouble in {concern.trouble for concern in entry.found})
    return "".join(
        f'<button type="button" data-trouble="{trouble}" aria-pressed="false">{escape(words)} <b>{counts[trouble]}</b>'
        "</button>"
        for trouble, words in TROUBLES.items()
        if counts[trouble]
    )


def _level(entry: _Entry) -> str:
    return "failed" if entry.page.error else "look" if entry.risk >= 2 else "minor" if entry.risk >= 0.5 else "fine"


def _index(entry: _Entry) -> str:
    name = escape(entry.page.name)
    why = escape("; ".join(f"{TROUBLES[c.trouble]}: {c.text}" for c in entry.found[:3]) or "nothing to report")
    return f'<a class="{_level(entry)}" href="#p{entry.number}" title="{name}: {why}">{entry.number}</a>'


def _article(entry: _Entry, total: int, language: str) -> str:
    page = entry.page
    troubles = " ".join(sorted({concern.trouble for concern in entry.found}))
    links = "".join(
        f' <a href="{escape(href)}" target="_blank">{word}</a>'
        for href, word in ((page.cleaned, "cleaned page"), (page.mask, "mask"), (page.typeset, "typeset page"))
        if href
    )
    return (
        f'<article id="p{entry.number}" class="{_level(entry)}" data-number="{entry.number}" data-risk="{entry.risk}"'
        f' data-name="{escape(page.name.lower())}" data-troubles="{troubles}">'
        f'<header><h2>{escape(page.name)}</h2> <span class="of">page {entry.number} of {total}</span>{links}</header>'
        f'{_stage(entry)}<div class="facts"><ul class="worries">{_worries(entry)}</ul>{_table(entry, language)}</div>'
        "</article>\n"
    )


def _worries(entry: _Entry) -> str:
    """One line for each sort of trouble; the regions named in it light up on the page."""
    sorts: dict[Trouble, list[Concern]] = {}
    for concern in entry.found:
        sorts.setdefault(concern.trouble, []).append(concern)
    lines = []
    for trouble, found in sorts.items():
        words = [f'<span data-region="{escape(c.region)}">{escape(c.text)}</span>' for c in found[:NAMED]]
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        lines.append(f'<li class="{trouble}"><b>{escape(TROUBLES[trouble])}:</b> {", ".join(words)}{more}</li>')
    return "".join(lines)


def _stage(entry: _Entry) -> str:
    page, pictures = entry.page, entry.pictures
    if "original" not in pictures or not page.width or not page.height:
        return '<div class="stage none">no picture of this page</div>'
    data = "".join(
        f' data-{key}="{pictures[key]}"' for key in ("original", "mask", "cleaned", "typeset") if key in pictures
    )
    strip = " strip" if page.height > STRIP * page.width else ""
    mask = '<img class="m" alt="">' if "mask" in pictures else ""
    after = '<img class="c" alt="">' if "cleaned" in pictures else ""
    after += '<img class="t" alt="">' if "typeset" in pictures else ""
    size = max(page.width // 50, 12)
    shapes = "".join(_shape(region, size) for region in page.regions)
    return (
        f'<div class="stage{strip}" style="--ratio:{page.width / page.height:.4f}" tabindex="0" role="slider"'
        f' aria-label="before and after" aria-valuemin="0" aria-valuemax="100" aria-valuenow="50"{data}>'
        f'<div class="pane before"><img class="o" alt="original page"></div>'
        f'<div class="pane masked"><img class="o" alt="">{mask}</div>'
        f'<div class="pane after"><img class="o" alt="cleaned page">{after}</div>'
        f'<svg viewBox="0 0 {page.width} {page.height}" preserveAspectRatio="none">{shapes}</svg>'
        '<i class="cut"></i></div>'
    )


def _shape(region: Region, size: int) -> str:
    """A region's box, its balloon and its number, `size` px high."""
    balloon = f'<rect class="balloon" {_rect(region.bubble)}/>' if region.bubble else ""
    about = escape(f"{region.order} · {region.kind} · {region.action}\n{region.reason}\n{region.text}".strip())
    return (
        f'<g class="{region.kind} {region.action}" data-region="{escape(region.id)}" data-about="{about}">'
        f'{balloon}<rect class="box" {_rect(region.box)}/>'
        f'<text x="{region.box.left + size // 4}" y="{region.box.top - size // 4}" font-size="{size}">'
        f"{region.order}</text></g>"
    )


def _rect(box: Box) -> str:
    return f'x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}"'


def _table(entry: _Entry, language: str) -> str:
    if not entry.page.regions:
        return ""
    doubtful = {concern.region for concern in entry.found if concern.trouble in ("reading", "unread")}
    grave = {concern.region for concern in entry.found if concern.weight >= 1}
    rows = "".join(
        f'<tr data-region="{escape(r.id)}"{" class=grave" if r.id in grave else ""}>'
        f'<td>{r.order}</td><td class="{r.kind}">{r.kind}</td>'
        f'<td><b class="{r.action}">{r.action}</b> {escape(r.reason.removeprefix("kept: "))}{_painter(entry, r)}</td>'
        f'<td lang="{escape(language)}">{escape(r.text).replace(chr(10), "<br>")}</td>'
        f'<td class="{"doubt" if r.id in doubtful else ""}">{f"{r.confidence:.0%}" if r.text else ""}</td></tr>'
        for r in sorted(
            entry.page.regions, key=lambda r: (r.id not in doubtful, r.id not in grave)
        )  # doubt comes first
    )
    return f"<table><thead><tr><th>#<th>kind<th>decision<th>reading<th>sure</thead><tbody>{rows}</tbody></table>"


def _painter(entry: _Entry, region: Region) -> str:
    """What was painted over a region: its ground's own tone, an engine's picture, or so much of each."""
    share = entry.pictures.get("shares", {}).get(region.id)
    if share is None or region.action == "keep":
        return ""
    engine = escape(str(entry.pictures.get("engine", "")))
    words = "own tone" if share == 0 else engine if share == 1 else f"{engine} {max(share, 0.01):.0%}, own tone"
    return f" <small>({words})</small>"
