"""From what a segmenter saw to regions: their strokes, their kind, and what is to be done with each and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mangaclean import added, appearance, bubbles, drawn, letters, masks, outlines, panels, strokes
from mangaclean.blocks import Block, group
from mangaclean.bubbles import Bubble
from mangaclean.config import SegmentConfig
from mangaclean.strokes import Levels, box_of, corners_of, filled, grown, ink_of, tone_of
from mangaclean.types import Action, Box, Detection, Finding, Image, Kind, Line, Mask, Region, Wish

# Mean confidence of reading from which lettering is taken for lettering at all, for a text, and for print.
LETTERING, TEXT, PRINT = 0.25, 0.6, 0.85
MARKS = frozenset("oO0〇○◯。Q@●IlL|1-一ー")  # what eyes, buttons and lines of art are read as
KANA = re.compile("[ぁ-ゖァ-ヺ]")
FLAT = 6.0  # standard deviation of a ground, in levels, up to which it is flat
UNKNOWN = 99.0  # stands for the deviation of a ground of which nothing can be seen
CREDITS = 300  # letters of one block from which it is taken for credits or an afterword
LISTED = 0.7  # share of a page's letters that stand in such blocks, from which all of it is
CRY = 4  # letters of a line, up to which kana on art are a sound effect
DISPLAY, POSTER = 1.8, 3.0  # times the page's body size from which open lettering is no text, or none with ideographs


UNSEEN, CONFIRMED = 0.12, 0.6  # mean probability over a block's strokes: no lettering to the network, surely some
HOME = 0.7  # share of drawn lettering in a balloon from which it is part of that balloon's text
BACKED = 0.8  # share of a stroke on open ground that the network must see, too
EDGE = 0.15  # em: letters that touch a balloon's outline are at least as wide and high
SPECK = 0.6  # share of a dot's ink that the network sees
IN_BALLOON = 128  # of 255: mean probability of balloon round drawn letters


@dataclass(frozen=True, slots=True)
class _Traced:
    """A block with its strokes and its mask, both (h, w) in a window of the page, and its ground's deviation."""

    block: Block
    window: Box
    strokes: Mask
    mask: Mask
    sigma: float

    @property
    def flat(self) -> bool:
        return self.sigma <= FLAT


def detect(image: Image, finding: Finding, cfg: SegmentConfig, wishes: Sequence[Wish] = ()) -> Detection:
    """Regions of a page (H, W, 3) in reading order, and the mask (H, W) of those that are to be erased, as wished."""
    lines = [line for line in finding.lines if min(box_of(line).width, box_of(line).height) >= 4]
    blocks = group(lines, bubbles.find(image, lines))
    sizes = [block.em for block in blocks if block.bubble] or [block.em for block in blocks]
    body = float(np.median(sizes)) if sizes else 0.0
    lists = [len(block.text) for block in blocks if len(block.text) > CREDITS]
    page_of_credits = sum(lists) > LISTED * sum(len(block.text) for block in blocks)
    seen = drawn.lettering(finding)
    mask = np.zeros(image.shape[:2], bool)
    lined = filled(lines, Box(0, 0, image.shape[1], image.shape[0]))
    taken = lined.copy()
    regions: list[Region] = []
    homes: list[Bubble | None] = []
    cleaned: list[Bubble] = []
    for block in blocks:
        credits = page_of_credits or len(block.text) > CREDITS
        traced = _trace(image, block, seen, lined)
        taken[traced.window.slices] |= traced.mask
        # The blocks of one balloon answer for each other: a lone kana reads badly.
        company = [line for other in blocks if other.bubble is block.bubble is not None for line in other.lines]
        legible = max(legibility(block.lines), legibility(company))
        kind: Kind = "other" if credits else _kind(traced, legible, body)
        if seen is not None and not credits:
            kind = _confirmed(traced, kind, seen, legible)
        alone = block.bubble is not None and sum(other.bubble is block.bubble for other in blocks) == 1
        if kind == "speech" and block.bubble and alone and outlines.is_thought(block.bubble.inside):
            kind = "thought"
        action, reason = _decide(traced, kind, credits, cfg)
        regions.append(_region(image, traced, kind, action, reason))
        if _wanted(regions[-1], wishes) != "keep":
            mask[traced.window.slices] |= traced.mask
            cleaned += [block.bubble] if block.bubble else []
        homes.append(block.bubble)
    if seen is not None:
        for traced in _effects(image, finding, seen, taken):
            inside = _home(traced, cleaned)
            if inside is not None:  # a mark beside a balloon's text is part of it
                mask[traced.window.slices] |= traced.mask & inside
                continue
            kind = "other" if page_of_credits else "speech" if traced.block.bubble else "sfx"
            action, reason = _decide(traced, kind, page_of_credits, cfg)
            regions.append(_region(image, traced, kind, action, reason))
            if _wanted(regions[-1], wishes) != "keep":
                mask[traced.window.slices] |= traced.mask
            homes.append(traced.block.bubble)
    regions = [_housed(i, regions, homes) for i in range(len(regions))]
    notes = []
    for wish in wishes:
        if wish.outline:
            window, lettering, how = added.find(image, wish, seen)
            mask[window.slices] |= lettering
            notes.append(f"{wish.id}: added by hand; {how}")
    return Detection(mask, panels.ordered(image, regions, cfg.direction), tuple(notes))


def _housed(i: int, regions: Sequence[Region], homes: Sequence[Bubble | None]) -> Region:
    """A region with the outline of its balloon, or of its own part where several texts stand in it, and its room."""
    region, bubble = regions[i], homes[i]
    if bubble is None:
        return region
    others = [other.box for other, home in zip(regions, homes, strict=True) if home is bubble and other is not region]
    inside = outlines.own(bubble, region.box, others)
    return replace(region, balloon=outlines.polygon(inside, bubble.box), room=outlines.room(inside, bubble.box))


def _wanted(region: Region, wishes: Sequence[Wish]) -> Action:
    """What is to be done with a region, by a person's wish for its place if there is one."""
    for _, box, action, _ in wishes:
        if 2 * region.box.overlap(box) > max(region.box.area, box.area):
            return action
    return region.action


def legibility(lines: Sequence[Line]) -> float:
    """Mean confidence of what was read in lines, each weighted by its length in letters; 0 for no lines."""
    weights = [len(line.text) or 1 for line in lines]
    return float(np.average([line.confidence for line in lines], weights=weights)) if lines else 0.0


def _confirmed(traced: _Traced, kind: Kind, seen: Levels, legible: float) -> Kind:
    """A block's kind after a second look by the network: what it does not see is no lettering, unless it reads well."""
    support = float(seen[traced.window.slices][traced.strokes].mean()) / 255 if traced.strokes.any() else 0.0
    if support < UNSEEN and legible < PRINT and not (traced.block.bubble and traced.flat):
        return "other"
    if kind == "other" and support > CONFIRMED:
        return "speech" if traced.block.bubble and traced.flat else "sfx"
    return kind


def _effects(image: Image, finding: Finding, seen: Levels, taken: Mask) -> list[_Traced]:
    """Lettering that only the network sees, as blocks of one line: in a balloon, or on art."""
    found = []
    for effect in drawn.find(letters.whole(image, seen, drawn.marks(seen), drawn.SEEN, drawn.SURE), seen, taken):
        window = effect.window.grown(round(0.3 * effect.em) + 8, image.shape[1], image.shape[0])
        strokes = np.zeros((window.height, window.width), bool)
        top, left = effect.window.top - window.top, effect.window.left - window.left
        strokes[top : top + effect.window.height, left : left + effect.window.width] = effect.strokes
        mask = masks.dilated(strokes, np.zeros_like(strokes), effect.em, balloon=False)
        sigma = _sigma(image[window.slices], mask, np.zeros_like(mask))
        ring = grown(mask, 4) & ~mask
        bubble = None
        if finding.bubbles is not None and sigma <= FLAT and finding.bubbles[window.slices][ring].mean() > IN_BALLOON:
            # The network takes eyes and teeth for balloons now and then: what is one, has an outline that closes.
            bubble = bubbles.find(image, [effect.line])[0]
        found.append(
            _Traced(Block((effect.line,), (), bubble, effect.vertical, effect.em), window, strokes, mask, sigma)
        )
    return found


def _home(traced: _Traced, cleaned: Sequence[Bubble]) -> Mask | None:
    """The inside, in a block's window, of the balloon that it stands in, among those whose text goes."""
    for bubble in cleaned:
        if bubble.box.overlap(traced.window):
            inside = bubble.window(traced.window)
            if _share(traced.strokes, inside) > HOME:
                return inside
    return None


def _trace(image: Image, block: Block, seen: Levels | None, lined: Mask) -> _Traced:
    every = block.lines + block.ruby
    around = box_of(every[0])
    for line in every[1:]:
        around = around.union(box_of(line))
    window = around.grown(round(1.3 * block.em) + 8, image.shape[1], image.shape[0])
    page = image[window.slices]
    far = ink_of(page, np.median([tone_of(image, line) for line in block.lines], axis=0).astype(np.uint8))
    inside = block.bubble.window(window) if block.bubble else None
    own, other = strokes.find(every, far, inside, window, block.em)
    specks = np.zeros_like(own)
    if seen is not None:
        tight = filled(every, window)
        theirs = lined[window.slices] & ~tight
        own, other = _with_marks(own, other, seen[window.slices], inside, tight, theirs, block.em)
        barred = lined[window.slices] if inside is None else lined[window.slices] | ~inside
        specks = _specks(other, seen[window.slices], barred, block.em)
    mask = masks.dilated(own, other, block.em, balloon=block.bubble is not None)
    sigma = _sigma(page, mask, other)
    if specks.any():  # they say nothing of the ground that they stand on
        own, other = own | specks, other & ~specks
        mask |= masks.dilated(specks, other, block.em, balloon=block.bubble is not None)
    traced = _Traced(block, window, own, mask, sigma)
    if seen is None or block.bubble or (traced.flat and legibility(block.lines) > PRINT):
        return traced
    # Where nothing reads well on open ground, ink is no sign of lettering: the network says what is.
    near = grown(filled(every, window), round(0.25 * block.em))
    marked = (seen[window.slices] > drawn.HINTED) & near
    own = (_backed(own, marked) | (own & grown(marked, 2)) if traced.flat else np.zeros_like(own)) | marked
    other = other & ~own if traced.flat else np.zeros_like(own)
    mask = masks.dilated(own, other, block.em, balloon=False)
    return _Traced(block, window, own, mask, _sigma(page, mask, other))


def _backed(strokes: Mask, marked: Mask) -> Mask:
    """The connected strokes of which enough is marked."""
    labels, stats = bubbles.components(strokes)
    share = np.bincount(labels[marked], minlength=len(stats)) / np.maximum(stats[:, 4], 1)
    share[0] = 0
    return np.asarray((share > BACKED)[labels])


def _share(mask: Mask, of: Mask) -> float:
    """Share of a mask's pixels that lie in another one."""
    return float((mask & of).sum() / max(int(mask.sum()), 1))


def _with_marks(
    own: Mask, other: Mask, seen: Levels, inside: Mask | None, tight: Mask, theirs: Mask, em: float
) -> tuple[Mask, Mask]:
    """Strokes with what the network sees in the lines besides, whatever it touches; and the ink that is left.

    Letters that touch a frame or a figure in a balloon are outside of it to one who follows its ground: there what the
    network is sure of is lettering, as far as it is as thick as a letter. `tight` are the block's lines, `theirs` those
    of others.
    """
    near = grown(tight, round(0.2 * em))
    marked = (seen > drawn.SEEN) & (near if inside is None else near & inside)
    if inside is not None and inside.any():
        outside = _hull(inside) & ~inside
        labels, stats = bubbles.components(drawn.marks(seen) & outside)
        letters = stats[:, 2:4].min(1) >= EDGE * em
        letters &= np.bincount(labels[theirs], minlength=len(stats)) == 0
        letters[0] = False
        marked |= grown(letters[labels], 2) & outside
    return own | marked, other & ~marked


def _specks(ink: Mask, seen: Levels, barred: Mask, em: float) -> Mask:
    """Dots and small marks near a block's lines: pieces of ink that the network sees, clear of what is `barred`."""
    labels, stats = bubbles.components(ink)
    areas = np.maximum(stats[:, 4], 1)
    small = stats[:, 2:4].max(1) < strokes.MARK * em
    small &= np.bincount(labels[seen > drawn.SEEN], minlength=len(stats)) > SPECK * areas
    small &= np.bincount(labels[barred], minlength=len(stats)) == 0
    small[0] = False
    return np.asarray(small[labels])


def _hull(mask: Mask) -> Mask:
    """The convex hull of a mask's pixels (H, W)."""
    points = cv2.findNonZero(mask.astype(np.uint8))
    out = np.zeros(mask.shape, np.uint8)
    return np.asarray(cv2.fillConvexPoly(out, cv2.convexHull(points), 1)) > 0


def _sigma(page: Image, mask: Mask, other: Mask) -> float:
    """Standard deviation, in levels, of the ground round a mask, as far as no `other` ink hides it."""
    ring = grown(mask, 4) & ~mask
    clear = ring & ~grown(other, 2)
    # An outline or two may run past lettering on flat ground; a ground that is mostly ink is art.
    return float(page[clear].std(0).max()) if clear.sum() > max(20, 0.6 * ring.sum()) else UNKNOWN


def _kind(traced: _Traced, legible: float, body: float) -> Kind:
    """What a block is, by where it stands and how well it reads: drawn letters and drawings read badly."""
    block, flat = traced.block, traced.flat
    kana = all("぀" <= letter <= "ヿ" for letter in block.text)
    words = any("一" <= letter <= "鿿" for letter in block.text)
    display = block.em >= DISPLAY * body
    if legible < LETTERING:
        return "other"
    if block.bubble and flat:
        return "speech" if legible > TEXT and not set(block.text) <= MARKS else "sfx"
    if block.bubble:  # a patch that art runs through: a floor, a coat, or a balloon that lettering fills
        return "speech" if legible > PRINT and not display else "sfx"
    if kana and not flat and all(len(line.text) <= CRY for line in block.lines):
        return "sfx"
    if display and not (words and flat and legible > PRINT and block.em < POSTER * body):
        return "sfx"
    level = 12 if flat and len(block.lines) > 1 else 4
    printed = legible > (TEXT if flat else PRINT) and len(block.text) > 1 and _slant(block) < level
    return "caption" if printed else "sfx"


def _slant(block: Block) -> float:
    """Degrees by which a block's longest line is off the upright, or the level."""
    a, b, _, d = block.longest.polygon
    end = d if block.vertical else b
    dx, dy = sorted((abs(end[0] - a[0]), abs(end[1] - a[1])))
    return float(np.degrees(np.arctan2(dx, max(dy, 1))))


def _decide(traced: _Traced, kind: Kind, credits: bool, cfg: SegmentConfig) -> tuple[Action, str]:
    if kind in cfg.keep:
        names = {"sfx": "sound effect", "other": "credits or afterword" if credits else "hardly lettering"}
        return "keep", f"kept: {names.get(kind, kind)}"
    if not traced.strokes.any():
        return "keep", "kept: no strokes stand out from the ground"
    if traced.flat:
        return "fill", f"flat {'balloon' if traced.block.bubble else 'ground'}, σ {traced.sigma:.1f}"
    return "inpaint", f"on art, σ {traced.sigma:.0f}" if traced.sigma != UNKNOWN else "on art, ground hidden"


def _region(image: Image, traced: _Traced, kind: Kind, action: Action, reason: str) -> Region:
    block, window = traced.block, traced.window
    corners = cv2.boxPoints(cv2.minAreaRect(np.concatenate([corners_of(line) for line in block.lines])))
    ys, xs = np.nonzero(traced.strokes)
    if len(xs):
        box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        box = Box(box.left + window.left, box.top + window.top, box.right + window.left, box.bottom + window.top)
    else:
        left, top, width, height = cv2.boundingRect(corners.astype(np.int32))
        box = Box(left, top, left + width, top + height).grown(0, image.shape[1], image.shape[0])
    looks = appearance.of(image, block, window, traced.strokes)
    return Region(
        id="",
        order=0,
        panel=0,
        kind=kind,
        box=box,
        polygon=tuple((round(float(x)), round(float(y))) for x, y in corners),
        bubble=block.bubble.box if block.bubble else None,
        vertical=block.vertical,
        angle=looks.angle,
        font_size=looks.em,
        color=looks.color,
        outline=looks.outline,
        action=action,
        reason=reason,
        lines=block.lines,
        text=block.text,
        confidence=round(legibility(block.lines), 4),
        ruby=tuple(line for line in block.ruby if KANA.search(line.text)),
        line_spacing=looks.spacing,
    )
