"""Entries of a file put onto the regions of text.json: by id, then by place, then by their number on the page."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from mangaclean.interchange import Entry, in_order
from mangaclean.interchange.labelplus import point
from mangaclean.interchange.plaintext import unbroken
from mangaclean.textmodels import PageModel, RegionModel, TextFile
from mangaclean.types import Box

NEAR = 0.5  # share of the smaller of two boxes that lies in the other, from which they may be one region
BESIDE = 0.03  # of the page's shorter side: how far beside a region a label may stand

Pairs = dict[int, int]  # index of an entry → index of a region


@dataclass(frozen=True, slots=True)
class Change:
    """A translation that took the place of another."""

    page: str
    id: str
    before: str
    after: str


@dataclass(slots=True)
class Placed:
    """text.json with the translations in it, and what became of each entry."""

    text: TextFile
    added: int = 0
    same: int = 0
    empty: int = 0
    changed: list[Change] = field(default_factory=list)
    lost: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def place(text: TextFile, entries: Sequence[Entry]) -> Placed:
    """`text` with the translations of `entries`; only non-empty ones that differ replace what is there."""
    made = Placed(text)
    find = _finder(text)
    groups: dict[int | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[find(entry)].append(entry)
    for entry in groups.pop(None, []):
        _lose(made, entry)
    pages = list(text.pages)
    for index, group in sorted((i, group) for i, group in groups.items() if i is not None):
        pages[index] = _page(made, pages[index], group)
    made.text = text.model_copy(update={"pages": pages})
    return made


def _finder(text: TextFile) -> Callable[[Entry], int | None]:
    """Which page an entry means: by its name, whatever folder or suffix it has there, or by the id of its region."""
    exact = {page.page: i for i, page in reversed(list(enumerate(text.pages)))}
    names, stems, ids = (defaultdict[str, set[int]](set) for _ in range(3))
    for i, page in enumerate(text.pages):
        path = PurePosixPath(page.page.strip().casefold())
        names[path.name].add(i)
        stems[path.stem].add(i)
        for region in page.regions:
            ids[region.id].add(i)

    def find(entry: Entry) -> int | None:
        if entry.page in exact:
            return exact[entry.page]
        path = PurePosixPath(entry.page.strip().casefold().replace("\\", "/"))
        for table, key in ((names, path.name), (stems, path.stem), (ids, entry.id)):
            if key and len(table.get(key, ())) == 1:
                return min(table[key])
        return None

    return find


def _page(made: Placed, page: PageModel, entries: Sequence[Entry]) -> PageModel:
    regions = in_order(page)
    pairs = _by_id(regions, entries)
    _by_place(page, regions, entries, pairs)
    _by_number(regions, entries, pairs)
    if len(entries) != len(regions) and not any(entry.id or entry.box or entry.point for entry in entries):
        made.notes.append(
            f"{page.page}: {len(entries)} texts in the file, {len(regions)} regions here, matched by their numbers; "
            "look at this page"
        )
    words: dict[str, str] = {}
    for e, entry in enumerate(entries):
        if e not in pairs:
            _lose(made, entry)
            continue
        region = regions[pairs[e]]
        if _empty(entry, region):
            made.empty += 1
        elif _same(entry, region.translation):
            made.same += 1
        else:
            words[region.id] = entry.translation
            if region.translation.strip():
                made.changed.append(Change(page.page, region.id, region.translation, entry.translation))
            else:
                made.added += 1
    if not words:
        return page
    new = [
        region.model_copy(update={"translation": words[region.id]}) if region.id in words else region
        for region in page.regions
    ]
    return page.model_copy(update={"regions": new})


def _lose(made: Placed, entry: Entry) -> None:
    if entry.translation.strip():
        made.lost.append(entry)
    else:
        made.empty += 1


def _empty(entry: Entry, region: RegionModel) -> bool:
    untouched = entry.plain and _same(entry, region.text) and not _same(entry, region.translation)
    return untouched or not entry.translation.strip()


def _same(entry: Entry, text: str) -> bool:
    if not entry.plain:
        return unbroken(entry.translation) == unbroken(text)
    a, b = ([line.strip() for line in unbroken(t).split("\n") if line.strip()] for t in (entry.translation, text))
    return a == b


def _by_id(regions: Sequence[RegionModel], entries: Sequence[Entry]) -> Pairs:
    ids = {region.id: r for r, region in enumerate(regions)}
    pairs: Pairs = {}
    for e, entry in enumerate(entries):
        r = ids.get(entry.id) if entry.id else None
        if r is not None and r not in pairs.values():
            pairs[e] = r
    return pairs


def _by_place(page: PageModel, regions: Sequence[RegionModel], entries: Sequence[Entry], pairs: Pairs) -> None:
    """The best pairs first; where two fit equally well, those that are nearest in order."""
    taken = set(pairs.values())
    found = sorted(
        (*fit, abs(entry.number - 1 - r), e, r)
        for e, entry in enumerate(entries)
        if e not in pairs
        for r, region in enumerate(regions)
        if r not in taken and (fit := _fit(page, region, entry))
    )
    for *_, e, r in found:
        if e not in pairs and r not in taken:
            pairs[e] = r
            taken.add(r)


def _fit(page: PageModel, region: RegionModel, entry: Entry) -> tuple[int, float] | None:
    """How badly a region and an entry fit by place, smaller is better; None if not at all."""
    own = Box(*region.box)
    if entry.box is not None:
        box = _scaled(entry.box, entry.size, page)
        both = own.overlap(box)
        if not both or both < NEAR * min(own.area, box.area):
            return None
        return 0, -both / (own.area + box.area - both)
    if entry.point is None:
        return None
    (x, y), (own_x, own_y) = entry.point, point(page, region)
    away = ((x - own_x) * page.width) ** 2 + ((y - own_y) * page.height) ** 2
    if away == 0:
        return 0, 0.0
    spot = x * page.width, y * page.height
    if _within(own, spot, 0):
        return 1, away
    if region.bubble is not None and _within(Box(*region.bubble), spot, 0):
        return 2, away
    return (3, away) if _within(own, spot, BESIDE * min(page.width, page.height)) else None


def _within(box: Box, spot: tuple[float, float], by: float) -> bool:
    x, y = spot
    return box.left - by <= x <= box.right + by and box.top - by <= y <= box.bottom + by


def _scaled(box: Box, size: tuple[int, int] | None, page: PageModel) -> Box:
    """A box of a page that was worked on in another size."""
    if size is None or size == (page.width, page.height) or min(size) <= 0:
        return box
    x, y = page.width / size[0], page.height / size[1]
    return Box(round(box.left * x), round(box.top * y), round(box.right * x), round(box.bottom * y))


def _by_number(regions: Sequence[RegionModel], entries: Sequence[Entry], pairs: Pairs) -> None:
    """What has no place in its file goes by its number; so do all, if none fits by place and they are as many."""
    whole = not pairs and len(entries) == len(regions)
    taken = set(pairs.values())
    for e, entry in enumerate(entries):
        r = entry.number - 1
        placeless = entry.box is None and entry.point is None
        if e not in pairs and (placeless or whole) and 0 <= r < len(regions) and r not in taken:
            pairs[e] = r
            taken.add(r)
