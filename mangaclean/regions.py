"""From what a segmenter saw to regions: their strokes, their kind, and what is to be done with each and why."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from mangaclean import (
    added,
    appearance,
    bubbles,
    credits,
    drawn,
    hollows,
    judging,
    letters,
    masks,
    memory,
    outlines,
    panels,
    plain,
    ruled,
    siblings,
)
from mangaclean.blocks import Block, group
from mangaclean.bubbles import Bubble
from mangaclean.config import SegmentConfig
from mangaclean.pieces import pieces
from mangaclean.strokes import MARK, Levels, box_of, corners_of, filled, grown
from mangaclean.traces import FLAT, UNKNOWN, Traced, deviation, legibility, trace
from mangaclean.types import Action, Box, Detection, Finding, Image, Kind, Mask, Region, Wish

KEPT_NAMES = "kept: list of names"
SOFT = 2  # px: the soft edge of a text that stays
HOME = 0.7  # share of drawn lettering in a balloon from which it is part of that balloon's text


def detect(image: Image, finding: Finding, cfg: SegmentConfig, wishes: Sequence[Wish] = ()) -> Detection:
    """Regions of a page (H, W, 3) in reading order, and the mask (H, W) of those that are to be erased, as wished."""
    lines = [line for line in finding.lines if min(box_of(line).width, box_of(line).height) >= 4]
    blocks = group(lines, bubbles.find(image, lines))
    texts = [block for block in blocks if block.bubble] or blocks
    body = float(np.median([block.em for block in texts for _ in block.text or " "])) if texts else 0.0
    in_list = credits.lists(blocks, image.shape[1], image.shape[0])
    seen = drawn.lettering(finding)
    if seen is not None:
        seen = siblings.raised(image, seen)
    mask = np.zeros(image.shape[:2], bool)
    lined = filled(lines, Box(0, 0, image.shape[1], image.shape[0]))
    taken = lined.copy()
    regions: list[Region] = []
    traces: list[Traced] = []  # of each region
    cleaned: list[Bubble] = []
    for block in blocks:
        traced = trace(image, block, seen, finding.bubbles, lined)
        taken[traced.window.slices] |= traced.mask
        # The blocks of one balloon answer for each other: a lone kana reads badly.
        company = [line for other in blocks if other.bubble is block.bubble is not None for line in other.lines]
        legible = max(legibility(block.lines), legibility(company))
        stays = in_list(block.box, block.text)
        kind: Kind = "other" if stays else judging.by_reading(traced, legible, body)
        if seen is not None and not stays:
            kind = judging.by_network(traced, kind, finding, legible, body)
        alone = block.bubble is not None and sum(other.bubble is block.bubble for other in blocks) == 1
        if kind == "speech" and block.bubble and alone and outlines.is_thought(block.bubble.inside):
            kind = "thought"
        action, reason = _decide(traced, kind, stays, cfg)
        regions.append(_region(image, traced, kind, action, reason))
        if _wanted(regions[-1], wishes) != "keep":
            mask[traced.window.slices] |= traced.mask
            cleaned += [block.bubble] if block.bubble else []
        traces.append(traced)
    del lined
    if seen is not None:
        finding = replace(finding, text=None, sfx=None)  # a large page has none too much memory for what comes now
        memory.trim()
        effects = _effects(image, finding, seen, taken)
        shapes = plain.alone(image, effects, [region.box for region in regions if region.kind != "other"])
        for traced, shape in zip(effects, shapes, strict=True):
            inside = _home(traced, cleaned, finding.bubbles)
            if inside is not None:  # a mark beside a balloon's text is part of it
                mask[traced.window.slices] |= traced.mask & inside
                continue
            stays = in_list(traced.window, "")
            large = 0 < judging.POSTER * body <= traced.block.em  # than the page's texts: an effect, or a drawing
            spoken = not large and (traced.block.bubble is not None or judging.is_housed(traced, finding.bubbles))
            kind = "other" if stays or (shape and not spoken) else "speech" if spoken else "sfx"
            action, reason = _decide(traced, kind, stays, cfg)
            regions.append(_region(image, traced, kind, action, reason))
            if _wanted(regions[-1], wishes) != "keep":
                mask[traced.window.slices] |= traced.mask
            traces.append(traced)
        _complete(mask, image, seen, list(zip(regions, traces, strict=True)), wishes)
    _spare(mask, list(zip(regions, traces, strict=True)), wishes)
    homes = [traced.block.bubble for traced in traces]
    regions = [_housed(i, regions, homes) for i in range(len(regions))]
    notes = []
    for wish in wishes:
        if wish.outline:
            window, lettering, how = added.find(image, wish, seen)
            mask[window.slices] |= lettering
            notes.append(f"{wish.id}: added by hand; {how}")
    return Detection(mask, panels.ordered(image, regions, cfg.direction), tuple(notes))


def _complete(
    mask: Mask, image: Image, seen: Levels, pairs: Sequence[tuple[Region, Traced]], wishes: Sequence[Wish]
) -> None:
    """Marks what `mask` (H, W) leaves of letters: strokes, insides of hollow ones; and frees lines that run between."""
    kept = [(traced.window, traced.strokes) for region, traced in pairs if _wanted(region, wishes) == "keep"]
    rests = letters.left_over(image, seen, mask, kept, drawn.SEEN)
    for window, rest in rests:
        mask[window.slices] = masks.without_islands(mask[window.slices] | rest, min(window.width, window.height) / 2)
    gone = [(region.kind, traced) for region, traced in pairs if _wanted(region, wishes) != "keep"]
    effects = [traced for kind, traced in gone if kind == "sfx"]
    largest = max((traced.block.em for traced in effects), default=0.0)
    erased = [(traced.window, traced.mask) for traced in effects]
    for window, inside in hollows.insides(image, mask, erased + rests if effects else [], largest):
        mask[window.slices] |= inside
    on_art = [traced.window.grown(ruled.AROUND, *mask.shape[::-1]) for _, traced in gone if not traced.flat]
    for at in (window.slices for window in on_art):
        mask[at] &= ~ruled.shown(image[at], mask[at], seen[at] > drawn.SEEN)
    for place, specks in masks.dirty_places(image, mask, on_art):
        mask[place.slices] |= specks


def _spare(mask: Mask, pairs: Sequence[tuple[Region, Traced]], wishes: Sequence[Wish]) -> None:
    """Frees, in `mask` (H, W), names and other texts that stay, where they stand close to lines that go.

    Names stand as close to these as lines of one text do. What can hardly be read may as well be a part of what goes.
    """
    going = [traced.block for region, traced in pairs if _wanted(region, wishes) != "keep"]
    lines = [line for block in going for line in (*block.lines, *block.ruby)]
    for region, traced in pairs:
        told = region.reason == KEPT_NAMES or region.confidence > judging.TEXT
        if told and _wanted(region, wishes) == "keep":
            window = traced.window
            gone = filled(lines, window)
            own = traced.strokes & filled(traced.block.lines, window) & ~gone
            mask[window.slices] &= gone | ~grown(own, SOFT)


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


def _effects(image: Image, finding: Finding, seen: Levels, taken: Mask) -> list[Traced]:
    """Lettering that only the network sees, as blocks of one line: in a balloon, or on art."""
    found = []
    for effect in drawn.find(letters.whole(image, seen, drawn.marks(seen), drawn.SEEN, drawn.SURE), seen, taken):
        window = effect.window.grown(round(0.3 * effect.em) + 8, image.shape[1], image.shape[0])
        strokes = bubbles.placed(effect.strokes, effect.window, window)
        if finding.bubbles is not None and finding.bubbles[window.slices][strokes].mean() > drawn.HOUSED:
            free = (finding.bubbles[window.slices] > drawn.HOUSED) & ~taken[window.slices] & ~strokes
            strokes |= _dots(seen[window.slices], free, effect.em)
        mask = masks.without_islands(masks.dilated(strokes, np.zeros_like(strokes), effect.em), effect.em)
        sigma = deviation(image[window.slices], mask, np.zeros_like(mask))
        ring = grown(mask, 4) & ~mask
        bubble = None
        if finding.bubbles is not None and sigma <= FLAT and finding.bubbles[window.slices][ring].mean() > drawn.HOUSED:
            # The network takes eyes and teeth for balloons now and then: what is one, has an outline that closes.
            bubble = bubbles.find(image, [effect.line])[0]
        if sigma <= FLAT:
            mask |= masks.dirty(image[window.slices], strokes, mask, np.zeros_like(mask))
        else:
            close = masks.on_art(image[window.slices], strokes, seen[window.slices] > drawn.TRACE, effect.em)
            mask &= masks.without_islands(close, effect.em)
        block = Block((effect.line,), (), bubble, effect.vertical, effect.em)
        found.append(Traced(block, window, strokes, mask, sigma))
    return found


def _dots(seen: Levels, free: Mask, em: float) -> Mask:
    """Marks too small for letters beside drawn ones, in the `free` part (h, w) of their balloon: the dots of a `!?`."""
    marks = pieces(seen > drawn.SEEN)
    return marks.those((marks.sides < MARK * em) & (marks.share(free) == 1) & marks.inner)


def _home(traced: Traced, cleaned: Sequence[Bubble], balloons: Levels | None) -> Mask | None:
    """The inside, in a block's window, of the balloon that it stands in, among those whose text goes.

    What the network takes for no balloon (`balloons`, (H, W)) is a room that has none, or one that is not closed.
    """
    if balloons is not None and judging.mean(balloons, traced) <= judging.HOUSED:
        return None
    for bubble in cleaned:
        if bubble.box.overlap(traced.window):
            inside = bubble.window(traced.window)
            if _share(traced.strokes, inside) > HOME:
                return inside
    return None


def _share(mask: Mask, of: Mask) -> float:
    """Share of a mask's pixels that lie in another one."""
    return float((mask & of).sum() / max(int(mask.sum()), 1))


def _decide(traced: Traced, kind: Kind, listed: bool, cfg: SegmentConfig) -> tuple[Action, str]:
    if kind in cfg.keep:
        called = {"sfx": "sound effect", "other": "hardly lettering"}
        return "keep", KEPT_NAMES if listed else f"kept: {called.get(kind, kind)}"
    if not traced.strokes.any():
        return "keep", "kept: no strokes stand out from the ground"
    if traced.flat:
        return "fill", f"flat {'balloon' if traced.block.bubble else 'ground'}, σ {traced.sigma:.1f}"
    return "inpaint", f"on art, σ {traced.sigma:.0f}" if traced.sigma != UNKNOWN else "on art, ground hidden"


def _region(image: Image, traced: Traced, kind: Kind, action: Action, reason: str) -> Region:
    block, window = traced.block, traced.window
    corners = cv2.boxPoints(cv2.minAreaRect(np.concatenate([corners_of(line) for line in block.lines])))
    box = traced.box
    if not traced.strokes.any():
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
        ruby=tuple(line for line in block.ruby if judging.KANA.search(line.text)),
        line_spacing=looks.spacing,
    )
