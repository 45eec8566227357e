"""Fonts: the shipped faces, those that are installed, and which face a text is set in."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from mangaclean.config import TypesetConfig
from mangaclean.errors import MissingError, did_you_mean
from mangaclean.faces import Face
from mangaclean.files import digest

log = logging.getLogger(__name__)

Voice = Literal["speech", "thought", "caption", "shout", "sfx", "other"]

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
# What each voice is set in where nobody says otherwise; the second face is for *emphasis*
DEFAULTS: dict[Voice, tuple[str, str]] = {
    "speech": ("Comic Neue Bold", "Comic Neue Bold Italic"),
    "thought": ("Comic Neue Bold Italic", "Comic Neue Bold"),
    "caption": ("Comic Neue Bold Italic", "Comic Neue Bold"),
    "shout": ("Bangers Regular", "Bangers Regular"),
    "sfx": ("Bangers Regular", "Bangers Regular"),
    "other": ("Patrick Hand Regular", "Patrick Hand Regular"),
}
# Where letters are missing: Cyrillic, then Vietnamese, in faces that go with the others
STANDINS = ("Balsamiq Sans Bold", "Patrick Hand Regular", "Bangers Regular")
SLANTED_STANDINS = ("Balsamiq Sans Bold Italic", "Patrick Hand Regular", "Bangers Regular")
# Installed families that are taken for what no shipped face has, the first that is there
CJK = {
    "ja": (
        "Noto Sans CJK JP",
        "Source Han Sans JP",
        "Hiragino Maru Gothic ProN",
        "Hiragino Sans",
        "Yu Gothic",
        "Meiryo",
    ),
    "zh": ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", "SimHei"),
    "tw": ("Noto Sans CJK TC", "Source Han Sans TC", "PingFang TC", "Microsoft JhengHei"),
    "ko": ("Noto Sans CJK KR", "Source Han Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "Nanum Gothic"),
}
OTHERS = ("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans", "Segoe UI", "Geeza Pro", "Arial Hebrew", "Arial")
SYMBOLS = (
    "DejaVu Sans",
    "Segoe UI Symbol",
    "Apple Symbols",
    "Noto Sans Symbols2",
    "Noto Sans Symbols",
    "Arial Unicode MS",
)


class Found(NamedTuple):
    """A face in a file: its family and style as the file has them."""

    family: str
    style: str
    path: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.family} {self.style}"


class Fonts:
    """The faces that a chapter is set in, opened when first needed; `warnings` fills as letters are missing."""

    def __init__(self, cfg: TypesetConfig) -> None:
        self.cfg = cfg
        self.warnings: list[str] = []
        self._open: dict[tuple[str, int, bool, float], Face] = {}
        self._stacks: dict[tuple[str, bool], tuple[Face, ...]] = {}
        self._standin: dict[str, Face | None] = {}

    def stack(self, voice: Voice, loud: bool = False, font: str | None = None) -> tuple[Face, ...]:
        """The face of a voice, or `font`, and the shipped ones that stand in for it. MissingError for unknown names."""
        own = font or getattr(self.cfg, f"font_{voice}") or self.cfg.font
        key = own or f"[{voice}]", loud
        if key not in self._stacks:
            if own:
                first = self._emphatic(own) if loud else self._face(find(own))
            else:
                first = self._face(find(DEFAULTS[voice][loud]))
            names = SLANTED_STANDINS if loud or "Italic" in DEFAULTS[voice][loud] else STANDINS
            rest = [self._face(find(name)) for name in names]
            self._stacks[key] = (first, *(face for face in rest if face is not first))
        return self._stacks[key]

    def fitting(self, text: str, voice: Voice, loud: bool = False, font: str | None = None) -> tuple[Face, ...]:
        """`stack` with the first face ahead that has all letters of `text`, so that no word mixes faces."""
        faces = self.stack(voice, loud, font)
        letters = {char for char in text if char.isalpha()}
        lead = next((face for face in faces if all(map(face.covers, letters))), None)
        if lead is None and not letters & _covered(faces[0], letters):
            char = min(letters)
            lead = self.standin(char)
        return faces if lead is None else (lead, *(face for face in faces if face is not lead))

    def standin(self, char: str) -> Face | None:
        """An installed face for a letter that the shipped ones lack, and a warning; None if there is none."""
        if char not in self._standin:
            self._standin[char] = self._search(char)
        return self._standin[char]

    def _search(self, char: str) -> Face | None:
        opened = [face for face in self._standin.values() if face is not None]
        for face in opened:
            if face.covers(char):
                return face
        for found in _candidates(self.cfg.language, char):
            face = self._face(found)
            if face.covers(char):
                self.warnings.append(f"'{char}' and the like are not in the chosen font; set in {found.name}")
                return face
        self.warnings.append(
            f"no font has '{char}' (U+{ord(char):04X}); install one that does, such as Noto Sans CJK, or name it: "
            "--font NAME|FILE"
        )
        return None

    def _emphatic(self, name: str) -> Face:
        """The bold italic of a family, else its bold, slanted, else the face itself, slanted."""
        plain = find(name)
        if Path(name).is_file():
            near = [found for found in _faces_in(Path(name).parent) if found.family == plain.family]
        else:
            near = [found for found in (*shipped(), *installed()) if found.family == plain.family]
        styles = {_flat(found.style): found for found in near}
        for style in ("bolditalic", "boldoblique", "italic" if "bold" in _flat(plain.style) else "", "oblique"):
            if style in styles and styles[style] != plain:
                return self._face(styles[style])
        return self._face(styles.get("bold", plain), slanted=True)

    def _face(self, found: Found, slanted: bool = False) -> Face:
        key = found.path, found.number, slanted, 0.0
        if key not in self._open:
            self._open[key] = Face(found.path, found.number, slanted=slanted)
        return self._open[key]

    def revision(self) -> str:
        """Digest of the faces that the settings name: text is set anew when one of them changes."""
        names = {getattr(self.cfg, f"font_{voice}") or self.cfg.font or DEFAULTS[voice][0] for voice in DEFAULTS}
        return "; ".join(f"{name} {_digest(find(name).path)}" for name in sorted(names))


def find(name: str) -> Found:
    """A face by file, or by the name of a shipped or installed one. MissingError (exit code 4) if there is none."""
    path = Path(name).expanduser()
    if path.suffix.lower() in SUFFIXES:
        if not path.is_file():
            raise MissingError(f"no font file {name}; give the path of a .ttf or .otf file, or the name of a font")
        faces = list(_read(path))
        if not faces:
            raise MissingError(f"{name} cannot be read as a font; give another file")
        return faces[0]
    if found := _named(name, shipped()) or _named(name, installed()):
        return found
    known = sorted({found.family for found in (*shipped(), *installed())})
    raise MissingError(f"no font of that name: {did_you_mean(name, known)[:300]}; or give its file: --font FILE")


def _named(name: str, faces: tuple[Found, ...]) -> Found | None:
    """By its whole name, else the plainest face of the family; "WildWords" and "CC Wild Words" are near enough."""
    wanted = _flat(name)
    exact = [found for found in faces if _flat(found.name) == wanted]
    family = [found for found in faces if _flat(found.family) == wanted]
    near = [found for found in faces if len(wanted) > 4 and wanted in _flat(found.name)]
    order = ("regular", "roman", "book", "medium", "bold")
    for group in (exact, family, near):
        if group:
            ranks = {style: i for i, style in enumerate(order)}
            return min(group, key=lambda found: (ranks.get(_flat(found.style), 9), found.path, found.number))
    return None


def _flat(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


@cache
def shipped() -> tuple[Found, ...]:
    """The faces that come with the program: in the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "fonts"
    return _faces_in(inside if inside.is_dir() else package.parent / "fonts")


@cache
def installed() -> tuple[Found, ...]:
    """The faces that this machine has."""
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft" / "Windows" / "Fonts"
        places = [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts", local]
    elif sys.platform == "darwin":
        places = [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    else:
        data = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
        places = [home / ".fonts", home / ".local/share/fonts", *(Path(place) / "fonts" for place in data)]
    return tuple(found for place in places for found in _faces_in(place))


@cache
def _faces_in(folder: Path) -> tuple[Found, ...]:
    if not folder.is_dir():
        return ()
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return tuple(found for path in paths for found in _read(path))


def _read(path: Path) -> Iterator[Found]:
    import freetype

    number, count = 0, 1
    while number < count:
        try:
            face = freetype.Face(str(path), number)
        except (freetype.FT_Exception, OSError) as error:
            log.debug("%s is passed over: %s", path, error)
            return
        count = face.num_faces
        family, style = ((part or b"").decode("utf-8", "replace") for part in (face.family_name, face.style_name))
        yield Found(family or path.stem, style or "Regular", str(path), number)
        number += 1


def _candidates(language: str, char: str) -> Iterator[Found]:
    """Installed faces for a letter, likeliest first."""
    hant = language[:2] == "zh" and any(mark in language.lower() for mark in ("hant", "tw", "hk"))
    order = [
        "tw" if hant else language[:2],
        "ja" if "ぁ" <= char <= "ヿ" else "ko" if "가" <= char <= "힣" else "zh",
        *CJK,
    ]
    families = [family for code in dict.fromkeys(order) for family in CJK.get(code, ())]
    faces = installed()
    for family in (*families, *OTHERS, *SYMBOLS):
        mine = [found for found in faces if found.family == family]
        rank = {"medium": 0, "regular": 1, "book": 1, "bold": 2}
        yield from sorted(mine, key=lambda found: rank.get(_flat(found.style), 9))[:1]
    yield from faces


def _covered(face: Face, letters: set[str]) -> set[str]:
    return {char for char in letters if face.covers(char)}


@cache
def _digest(path: str) -> str:
    return digest(Path(path))[:16]
