"""What kind of lettering a block is, by where it stands, how well it reads, and what the network makes of it."""

import re

import numpy as np

from mangaclean.blocks import Block
from mangaclean.strokes import Levels, box_of, grown
from mangaclean.traces import PRINT, Traced, legibility
from mangaclean.types import Finding, Kind

LETTERING, TEXT = 0.25, 0.6  # mean confidence of reading from which a block is lettering at all, and a text
MARKS = frozenset("oO0〇○◯。Q@●IlL|1-一ー")  # what eyes, buttons and lines of art are read as
KANA = re.compile("[ぁ-ゖァ-ヺ]")
IDEOGRAPH = re.compile("[一-鿿]")
CRY = 4  # letters of a line, up to which kana on art are a sound effect
WRITTEN = 6  # letters from which a line on a poster, or a text by hand, is no effect, if not all are kana
LEVEL, ASKEW = 4.0, 12.0  # degrees up to which a line is level, or upright, and from which no text of a balloon is
DISPLAY, POSTER = 1.8, 3.0  # times the page's body size from which open lettering is no text, or none with ideographs
UNSEEN, LIKELY, CONFIRMED = 0.12, 0.5, 0.6  # mean probability over strokes: no lettering, an effect, surely lettering
HOUSED = 0.25  # mean probability of a balloon over a block's strokes from which the network takes it for one
OPEN = 0.8  # the same, from which it is sure of one
INDOORS, RING = 0.9, 4  # the same over a drawn mark and so many px round it, where no outline closes round it
NARRATED, DRAWN = 0.85, 0.15  # mean probability of type from which large letters on art are a text; of effects, at most
TYPESET = 0.7  # of typeset lettering: a text in a balloon, however it reads
LONE = 0.95  # confidence of reading of what nothing else speaks for: a letter alone, or large letters on art
THIN = 3.0  # times as long as wide: no letter is, but
STROKES = frozenset("ー一丨｜|!！1１iIlｌノくし-—―〜：…")
# What is more than a mark: no small kana or Latin letter, no figure.
LETTERED = re.compile("[あいうえおか-ぢつ-もやゆよら-ろわ-ゔアイウエオカ-ヂツ-モヤユヨラ-ロワ-ヴ一-鿿가-힣A-Z]")
CARD = 6.0  # times a text's area that a card has, at most


def by_reading(traced: Traced, legible: float, body: float) -> Kind:
    """What a block is, by where it stands and how well it reads: drawn letters and drawings read badly."""
    block, flat = traced.block, traced.flat
    cry = _is_kana(block.text) and all(len(line.text) <= CRY for line in block.lines)
    words = any("一" <= letter <= "鿿" for letter in block.text)
    display = block.em >= DISPLAY * body
    if legible < LETTERING:
        return "other"
    if block.bubble and flat:
        return "speech" if legible > TEXT and not set(block.text) <= MARKS else "sfx"
    if block.bubble:
        # A patch that art runs through: a floor, a coat, a sheet of paper, or a balloon that lettering fills.
        askew = slant(block) >= (LEVEL if cry else ASKEW)
        return "speech" if legible > PRINT and not display and not askew else "sfx"
    if cry and not flat:
        return "sfx"
    if display and not (words and flat and legible > PRINT and block.em < POSTER * body):
        return "sfx"
    level = ASKEW if flat and len(block.lines) > 1 else LEVEL
    printed = legible > (TEXT if flat else PRINT) and len(block.text) > 1 and slant(block) < level
    return "caption" if printed else "sfx"


def by_network(traced: Traced, kind: Kind, finding: Finding, legible: float, body: float) -> Kind:
    """A block's kind after a second look by the network: what it does not see is no lettering, unless it reads well."""
    block, told = traced.block, bool(traced.block.bubble and traced.flat)
    display, lone = block.em >= DISPLAY * body, len(block.text) == 1
    typeset, sfx = mean(finding.text, traced), mean(finding.sfx, traced)
    balloon = mean(finding.bubbles, traced)
    housed = finding.bubbles is None or balloon > HOUSED
    # A star reads as well as an ideograph does; kana and marks are lettered by hand, which the network may not see.
    kana, ideographs = KANA.search(block.text) is not None, IDEOGRAPH.search(block.text) is not None
    pictured = ideographs and not kana and not housed
    if max(typeset, sfx) < UNSEEN:
        if legible < PRINT and (not told or set(block.text) <= MARKS):
            return "other"
        if not housed and ((lone and pictured) or _by_chance(traced, legible)):
            return "other"
    if kind == "sfx" and max(typeset, sfx) < LIKELY and legible < PRINT and not LETTERED.search(block.text):
        return "other"  # half a flower reads as a mark
    if kind == "speech" and lone and pictured and typeset < UNSEEN:
        return "other" if sfx < LIKELY else "sfx"
    if kind == "speech" and lone and not told and not housed and legible < LONE:
        return "sfx"  # of a sign, which has more letters
    if kind == "other" and (sfx > LIKELY or typeset > CONFIRMED):
        return "speech" if told and (housed or typeset > sfx) else "sfx"
    if kind == "sfx" and typeset > TYPESET:
        if told and housed and not display:
            return "speech"  # in a script that nobody here can read
        if balloon > OPEN and (legible > PRINT or (block.bubble and not display)):
            return "speech"  # however large, in a balloon that is not closed, or on a painted one
    if kind == "sfx" and typeset > CONFIRMED and sfx < DRAWN and balloon > OPEN and not display:
        return "speech"  # by hand, in a balloon that is not closed
    if kind == "sfx" and _is_card(block, body) and legible > TEXT and typeset > CONFIRMED:
        return "speech"  # on parchment or wood, whose grain is no flat ground
    level = slant(block) < LEVEL
    narrated = typeset > NARRATED and legible > LONE and level  # however large
    # On a poster or a letter, however it lies; by hand, which is read worse, if it is level.
    by_hand = legible > TEXT and level and _is_written(block.text)
    longest = max((line.text for line in block.lines), key=len)
    written = typeset > TYPESET and (by_hand or (legible > PRINT and _is_written(longest)))
    if kind == "sfx" and sfx < DRAWN and (kana or ideographs) and (narrated or written):
        return "caption"  # effects in capitals are set in type, too
    doubtful = legibility(block.lines) < PRINT or lone or (not told and typeset < UNSEEN)  # single letters and titles
    if kind == "speech" and (display or not housed) and sfx > CONFIRMED and doubtful:
        return "sfx"  # whatever stands beside it
    if kind == "speech" and pictured and typeset < UNSEEN and legible < PRINT:
        return "sfx"  # or pictograms, in a bare room: neither type nor a balloon to the network
    return kind


def is_housed(traced: Traced, balloons: Levels | None) -> bool:
    """Whether a mark stands on flat ground that the network (H, W) takes for a balloon beyond doubt, closed or not."""
    if balloons is None or not traced.flat:
        return False
    around = balloons[traced.window.slices][grown(traced.strokes, RING)]
    return bool(around.mean() > 255 * INDOORS)


def _is_written(text: str) -> bool:
    """Whether a text is longer than effects are, and not kana alone."""
    return len(text) >= WRITTEN and not _is_kana(text)


def _is_kana(text: str) -> bool:
    return all("぀" <= letter <= "ヿ" for letter in text)


def _by_chance(traced: Traced, legible: float) -> bool:
    """Whether art may read so: a letter on art or as thin as a line; or small kana, small Latin letters, marks."""
    text, on_art = traced.block.text, not (traced.block.bubble and traced.flat)
    if len(text) == 1:
        return legible < LONE and (on_art or _is_thin(traced))
    return legible < PRINT and not LETTERED.search(text)


def _is_thin(traced: Traced) -> bool:
    """Whether a block's strokes take up a strip: an ear reads as a question mark."""
    box = traced.box
    sides = sorted((box.width, box.height))
    return bool(traced.strokes.any()) and sides[1] > THIN * sides[0] and not set(traced.block.text) <= STROKES


def _is_card(block: Block, body: float) -> bool:
    """Whether a block stands level, no larger than a page's texts, in what hardly holds more: on a card or a plate.

    Without letters it is none: windows of a house are read as figures.
    """
    if block.bubble is None or block.em > body or slant(block) >= LEVEL:
        return False
    if not any(map(str.isalpha, block.text)):
        return False
    return block.bubble.box.area < CARD * sum(box_of(line).area for line in block.lines)


def slant(block: Block) -> float:
    """Degrees by which a block's longest line is off the upright, or the level."""
    a, b, _, d = block.longest.polygon
    end = d if block.vertical else b
    dx, dy = sorted((abs(end[0] - a[0]), abs(end[1] - a[1])))
    return float(np.degrees(np.arctan2(dx, max(dy, 1))))


def mean(levels: Levels | None, traced: Traced) -> float:
    """The mean probability, 0 to 1, over a block's strokes; 0 where it has none."""
    if levels is None or not traced.strokes.any():
        return 0.0
    return float(levels[traced.window.slices][traced.strokes].mean()) / 255
