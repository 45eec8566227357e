"""Draws comic pages with known truth: art, panels and balloons, lettering on top, and where each of them is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training import comics, effects, lettering, matter, trinkets
from training.art import Art, Painter, Picture
from training.canvas import BALLOON, MIXED, SFX, TYPESET, Labels
from training.comics import Comic
from training.lettering import Faces
from training.matter import xy
from training.shapes import blend, frames, halo, outline, scanned, tailed, tilted
from training.space import Space
from training.writer import Writer


@dataclass(frozen=True, slots=True)
class Sources:
    """What pages are made of."""

    art: Art
    faces: Faces
    cries: tuple[str, ...] = ()
    comics: tuple[Comic, ...] = ()


def draw(
    rng: np.random.Generator, sources: Sources, width: int = 880, height: int = 1240, real: float = 0.3
) -> tuple[Picture, Labels]:
    """One page, and its labels; a share `real` are comics as they are, which keep their height."""
    page = Page(rng, sources, width, height)
    if rng.random() < real and sources.comics:
        page.comic()
    else:
        page.panels()
        if rng.random() < 0.88:  # pages without any lettering teach what is none
            page.letter()
        page.trinkets()
    return scanned(rng, page.image, page.labels)


class Page(Space):
    """A page being drawn: panels, balloons and lettering of each kind."""

    def __init__(self, rng: np.random.Generator, sources: Sources, width: int, height: int) -> None:
        ground = 255 if rng.random() < 0.9 else int(rng.choice([0, 0, 30, 128, 230]))
        super().__init__(rng, width, height, ground)
        self.sources = sources
        self.painter = Painter(rng, sources.art)
        self.coloured = self.painter.style == "colour"
        self.writer = Writer(rng, sources.faces)
        self.size = int(np.exp(rng.uniform(np.log(11), np.log(34))))

    def comic(self) -> None:
        """A real page, in this page's style: as it is, or with more lettering of ours on it."""
        rng = self.rng
        comic = self.sources.comics[int(rng.integers(len(self.sources.comics)))]
        own = comic.lettering[int(rng.integers(len(comic.lettering)))] if comic.lettering else None
        if rng.random() < 0.35:
            own = None
        image, letters, balloons = comics.read(comic, own, self.labels.shape[1])
        # Pictures are styled without lettering: toned letters would be another thing.
        self.image = image if own is not None and rng.random() < 0.6 else self.painter.styled(image)
        if own is not None and self.painter.style not in ("colour", "grey"):
            self.image = image
        self.coloured |= self.image is image
        self.image = self.image.copy()
        self.labels = np.where(balloons, BALLOON, 0).astype(np.uint8)
        self.labels[letters] |= TYPESET | MIXED
        self.taken = (letters | balloons).astype(np.uint8)
        if own is None:
            self._fill(balloons)
        if own is None or rng.random() < 0.3:
            for _ in range(int(rng.integers(0, 4))):
                self.aside()
            for _ in range(int(rng.integers(0, 3))):
                self.note()
            for _ in range(int(rng.integers(0, 5))):
                self.cry()
        if rng.random() < 0.4:
            self.real_cry()

    def _fill(self, balloons: NDArray[np.bool_]) -> None:
        """Lettering of ours in a real page's balloons."""
        _, _, stats, _ = cv2.connectedComponentsWithStats(balloons.astype(np.uint8))
        for left, top, wide, high, _ in stats[1:].tolist():
            if self.rng.random() < 0.1 or min(wide, high) < 24:
                continue
            text = self.writer.text(self.size)
            shrink = min(0.75 * wide / text.shape[1], 0.6 * high / text.shape[0], 1.0)
            if shrink < 0.25 or shrink * min(text.shape[:2]) < 2:
                continue
            text = cv2.resize(text, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA).astype(np.uint8)
            # Tails hang down: the middle of the balloon itself is above the middle of its box.
            place = int(left + (wide - text.shape[1]) / 2), int(top + (high - text.shape[0]) * 0.42)
            self.print(text, *place, 0, TYPESET)

    def panels(self) -> None:
        border = int(self.rng.integers(0, 6))
        for left, top, right, bottom in frames(self.rng, *self.labels.shape[::-1]):
            self.image[top:bottom, left:right] = self.painter.panel(right - left, bottom - top)
            if border:
                cv2.rectangle(self.image, (left, top), (right, bottom), (0, 0, 0), border)

    def letter(self) -> None:
        for _ in range(int(self.rng.integers(3, 13))):
            self.balloon()
        for _ in range(int(self.rng.integers(0, 6))):
            self.aside()
        for _ in range(int(self.rng.integers(0, 7))):
            self.note()
        for _ in range(int(self.rng.integers(0, 7))):
            self.cry()
        while self.rng.random() < (0.5 if self.coloured else 0.15):
            self.real_cry()

    def trinkets(self) -> None:
        """Small drawings beside lettering on art and elsewhere, rules below it: what is not to go with it."""
        rng = self.rng
        lettered = (self.labels & SFX > 0) | (self.labels & (TYPESET | BALLOON) == TYPESET)
        bare = cv2.dilate((self.labels > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(lettered.astype(np.uint8), np.ones((15, 15))))
        boxes = [(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:].tolist() if max(w, h) > 24]
        for box in boxes:
            draw = rng.random()
            if draw < 0.3:
                trinkets.strew(rng, self.image, bare, box)
            elif draw < 0.4:
                trinkets.rule(rng, self.image, bare, box)
        if rng.random() < 0.3:
            trinkets.strew(rng, self.image, bare)

    def balloon(self) -> None:
        rng = self.rng
        text = self.writer.text(int(np.clip(self.size * rng.choice([0.6, 1, 1, 1, 1, 1.4, 2.2, 3.5]), 8, 110)))
        high, wide = text.shape
        room = self.size * rng.uniform(0.3, 1.6)
        kind = str(rng.choice(["round", "rough", "jagged", "cloud", "box"], p=[0.45, 0.2, 0.12, 0.08, 0.15]))
        stretch = 1.0 if kind == "box" else 1.3
        radius = np.array([wide * stretch / 2 + room, high * stretch / 2 + room])
        place = self.vacant(int(2 * radius[0]), int(2 * radius[1]))
        if place is None:
            return
        centre = radius + place
        shape = centre + radius * outline(kind, rng)
        if rng.random() < 0.6 and kind != "box":
            shape = tailed(shape, centre, radius, rng)
        dark = rng.random() < 0.08
        fill, line = (0, 255) if dark else (255, 0)
        if not dark and rng.random() < 0.1:
            fill = int(rng.integers(200, 255))
        if rng.random() < 0.04:  # an empty balloon
            text = np.zeros_like(text)
        pen = int(rng.integers(0, 6)) if rng.random() < 0.9 else 0
        inside = np.zeros_like(self.labels)
        points = np.round(shape * 8).astype(np.int32)
        cv2.fillPoly(inside, [points], 255, cv2.LINE_AA, 3)
        blend(self.image, inside, fill)
        if pen:
            rim = np.zeros_like(self.labels)
            cv2.polylines(rim, [points], True, 255, pen, cv2.LINE_AA, 3)
            blend(self.image, rim, line)
            inside[rim > 40] = 0
        under = inside > 200
        self.labels[under] = BALLOON
        left, top = xy(centre - np.array([wide, high]) / 2)
        self.print(text, left, top, line if rng.random() < 0.97 else 110, TYPESET)

    def aside(self) -> None:
        """Small lettering on the art, by hand more often than not, with or without an outline."""
        size = int(np.clip(self.size * self.rng.uniform(0.5, 1.8), 9, 80))
        text = self.writer.text(size, hand=True)
        if self.rng.random() < 0.3:
            text = tilted(text, self.rng.normal(0, 15))
        place = self.vacant(text.shape[1], text.shape[0])
        if place is None:
            return
        dark = self.rng.random() < 0.75
        if self.rng.random() < 0.5 or self.like_ground(text, place, dark):
            self.print_rim(text, place, int(self.rng.integers(2, 6)), 255 if dark else 0, TYPESET)
        self.print(text, *place, 0 if dark else 255, TYPESET)

    def note(self) -> None:
        """A few letters by pen beside a figure, black on white or white on black, without an outline; some hollow."""
        rng, faces = self.rng, self.sources.faces
        size = int(np.exp(rng.uniform(np.log(16), np.log(80))))
        width = max(rng.uniform(0.05, 0.16), 1.3 / size)
        if self.writer.script == "latin":
            face, text = faces.latin[int(rng.integers(len(faces.latin)))], lettering.latin(rng, 8)[:9]
        else:
            drawn = faces.thin if rng.random() < 0.7 else faces.all
            face = drawn[int(rng.integers(len(drawn)))]
            said = lettering.japanese(rng, int(rng.integers(1, 8)), face.kanji and rng.random() < 0.4)
            text = said if rng.random() < 0.4 else effects.cry(rng, self.sources.cries)
            width = width if drawn is faces.thin else 0.0
        stroke = max(round(size * rng.uniform(0.02, 0.05)), 1) if size > 36 and rng.random() < 0.2 else 0
        fill, hull = effects.effect(rng, text, face, size, stroke, width)
        place = self.quiet(hull.shape[1], hull.shape[0])
        if place is None:
            return
        paper = 0 if self.like_ground(hull, place, True) else 255
        if stroke:
            self.print(hull, *place, 255 - paper, SFX)
        ink = int(rng.integers(0, 70)) if rng.random() < 0.2 else 0
        self.print(fill, *place, paper if stroke else abs(255 - paper - ink), SFX, outlined=stroke > 0)

    def cry(self) -> None:
        """A sound effect over whatever is there: solid, outlined, hollow, grey or white."""
        rng = self.rng
        text, face = effects.words(rng, self.writer.script, self.sources.faces, self.sources.cries)
        size = int(np.exp(rng.uniform(np.log(16), np.log(230))))
        stroke = int(np.clip(size * rng.uniform(0.015, 0.1), 1, 12)) if rng.random() < 0.65 else 0
        pen = 0.0
        if face.japanese and rng.random() < 0.5:
            face, pen = self.sources.faces.thin[int(rng.integers(len(self.sources.faces.thin)))], rng.uniform(0.03, 0.2)
        fill, hull = effects.effect(rng, text, face, size, stroke, pen)
        if rng.random() < 0.5:
            fill, hull = tilted(fill, turn := rng.normal(0, 25)), tilted(hull, turn)
        if rng.random() < 0.35:  # thinner or heavier than the face
            side = max(size // 40, 1) * 2 + 1
            change = cv2.erode if rng.random() < 0.4 and not stroke else cv2.dilate
            fill = change(fill, np.ones((side, side), np.uint8)).astype(np.uint8)
            hull = np.maximum(fill, hull)
        place = self.across(hull.shape)
        before = self.image.copy(), self.labels.copy()
        dark = self.like_ground(hull, place, True)
        look = effects.look(rng, self.under(hull, place), outlined=stroke > 0, coloured=self.coloured, dark=dark)
        if look.rim is not None:
            self.print_rim(hull, place, int(rng.integers(1, stroke + 3)), look.rim, SFX)
        if stroke and rng.random() < (0.35 if self.coloured else 0.1):  # light that fades into the art
            stamp, room = halo(rng, hull, size)
            self.print(stamp, place[0] - room, place[1] - room, look.outer, SFX)
        elif stroke:
            self.print(hull, *place, look.outer, SFX)
        if look.inner == 255 and stroke > 1 and rng.random() < 0.15:
            # Only the outline is drawn; art shows through, and belongs to the art.
            self.put_back(*before, self.laid(fill, *place) > 200)
            return
        self.print(fill, *place, look.inner, SFX, outlined=stroke > 0)
        draw = rng.random()
        if look.foot is not None:
            rows = place[1], place[1] + hull.shape[0]
            self._print_art(fill, *place, effects.fading(self.image.shape, rows, look.inner, look.foot))
        elif draw < 0.15:  # a letter's inside may be toned
            tone = matter.ground(rng, *self.labels.shape[::-1], light=look.inner == 255)
            self._print_art(fill, *place, tone)
        elif draw < 0.22:  # something stands before it
            self._hidden(*before, place, hull.shape)

    def real_cry(self) -> None:
        """A sound effect of a real comic, in other colours, over whatever is there."""
        lettered = [comic for comic in self.sources.comics if comic.lettering]
        pieces = effects.cut_out(lettered[int(self.rng.integers(len(lettered)))]) if lettered else ()
        if not pieces:
            return
        piece = effects.altered(self.rng, pieces[int(self.rng.integers(len(pieces)))], coloured=self.coloured)
        self.paste(piece, *self.across(piece.shape), SFX)

    def _print_art(self, stamp: Picture, left: int, top: int, art: Picture) -> None:
        inside = cv2.erode(self.laid(stamp, left, top), np.ones((3, 3), np.uint8)) > 200
        self.image[inside] = art[inside]

    def _hidden(self, image: Picture, labels: Labels, place: tuple[int, int], shape: tuple[int, ...]) -> None:
        centre = np.array(place) + self.rng.uniform(0, 1, 2) * shape[1::-1]
        axes = np.array(shape[1::-1]) * self.rng.uniform(0.1, 0.4, 2)
        cover = np.zeros_like(self.labels)
        cv2.ellipse(cover, xy(centre), xy(axes + 1), self.rng.uniform(0, 180), 0, 360, 1, -1)
        self.put_back(image, labels, cover > 0)
