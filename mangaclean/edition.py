"""text.json while a run goes on: the program's regions are merged into what a person has written there."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mangaclean import files
from mangaclean.archives import PageFile
from mangaclean.config import Config
from mangaclean.work import Done, state_name

if TYPE_CHECKING:
    from mangaclean.textmodels import Direction, TextFile

NAME = "text.json"


class Edition:
    """The chapter's text.json; read again before each write, as a person may be writing in it."""

    def __init__(self, out: Path, pages: Sequence[PageFile], config: Config) -> None:
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

    def put(self, page: PageFile, state: bytes) -> None:
        """Merge the regions that the program now found on a page; its last state file is the merge's base."""
        from mangaclean import textfile

        before = self.out / state_name("ocr", page.stem)
        base = textfile.load_state(before.read_bytes()) if before.is_file() else None
        text = self.read()
        merged = textfile.merge_page(base, text.page(page.name), textfile.load_state(state))
        self._write(text.with_page(merged, self._names))

    def finish(self) -> None:
        """Put in pages that are missing, and the direction of reading, once all pages are known."""
        from mangaclean import textfile

        text = self.read()
        known = {page.page for page in text.pages}
        for page in self.pages:
            state = self.out / state_name("ocr", page.stem)
            if page.name not in known and state.is_file():
                text = text.with_page(textfile.load_state(state.read_bytes()), self._names)
        self._write(text.model_copy(update={"direction": self._direction(text)}))

    def _direction(self, text: "TextFile") -> "Direction":
        if self.config.segment.direction != "auto":
            return self.config.segment.direction
        weights = Counter[bool]()
        for page in text.pages:
            for region in page.regions:
                weights[region.vertical] += max(len(region.lines), 1)
        return "rtl" if weights[True] >= weights[False] else "ltr"

    def _write(self, text: "TextFile") -> None:
        from mangaclean import textfile

        data = textfile.dump(text)
        digest = files.digest(data)
        if digest != self._digest or not self.path.is_file():
            files.write(self.path, data)
        self._text, self._digest = text, digest


def actions(results: Sequence[Done], stem: str) -> dict[str, int]:
    """How many regions of a page are filled, inpainted and kept, by what its stages just made."""
    from mangaclean import textfile

    for done in results:
        for stage in ("ocr", "segment"):
            state = done.made.get(state_name(stage, stem))
            if state:
                return dict(Counter(region.action for region in textfile.load_state(state).regions))
    return {}
