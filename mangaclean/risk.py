"""How likely a cleaned page needs a person's eye, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mangaclean.types import Box, Region

Trouble = Literal[
    "failed", "art", "outside", "unerased", "large", "balloon", "reading", "unread", "overflow", "empty", "note"
]

TROUBLES: dict[Trouble, str] = {
    "failed": "failed",
    "art": "painted on art",
    "outside": "erased outside regions",
    "unerased": "nothing erased",
    "large": "much erased",
    "balloon": "kept in a balloon",
    "reading": "doubtful reading",
    "unread": "not read",
    "overflow": "text too long",
    "empty": "no lettering",
    "note": "notes",
}

SURE = 0.8  # confidence under which a reading is doubtful
MUCH = 0.15  # share of a page that lettering rarely takes
REACH = 16  # px round a region's box that its mask may take


class Blob(NamedTuple):
    """A patch of the mask: where it lies, and how many of its pixels are to be erased."""

    box: Box
    area: int


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing about a page that a person should look at; `region` is an id, or empty. `text` goes with TROUBLES."""

    trouble: Trouble
    weight: float
    text: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a page: its size, its regions, its mask (None: not drawn), and what went wrong."""

    width: int
    height: int
    regions: tuple[Region, ...]
    blobs: tuple[Blob, ...] | None
    error: str = ""
    notes: tuple[str, ...] = ()
    overflow: tuple[str, ...] = ()


def concerns(facts: Facts, read: bool = True) -> tuple[Concern, ...]:
    """The page's troubles, gravest first. Without `read` nobody tried to read, and missing text is no trouble."""
    found = [*_about_run(facts), *_about_mask(facts), *_about_text(facts, read)]
    return tuple(sorted(found, key=lambda concern: -concern.weight))


def risk(found: tuple[Concern, ...]) -> float:
    """One figure to sort pages by: 0 for a page without concerns, 1000 and more for one that failed.

    Many small troubles of one sort never outweigh a grave one: each sort counts up to 5.
    """
    sums: dict[Trouble, float] = {}
    for concern in found:
        sums[concern.trouble] = sums.get(concern.trouble, 0.0) + concern.weight
    return round(sum(total if trouble == "failed" else min(total, 5.0) for trouble, total in sums.items()), 3)


def _about_run(facts: Facts) -> Iterator[Concern]:
    if facts.error:
        yield Concern("failed", 1000.0, facts.error)
    elif not facts.regions and not facts.blobs:
        yield Concern("empty", 0.4, "none was found")
    orders = {region.id: region.order for region in facts.regions}
    for region in facts.overflow:  # a person's own regions have no number yet
        yield Concern("overflow", 1.5, f"region {orders.get(region, region)}", region)
    for note in facts.notes:
        yield Concern("note", 0.1, note)


def _about_mask(facts: Facts) -> Iterator[Concern]:
    if facts.blobs is None:
        return
    page = max(facts.width * facts.height, 1)
    cleaned = [region for region in facts.regions if region.action != "keep"]
    homes = {region.id: region.box.grown(REACH, facts.width, facts.height) for region in cleaned}
    total = sum(blob.area for blob in facts.blobs)
    if total > MUCH * page:
        yield Concern("large", 3.0, f"{_percent(total / page)} of the page")
    stray = sum(blob.area for blob in facts.blobs if sum(map(blob.box.overlap, homes.values())) < blob.box.area / 2)
    if stray > 1e-5 * page:
        share = stray / page
        yield Concern("outside", 1.5 + min(100 * share, 3.0), f"{_percent(share)} of the page")
    for region in cleaned:
        home = homes[region.id]
        area = sum(blob.area * blob.box.overlap(home) / max(blob.box.area, 1) for blob in facts.blobs)
        if not area:
            yield Concern("unerased", 1.0, f"region {region.order}", region.id)
        elif region.action == "inpaint":
            share = area / page
            text = f"region {region.order} ({_percent(share)} of the page)"
            yield Concern("art", 0.5 + min(200 * share, 3.0), text, region.id)


def _about_text(facts: Facts, read: bool) -> Iterator[Concern]:
    for region in facts.regions:
        if region.action == "keep":
            if region.bubble is not None and region.kind in ("speech", "thought", "caption"):
                yield Concern("balloon", 1.0, f"region {region.order} ({region.reason})", region.id)
        elif not read:
            continue
        elif not region.text:
            yield Concern("unread", 0.5, f"region {region.order}", region.id)
        elif region.confidence < SURE:
            sure = f"{region.confidence:.0%}"
            yield Concern("reading", 0.2 + SURE - region.confidence, f"region {region.order} ({sure})", region.id)


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%"
