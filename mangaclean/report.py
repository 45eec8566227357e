"""report.html: every page before and after, what was decided and why, riskiest pages first, in one file."""

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mangaclean import __version__
from mangaclean.risk import TROUBLES, Blob, Concern, Facts, Trouble, concerns, risk
from mangaclean.types import Box, Image, Mask, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
HEIGHT = 1000  # px of a page in the report
STRIP = 2.5  # height / width from which a page is a strip, whose width has to stay readable
STRIP_PIXELS = 3_000_000
LONGEST = 16_000  # px; WebP ends at 16,383
QUALITY = 60
NAMED = 6  # troubles of one sort that are named
CELL = 8  # source px; the mask is described in cells of this size


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of the report: `tile` is what `tile` made (None: there is no picture).

    `original`, `cleaned` and `mask` are where the full files lie, relative to report.html; empty if there are none.
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


def tile(original: Image, mask: Mask | None, cleaned: Image | None) -> bytes:
    """What the report shows of a page, as JSON to keep: small pictures, and where the mask lies.

    Made once, in the worker that has the arrays at hand. Of the cleaned page only what differs is stored.
    """
    import cv2
    import numpy as np

    height, width = original.shape[:2]
    size = _shown(width, height)
    small = cv2.resize(original, size, interpolation=cv2.INTER_AREA)
    made: dict[str, Any] = {"version": VERSION, "original": _webp(small)}
    if mask is not None:
        full = mask.astype(np.uint8) * 255
        made["mask"] = _overlay(cv2.resize(full, size, interpolation=cv2.INTER_AREA) >= 64)
        made["blobs"] = _blobs(full)
    if cleaned is not None:
        after = cv2.resize(cleaned, size, interpolation=cv2.INTER_AREA)
        red, green, blue = cv2.split(cv2.absdiff(after, small))
        differs = cv2.bitwise_or(cv2.bitwise_or(red, green), blue) > 0
        alpha = cv2.dilate(differs.astype(np.uint8), np.ones((3, 3), np.uint8)) * 255
        made["cleaned"] = _webp(np.dstack([np.where(alpha[..., None] > 0, after, 255).astype(np.uint8), alpha]))
    return json.dumps(made, separators=(",", ":")).encode()


def _shown(width: int, height: int) -> tuple[int, int]:
    scale = HEIGHT / height
    if height > STRIP * width:
        scale = min((STRIP_PIXELS / (width * height)) ** 0.5, LONGEST / height)
    scale = min(scale, 1.0, LONGEST / width)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _webp(image: "NDArray[Any]") -> str:
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.fromarray(image).save(out, "WEBP", quality=QUALITY, method=2)
    return base64.b64encode(out.getvalue()).decode()


def _overlay(mask: Mask) -> str:
    from PIL import Image as Pillow

    picture = Pillow.fromarray(mask).convert("1").convert("P")
    picture = picture.point([0] * 255 + [1])
    picture.putpalette([255, 0, 60, 255, 0, 60])
    out = io.BytesIO()
    picture.save(out, "PNG", bits=1, transparency=bytes([0, 255]), optimize=False)
    return base64.b64encode(out.getvalue()).decode()


def _blobs(full: "NDArray[np.uint8]") -> list[list[int]]:
    """Patches of a 0/255 mask as [left, top, right, bottom, area], in source pixels."""
    import cv2
    import numpy as np

    height, width = full.shape
    cells = (max(-(-width // CELL), 1), max(-(-height // CELL), 1))
    padded = np.zeros((cells[1] * CELL, cells[0] * CELL), np.uint8)
    padded[:height, :width] = full > 0
    filled = padded.reshape(cells[1], CELL, cells[0], CELL).sum(axis=(1, 3), dtype=np.int64)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((filled > 0).astype(np.uint8))
    areas = np.bincount(labels.ravel(), weights=filled.ravel(), minlength=count)
    return [
        [left * CELL, top * CELL, min((left + w) * CELL, width), min((top + h) * CELL, height), int(areas[i])]
        for i, (left, top, w, h, _) in enumerate(stats.tolist())
        if i
    ]


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
    )
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
        for href, word in ((page.cleaned, "cleaned page"), (page.mask, "mask"))
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
    data = "".join(f' data-{key}="{pictures[key]}"' for key in ("original", "mask", "cleaned") if key in pictures)
    strip = " strip" if page.height > STRIP * page.width else ""
    mask = '<img class="m" alt="">' if "mask" in pictures else ""
    after = '<img class="c" alt="">' if "cleaned" in pictures else ""
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
        f'<td><b class="{r.action}">{r.action}</b> {escape(r.reason.removeprefix("kept: "))}</td>'
        f'<td lang="{escape(language)}">{escape(r.text).replace(chr(10), "<br>")}</td>'
        f'<td class="{"doubt" if r.id in doubtful else ""}">{f"{r.confidence:.0%}" if r.text else ""}</td></tr>'
        for r in entry.page.regions
    )
    return f"<table><thead><tr><th>#<th>kind<th>decision<th>reading<th>sure</thead><tbody>{rows}</tbody></table>"
