"""Who letters a training page: its script, and the face of its dialogue."""

import numpy as np

from training import lettering
from training.art import Picture
from training.lettering import Faces


class Writer:
    """One page's script and face; they stay the same all over the page."""

    def __init__(self, rng: np.random.Generator, faces: Faces) -> None:
        self.rng, self.faces = rng, faces
        self.script = str(rng.choice(["ja", "latin", "zh", "ko"], p=[0.72, 0.18, 0.05, 0.05]))
        plain = faces.asian if self.script in ("zh", "ko") else faces.plain
        self.face = plain[int(rng.integers(len(plain)))]

    def text(self, size: int, hand: bool = False) -> Picture:
        """Coverage of a block of made-up text, `size` px an em; `hand`: as people letter who have no typesetter."""
        rng, faces = self.rng, self.faces
        rows = int(rng.integers(1, 6))
        if self.script == "latin":
            face = faces.latin[int(rng.integers(len(faces.latin)))]
            lines = [lettering.latin(rng, int(rng.integers(4, 22))) for _ in range(rows)]
            return lettering.block(rng, lines, face, size, False)
        if self.script in ("zh", "ko"):
            write = lettering.chinese if self.script == "zh" else lettering.korean
            lines = [write(rng, int(rng.integers(1, 9))) for _ in range(rows)]
            return lettering.block(rng, lines, self.face, size, bool(rng.random() < 0.3))
        face = faces.all[int(rng.integers(len(faces.all)))] if hand or rng.random() < 0.15 else self.face
        longest = int(rng.integers(2, 11))
        lines = [lettering.japanese(rng, int(rng.integers(1, longest + 1)), face.kanji) for _ in range(rows)]
        if hand and rng.random() < 0.5:  # a pen of a pixel or three
            face = faces.thin[int(rng.integers(len(faces.thin)))]
            text = lettering.block(rng, lines, face, size, bool(rng.random() < 0.7))
            return lettering.by_hand(rng, np.pad(text, 3), size, rng.uniform(1.2, 3.5) / size)
        text = lettering.block(rng, lines, face, size, bool(rng.random() < 0.85))
        return lettering.by_hand(rng, text, size) if hand and rng.random() < 0.25 else text
