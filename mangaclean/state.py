"""What is up to date in an output folder, and what has to be made again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mangaclean import engines
from mangaclean.config import Config
from mangaclean.files import digest
from mangaclean.manifest import Manifest, Record, edited, key
from mangaclean.work import STAGES, mask_name, state_name

# Counted up when a stage's results change for the same settings, so that chapters are done again.
REVISIONS = {"segment": 11, "inpaint": 10, "ocr": 2}


@dataclass(frozen=True, slots=True)
class Todo:
    """The stages that a page has to go through, and what a person edited by hand and is kept."""

    stages: tuple[str, ...]
    kept: tuple[str, ...] = ()


class Freshness:
    """Compares a chapter's manifest, files and settings."""

    def __init__(
        self,
        out: Path,
        manifest: Manifest,
        config: Config,
        until: str,
        force: bool,
        wishes: Callable[[str], str] = lambda stem: "",
        keeps: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`wishes`: stem → digest of what a person wants done with the page's regions; empty for nothing.

        `keeps`: stem → kinds of lettering that stay on the page, where a policy says otherwise than the settings.
        """
        self._keeps = keeps or {}
        self._wishes = wishes
        self.out, self.manifest, self.force = out, manifest, force
        self.wanted = {"ocr": STAGES, "ocr-only": ("segment", "ocr")}.get(until) or STAGES[: STAGES.index(until) + 1]
        self._settings: dict[str, dict[str, Any]] = {
            "segment": config.segment.model_dump(mode="json"),
            "inpaint": config.inpaint.model_dump(mode="json")
            | {"format": config.output.format, "quality": config.output.quality},
            "ocr": config.ocr.model_dump(mode="json"),
        }
        tables: dict[str, Any] = {"segment": config.segment, "inpaint": config.inpaint, "ocr": config.ocr}
        self._engines = {stage: engines.revision(stage, tables[stage]) for stage in engines.ENGINES}

    def key(self, stage: str, stem: str, page: str, read: str, wishes: str = "") -> str:
        """The key that a stage has with the digests of the page's file, of what else it `reads`, and of wishes."""
        inputs = {"page": page}
        if name := reads(stage, stem):
            inputs[name] = read
        if stage == "segment" and wishes:
            inputs["wishes"] = wishes
        settings = self._settings[stage]
        if stage == "segment" and stem in self._keeps:
            settings = settings | {"keep": list(self._keeps[stem])}
        return key(stage, REVISIONS[stage], settings, self._engines[stage], inputs)  # type: ignore[index]

    def todo(self, stem: str, page: str) -> Todo:
        """What a page still needs."""
        if self.force:
            return Todo(self.wanted)
        stages, kept = [], []
        wishes = self._wishes(stem)
        for stage in self.wanted:
            record = self.manifest.record(stem, stage)
            by_hand = [name for name in record.made if editable(name) and edited(self.out, record, name)]
            kept += by_hand
            cleaned_by_hand = stage == "inpaint" and bool(by_hand)
            key = self.key(stage, stem, page, self._digest(reads(stage, stem)), wishes)
            again = "segment" in stages or record.key != key or record.error or record.pending
            if (again or not self._whole(record)) and not cleaned_by_hand:
                stages.append(stage)
        return Todo(tuple(stages), tuple(kept))

    def _digest(self, name: str) -> str:
        path = self.out / name
        return digest(path) if name and path.is_file() else ""

    def _whole(self, record: Record) -> bool:
        """Whether all that a stage made is still there, unchanged or changed by hand."""
        return bool(record.made) and all(
            (self.out / name).is_file() and (editable(name) or digest(self.out / name) == made)
            for name, made in record.made.items()
        )


def reads(stage: str, stem: str) -> str:
    """The file that a stage reads besides the page; empty if there is none."""
    return {"inpaint": mask_name(stem), "ocr": state_name("segment", stem)}.get(stage, "")


def editable(name: str) -> bool:
    """Whether a person may change a file that the program made."""
    return name.startswith(("masks/", "cleaned/", "typeset/"))


def edits(out: Path, manifest: Manifest) -> Iterator[str]:
    """Files that a person changed."""
    for stages in manifest.pages.values():
        for record in stages.values():
            yield from (name for name in record.made if editable(name) and edited(out, record, name))
