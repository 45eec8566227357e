"""text.json while a run goes on: the program's regions are merged into what a person has written there."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mangaclean import files
from mangaclean.archives import PageFile
from mangaclean.config import Config
from mangaclean.errors import InputError
from mangaclean.types import Box, Direction, Wish
from mangaclean.work import Done, state_name

if TYPE_CHECKING:
    from mangaclean.textmodels import PageModel, RegionModel, TextFile

log = logging.getLogger(__name__)

NAME = "text.json"


class Edition:
    """The chapter's text.json; read again before each write, as a person may be writing in it."""

    def __init__(self, out: Path, pages: Sequence[PageFile], config: Config, before: Mapping[str, str]) -> None:
        """`before`: stem → the page's name as the last run knew it, which may have changed since."""
        self._before = dict(before)
        self.path = out / NAME
        self.out, self.pages, self.config = out, pages, config
        self._names = [page.name for page in pages]
        self._digest = ""
        self._text: TextFile | None = None

    def read(self) -> "TextFile":
        """What stands in the file now. InputError where a person broke it: it is never overwritten then."""
        from mangaclean import textfile

        if not self.path.is_file():
            return self._text or textfile.TextFile(language=self.config.ocr.language)
        digest = files.digest(self.path)
        if self._text is None or digest != self._digest:
            self._text, self._digest = textfile.load(self.path), digest
        return self._text

    def wishes(self, stem: str) -> tuple[Wish, ...]:
        """What a person decided on a page's regions: actions in text.json that the program did not write there."""
        page = next((page for page in self.pages if page.stem == stem), None)
        try:
            entry = self.read().page(page.name) if page else None
        except InputError:  # runs that write in it have found that out before; the others go on without
            entry = None
        if entry is None:
            return ()
        own = _actions(self.out / state_name("ocr", stem))
        changed = [
            Wish(region.id, Box(*own[region.id][0]), region.action)
            for region in entry.regions
            if own and region.id in own and own[region.id][1] != region.action
        ]
        return (*changed, *(_added(region) for region in entry.regions if _is_added(region, own)))

    def asked(self, stem: str) -> str:
        """A digest of what a person decided on a page's regions; empty if nothing."""
        return asked(self.wishes(stem))

    def put(self, page: PageFile, state: bytes) -> None:
        """Merge the regions that the program now found on a page; its last state file is the merge's base."""
        from mangaclean import textfile

        base = load_page(self.out / state_name("ocr", page.stem))
        text = self._renamed(self.read(), page, base)
        merged = textfile.merge_page(base, text.page(page.name), textfile.load_state(state))
        self._write(text.with_page(merged, self._names))

    def guess(self) -> str:
        """The reading direction where nobody gave it: rtl, ltr or ttb; else empty."""
        return self._direction(self.read()) if self.config.segment.direction == "auto" else ""

    def finish(self, last: str) -> str:
        """Put in pages that are missing, and direction and language, once all pages are known.

        `last` is what an earlier call gave: direction and language as the program put them; others are a person's.
        """
        text = self.read()
        known = {page.page for page in text.pages}
        for page in self.pages:
            state = load_page(self.out / state_name("ocr", page.stem)) if page.name not in known else None
            if state:
                text = self._renamed(text, page, state)
                entry = text.page(page.name) or state.model_copy(update={"page": page.name})
                text = text.with_page(entry, self._names)
        now = {"direction": self._direction(text), "language": self.config.ocr.language}
        direction, _, language = (last or f"rtl {now['language']}").partition(" ")
        before = {"direction": direction, "language": language}
        own = {name: value for name, value in now.items() if getattr(text, name) == before[name]}
        self._write(text.model_copy(update=own))
        return " ".join(now.values())

    def _renamed(self, text: "TextFile", page: PageFile, state: "PageModel | None") -> "TextFile":
        """With the entry of a page whose file has another name now moved to that name."""
        name = self._before.get(page.stem) or (state.page if state else page.name)
        old = text.page(name)
        if old is None or name in self._names or text.page(page.name):
            return text
        others = [entry for entry in text.pages if entry is not old]
        moved = old.model_copy(update={"page": page.name})
        return text.model_copy(update={"pages": others}).with_page(moved, self._names)

    def _direction(self, text: "TextFile") -> Direction:
        if self.config.segment.direction != "auto":
            return self.config.segment.direction
        from mangaclean import panels, textfile

        strips = sum(panels.is_strip(page.width, page.height) for page in text.pages)
        if text.pages and 2 * strips > len(text.pages):
            return "ttb"
        regions = (textfile.to_region(region) for page in text.pages for region in page.regions)
        return panels.guess(regions, 1, 1)

    def _write(self, text: "TextFile") -> None:
        from mangaclean import textfile

        data = textfile.dump(text)
        digest = files.digest(data)
        if digest != self._digest or not self.path.is_file():
            files.write(self.path, data)
        self._text, self._digest = text, digest


def asked(wishes: Sequence[Wish]) -> str:
    """A digest of what is wished for a page; empty if nothing is."""
    return (
        files.digest(
            json.dumps(
                [(wish.id, wish.action, *((wish.box, wish.outline) if wish.outline else ())) for wish in wishes]
            ).encode()
        )
        if wishes
        else ""
    )


def _is_added(region: "RegionModel", own: Mapping[str, object] | None) -> bool:
    """Whether a person added a region, to be erased: the program's have lines, or stand in its state, `own`."""
    from mangaclean.textmerge import LOST

    if region.action == "keep" or (own and region.id in own):
        return False
    return not region.lines or (own is not None and not region.reason.endswith(LOST))


def _added(region: "RegionModel") -> Wish:
    left, top, right, bottom = region.box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Wish(region.id, Box(*region.box), region.action, tuple(region.polygon) or corners)


def _actions(path: Path) -> dict[str, tuple[tuple[int, int, int, int], str]] | None:
    """Box and action of each region in a state file, by id. Read plainly, as every run asks this of every page."""
    try:
        regions = json.loads(path.read_bytes())["pages"][0]["regions"]
        return {region["id"]: (tuple(region["box"]), region["action"]) for region in regions}
    except (OSError, ValueError, LookupError, TypeError):
        return None  # nothing is known of what the program wrote


def load_page(path: Path) -> "PageModel | None":
    """What a state file holds; None where it is missing or damaged, as it is then made anew."""
    from mangaclean import textfile

    try:
        return textfile.load_state(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, InputError) as error:
        log.debug("%s is passed over: %s", path, error)
        return None


def actions(results: Sequence[Done], stem: str) -> dict[str, int]:
    """How many regions of a page are filled, inpainted and kept, by what its stages just made."""
    from mangaclean import textfile

    for done in results:
        for stage in ("ocr", "segment"):
            state = done.made.get(state_name(stage, stem))
            if state:
                return dict(Counter(region.action for region in textfile.load_state(state).regions))
    return {}
