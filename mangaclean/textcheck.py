"""What a look over the translations finds: missing ones, long ones, other numbers, open brackets, lacking glyphs."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mangaclean.errors import InputError, MissingError
from mangaclean.interchange import in_order
from mangaclean.interchange.figures import differing
from mangaclean.textmodels import RegionModel, TextFile

USABLE = 0.7  # of a balloon's box: an oval fills 0.79 of it, and letters keep off the outline
USABLE_BARE = 1.0  # of a box that has no balloon round it
LINE = 1.15  # height of a line of horizontal lettering, in em
SMALLEST = 0.55  # of the source's letters: how small a translation may be set
NARROW = 0.52  # width of a Latin letter, in em; that of a full-width one is 1
NAME = 2  # words that are the same in two languages of one script: a name, `OK`
TOLERANCE = 1.1  # what the estimate may be off before it is told

HOW_LONG = (
    f"long: an estimate. A translation needs its letters' widths (full-width 1 em, others {NARROW} em) × {LINE} em a "
    f"line, set at {SMALLEST:.0%} of the source's size; a balloon offers {USABLE:.0%} of its box."
)
_PAIRS = dict(zip(")]}」』）】》〉〕］｝", "([{「『（【《〈〔［｛", strict=True))
_QUOTES = '"“”„‟', "«»"  # languages use them in either direction, but always in pairs
# How the names of a language's letters begin; those that most translations are written in, too, tell nothing
_SCRIPTS = {
    "ja": ("HIRAGANA LETTER", "KATAKANA LETTER", "CJK UNIFIED"),
    "zh": ("CJK UNIFIED",),
    "ko": ("HANGUL",),
}
_LATIN = ("LATIN",)

Lacks = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in one region; `problem` is one word."""

    page: str
    order: int
    id: str
    problem: str
    said: str


def check(text: TextFile, lacks: Lacks | None = None) -> list[Finding]:
    """What may be wrong with the translations, page by page; `lacks` tells whether a font has no glyph for a letter.

    Regions that stay on the page (`action` keep) need no translation.
    """
    telling = tuple(script for script in _SCRIPTS.get(text.language, _LATIN) if not _common(text, (script,)))
    return [
        Finding(page.page, number, region.id, problem, said)
        for page in text.pages
        for number, region in enumerate(in_order(page), 1)
        for problem, said in _region(region, telling, lacks)
    ]


def _region(region: RegionModel, telling: tuple[str, ...], lacks: Lacks | None) -> Iterator[tuple[str, str]]:
    words = region.translation
    if not words.strip():
        if region.action != "keep":
            yield "empty", f"no translation of {region.text!r}" if region.text else "no translation, and no source text"
        return
    same = _plain(words) == _plain(region.text)
    if same and (_in(words, telling) or len(words.split()) > NAME):
        yield "same", f"identical to the source: {words!r}"
    elif not same and (left := "".join(letter for letter in words if _in(letter, telling) and not letter.isascii())):
        yield "untranslated", f"still in the source's letters: {left!r}"
    if (share := crowding(region)) > TOLERANCE:
        width, height = _room(region)
        yield "long", f"needs about {share:.0%} of the room, {width} × {height} px"
    missing, extra = differing(region.text, words)
    if missing or extra:
        parts = [f"{name} {', '.join(found)}" for name, found in (("without", missing), ("with", extra)) if found]
        yield "numbers", f"{' and '.join(parts)}, unlike the source {region.text!r}"
    if (loose := unbalanced(words)) and not unbalanced(region.text):
        yield "brackets", f"unbalanced: {loose}"
    if lacks and (absent := sorted({letter for letter in words if _drawn(letter) and lacks(letter)})):
        yield "glyphs", "the font lacks " + " ".join(f"{letter} (U+{ord(letter):04X})" for letter in absent)


def crowding(region: RegionModel) -> float:
    """The room that a translation needs at least, as a share of what there is; 0 where sizes are unknown."""
    size = region.font_size * SMALLEST
    width, height = _room(region)
    room = width * height * (USABLE if region.bubble else USABLE_BARE)
    if size <= 0 or room <= 0:
        return 0.0
    area = sum(_ems(line) for line in region.translation.splitlines()) * LINE * size**2
    return area / room


def _room(region: RegionModel) -> tuple[int, int]:
    left, top, right, bottom = region.bubble or region.box
    return right - left, bottom - top


def _ems(line: str) -> float:
    return sum(
        0 if unicodedata.combining(letter) else 1 if unicodedata.east_asian_width(letter) in "WF" else NARROW
        for letter in line
    )


def unbalanced(text: str) -> str:
    """The brackets and quotes that have no partner, in the order in which they stand; empty if all have one."""
    open_: list[str] = []
    loose: list[str] = []
    for letter in text:
        if letter in _PAIRS.values():
            open_.append(letter)
        elif letter in _PAIRS:
            if open_ and open_[-1] == _PAIRS[letter]:
                open_.pop()
            else:
                loose.append(letter)
    quotes = ([letter for letter in text if letter in pair] for pair in _QUOTES)
    return " ".join([*loose, *open_, *(found[-1] for found in quotes if len(found) % 2)])


def _common(text: TextFile, scripts: tuple[str, ...]) -> bool:
    """Whether most translations are written in these letters, so that they tell nothing of what was forgotten."""
    regions = [region for page in text.pages for region in page.regions if region.translation.strip()]
    words = [region.translation for region in regions if _plain(region.translation) != _plain(region.text)]
    return sum(_in(word, scripts) for word in words) > len(words) / 2


def _in(text: str, scripts: tuple[str, ...]) -> bool:
    return any(unicodedata.name(letter, "").startswith(scripts) for letter in text)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _drawn(letter: str) -> bool:
    """Whether a letter leaves ink: no space, no control or joining character, no variation selector."""
    return unicodedata.category(letter)[0] not in "ZC" and not 0xFE00 <= ord(letter) <= 0xFE0F


def lacking(font: Path) -> Lacks:
    """Whether a font draws nothing for a letter, or the box that it draws for letters it lacks.

    MissingError if there is no such file, InputError if it is no font.
    """
    from PIL import ImageFont

    if not font.is_file():
        raise MissingError(f"--font {font}: no such file; give a TrueType or OpenType font")
    try:
        face = ImageFont.truetype(str(font), 40, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError) as error:
        raise InputError(f"--font {font}: cannot be read ({error}); give a TrueType or OpenType font") from error

    def drawn(letter: str) -> tuple[float, tuple[int, int, int, int], bytes]:
        left, top, right, bottom = (round(edge) for edge in face.getbbox(letter))
        return face.getlength(letter), (left, top, right, bottom), bytes(face.getmask(letter))

    known: dict[str, bool] = {}
    no_letter = drawn("\U0010ffff")  # never a letter, in no font

    def lacks(letter: str) -> bool:
        if letter not in known:
            ink = drawn(letter)
            known[letter] = ink == no_letter or not any(ink[2])
        return known[letter]

    return lacks
