"""The strokes of a block of lettering, and its mask: what of the ink round its lines is lettering, what is not."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mangaclean import drawn, masks, overruns, strokes
from mangaclean.blocks import Block, Place
from mangaclean.pieces import pieces
from mangaclean.strokes import Levels, box_of, filled, grown, ink_of, shrunk, tone_of
from mangaclean.types import Box, Image, Line, Mask

PRINT = 0.85  # mean confidence of reading from which lettering is print
FLAT = 6.0  # standard deviation of a ground, in levels, up to which it is flat
UNKNOWN = 99.0  # stands for the deviation of a ground of which nothing can be seen
BACKED = 0.8  # share of a stroke on open ground that the network must see, too
EDGE = 0.15  # em: letters that touch a balloon's outline are at least as wide and high
ON = 2.0  # em: how far beyond a line's end its dots may stand
PART = 0.2  # share of a piece of ink alone in a balloon, from which all of it goes with the rest
WHOLLY = 0.9  # share of a larger piece of which the network shows a trace
IN_LINES = 0.5  # share of a mark that lies in a block's lines, from which it is the block's
MOSTLY = 0.7  # share of a block's ink that the network sees, from which the rest is art, outside of balloons
PARTLY = 0.5  # the same of a text that reads badly
REACHING = 0.25  # share of a mark that lies in or near a block's lines, under which it only reaches into them
SPECK = 0.6  # share of a dot's ink that the network sees
SHOWN = 0.5  # share of a block's ink that the network sees, from which it tells art from it
HARDLY = 0.1  # share of a piece under which the network shows no trace of it


@dataclass(frozen=True, slots=True)
class Traced:
    """A block with its strokes and its mask, both (h, w) in a window of the page, and its ground's deviation."""

    block: Block
    window: Box
    strokes: Mask
    mask: Mask
    sigma: float

    @property
    def flat(self) -> bool:
        return self.sigma <= FLAT

    @property
    def box(self) -> Box:
        """Where on the page the strokes lie; the window where there are none."""
        ys, xs = np.nonzero(self.strokes)
        if not len(xs):
            return self.window
        box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        return box.moved(self.window.left, self.window.top)


def trace(image: Image, block: Block, seen: Levels | None, balloons: Levels | None, lined: Mask) -> Traced:
    """A block's strokes on a page (H, W, 3), by its ink and by what the network sees, if there is one.

    `seen`, `balloons` (H, W) are its maps of lettering and of balloons, `lined` (H, W) the lines of all blocks: what
    stands in those of others is theirs.
    """
    every = block.lines + block.ruby
    around = box_of(every[0])
    for line in every[1:]:
        around = around.union(box_of(line))
    window = around.grown(round(1.3 * block.em) + 8, image.shape[1], image.shape[0])
    page = image[window.slices]
    tone = np.median([tone_of(image, line) for line in block.lines], axis=0).astype(np.uint8)
    inside = block.bubble.window(window) if block.bubble else None
    printed = legibility(block.lines) > PRINT
    far = ink_of(page, tone)
    own, other = strokes.find(every, far, inside, window, block.em, printed)
    specks = shown = np.zeros_like(own)
    tight = filled(every, window)
    if seen is not None:
        near = seen[window.slices]
        place = Place(near, inside, tight, lined[window.slices] & ~tight, block.em, printed)
        art = _unseen(own, far, place)
        own, other = own & ~art, other | art
        colour = overruns.ink_in(page, own, far, place)
        del art, far
        shown, marked = near > drawn.TRACE, _marked(place)
        own, other = own | marked, other & ~marked
        beyond = overruns.beyond(page, colour, place)
        own, other = own | beyond, other & ~beyond
        if inside is not None:
            ends = overruns.ends(own, other, inside, block.em)
            own, other = own | ends, other & ~ends
        barred = _barred(block, window, inside, lined)
        if inside is not None and balloons is not None:  # one that is not closed, and goes on as a bare room
            barred |= balloons[window.slices] <= drawn.HOUSED
        specks = _specks(other, near, barred, block.em)
    mask = masks.dilated(own, other, block.em, inside)
    sigma = deviation(page, mask, other)
    if inside is not None and sigma <= FLAT:
        specks = specks | _torn(own, other, inside, shown, block.em)
    if specks.any():  # they say nothing of the ground that they stand on
        own, other = own | specks, other & ~specks
        mask |= masks.dilated(specks, other, block.em, inside)
    traced = Traced(block, window, own, mask, sigma)
    if seen is None or _by_ink(traced, seen, balloons, tight):
        if inside is None and traced.flat:
            mask |= masks.dirty(page, own, mask, other)
        return traced
    del place, specks, shown, mask  # a window may be as large as the page
    reach = round(0.25 * block.em)
    longer = filled([_longer(line, reach) for line in every], window)  # detectors leave out the last `ー`
    marked = _theirs((near > drawn.HINTED) & grown(tight, reach), longer, near)
    ink = own | other
    if traced.flat:
        own = _backed(own, marked) | (own & grown(marked, 2)) | marked
        other = other & ~own
    else:
        own, other, inside = marked, np.zeros_like(marked), None
    mask = masks.dilated(own, other, block.em)
    if inside is not None:  # a room: letters' dirt goes, too, and no ink beside them
        mask |= masks.dilated(own, ink & ~own, block.em, inside)
    del ink
    sigma = deviation(page, mask, other)
    if sigma <= FLAT:
        mask |= masks.dirty(page, own, mask, other)
    else:
        mask &= masks.on_art(page, own, near > drawn.TRACE, block.em)
    return Traced(block, window, own, mask, sigma)


def _barred(block: Block, window: Box, inside: Mask | None, lined: Mask) -> Mask:
    """Where no dots of a block are looked for: in lines, and out of its reach.

    On open ground, dots go on with a line; what stands above or below it is a mark of the picture.
    """
    if inside is None:
        inside = filled([_longer(line, ON * block.em) for line in block.lines + block.ruby], window)
    return lined[window.slices] | ~inside


def _by_ink(traced: Traced, seen: Levels, balloons: Levels | None, tight: Mask) -> bool:
    """Whether a block's ink is its lettering; where it is not, the network says what is.

    In a flat balloon it is; on flat open ground, and in a balloon that art runs through, if the text reads well. But
    what has an outline may be a bare room: if the network takes it for no balloon, and sees most of the ink in the
    lines, or half of it where the text reads badly, the rest of the ink is art. In a flat room with print, none is.
    """
    block, window = traced.block, traced.window.slices
    printed = legibility(block.lines) > PRINT
    if not block.bubble:
        return traced.flat and printed
    if balloons is None or balloons[window][tight].mean() > drawn.HOUSED or (printed and traced.flat):
        return printed or traced.flat
    hinted = seen[window][traced.strokes & tight] > drawn.HINTED
    least = MOSTLY if printed else PARTLY
    return bool((printed or traced.flat) and hinted.sum() < least * max(hinted.size, 1))


def _longer(line: Line, by: float) -> Line:
    """A line that reaches `by` px further at both ends, where the dots and marks stand that a detector left out."""
    corners = np.array(line.polygon, np.float64)
    sides = corners[1] - corners[0], corners[3] - corners[0]
    along = max(sides, key=lambda side: float(np.hypot(*side)))
    along /= max(float(np.hypot(*along)), 1.0)
    ends = np.sign((corners - corners.mean(0)) @ along)
    a, b, c, d = ((round(float(x)), round(float(y))) for x, y in corners + by * ends[:, None] * along)
    return Line((a, b, c, d), line.score)


def legibility(lines: Sequence[Line]) -> float:
    """Mean confidence of what was read in lines, each weighted by its length in letters; 0 for no lines."""
    weights = [len(line.text) or 1 for line in lines]
    return float(np.average([line.confidence for line in lines], weights=weights)) if lines else 0.0


def _backed(strokes: Mask, marked: Mask) -> Mask:
    """The connected strokes of which enough is marked."""
    found = pieces(strokes)
    return found.those(found.share(marked) > BACKED)


def _theirs(marked: Mask, lines: Mask, seen: Levels) -> Mask:
    """What is marked within a block's lines for the most part; beyond them, only what the network is sure of."""
    found = pieces(marked)
    return found.those((found.share(lines) >= IN_LINES) | (found.share(seen > drawn.SURE) >= drawn.SURE_SHARE))


def _unseen(ink: Mask, far: Levels, place: Place) -> Mask:
    """Art among the ink of a printed block: pieces near its letters of which the network shows no trace.

    A flash's strokes, the dashes of an outline, hatching and tone may be as large as letters and as near. Where the
    network does not see most of the letters either, as by pen in a balloon, it tells nothing. Specks in the lines are
    dirt of the letters, and hearts in a balloon go with its text. `far` (h, w) is the distance from the ground's tone.
    """
    none = np.zeros_like(ink)
    if not place.printed or (place.seen[ink] > drawn.SEEN).sum() <= SHOWN * ink.sum():
        return none
    found = pieces(ink)
    dirt = (found.sides <= overruns.DOT * place.em) & (found.share(place.lines) == 1)
    art = (found.share(place.seen > drawn.TRACE) < HARDLY) & ~dirt
    if place.inside is not None:
        clear = found.share(shrunk(place.inside, 2)) == 1
        full = float(np.median(far[ink]))
        for piece in np.flatnonzero(art & clear).tolist():
            art[piece] = not strokes.is_blot(found, piece, far, full)
    return found.those(art)


def _marked(place: Place) -> Mask:
    """What the network sees of a block in its lines, whatever it touches; not what only reaches into them.

    Letters that touch a frame or a figure in a balloon are outside of it to one who follows its ground: there what the
    network is sure of is lettering, as far as it is as thick as a letter. Of a text that is printed, the lines tell as
    well as the balloon does.
    """
    near = place.near
    inside = place.inside
    found = pieces(place.seen > drawn.SEEN)
    marked = found.those(found.share(near) >= REACHING) & near
    if inside is None:
        return marked
    marked &= inside
    if inside.any():
        outside = (_hull(inside) | place.lines if place.printed else _hull(inside)) & ~inside
        letters = pieces(drawn.marks(place.seen) & outside)
        thick = (letters.extents[:, 2:].min(1) >= EDGE * place.em) & (letters.count(place.others) == 0)
        marked |= grown(letters.those(thick), 2) & outside
    return marked


def _torn(own: Mask, other: Mask, inside: Mask, shown: Mask, em: float) -> Mask:
    """The rest of ink that stands by itself in a balloon and is lettering in part, such as a heart.

    What is larger than a letter, as a dash may be, the network has `shown` (h, w) to the end.
    """
    ink = pieces(own | other)
    whole = (ink.share(own) > PART) & (ink.share(shrunk(inside, 2)) == 1)
    whole &= (ink.sides < strokes.LETTER * em) | (ink.share(shown) > WHOLLY)
    return ink.those(whole) & other


def _specks(ink: Mask, seen: Levels, barred: Mask, em: float) -> Mask:
    """Dots and small marks near a block's lines: pieces of ink that the network sees, clear of what is `barred`."""
    found = pieces(ink)
    small = (found.sides < strokes.MARK * em) & (found.share(seen > drawn.SEEN) > SPECK) & (found.count(barred) == 0)
    return found.those(small)


def _hull(mask: Mask) -> Mask:
    """The convex hull of a mask's pixels (H, W)."""
    points = cv2.findNonZero(mask.astype(np.uint8))
    out = np.zeros(mask.shape, np.uint8)
    return np.asarray(cv2.fillConvexPoly(out, cv2.convexHull(points), 1)) > 0


def deviation(page: Image, mask: Mask, other: Mask) -> float:
    """Standard deviation, in levels, of the ground round a mask, as far as no `other` ink hides it."""
    ring = grown(mask, 4) & ~mask
    clear = ring & ~grown(other, 2)
    # An outline or two may run past lettering on flat ground; a ground that is mostly ink is art.
    return float(page[clear].std(0).max()) if clear.sum() > max(20, 0.6 * ring.sum()) else UNKNOWN
