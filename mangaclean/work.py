"""What is done to one page, from its bytes to the bytes of what is made of it: the part that runs in a worker."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from mangaclean.config import Config
from mangaclean.errors import MangacleanError
from mangaclean.types import Action, Wish

log = logging.getLogger(__name__)

STAGES = ("segment", "inpaint", "ocr")


@dataclass(frozen=True, slots=True)
class Job:
    """A page, the stages it is to go through, and what earlier runs left of those that it is not."""

    name: str
    stem: str
    data: bytes
    stages: tuple[str, ...]
    config: Config
    mask: bytes | None = None
    regions: bytes | None = None
    wishes: tuple[Wish, ...] = ()


@dataclass(slots=True)
class Done:
    """What a stage made: file name in the output folder → bytes; or why it failed."""

    stage: str
    made: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()


def mask_name(stem: str) -> str:
    return f"masks/{stem}.png"


def state_name(stage: str, stem: str) -> str:
    return f"state/{stage}/{stem}.json"


def clean(job: Job) -> list[Done]:
    """Take a page through its stages. An error costs the stage and those that need it; MangacleanErrors go through."""
    page = _Page(job)
    results: list[Done] = []
    for stage in job.stages:
        began = time.perf_counter()
        done = Done(stage)
        try:
            done.made = _MAKERS[stage](page)
            done.notes = page.loaded.notes if stage == job.stages[0] else ()
            if stage == "segment" and job.mask is None:
                wishes = [wish for wish in job.wishes if not wish.outline]
                done.notes += tuple(f"{wish.id}: {_WISHED[wish.action]}, as text.json has it" for wish in wishes)
                done.notes += page.detection.notes
        except MangacleanError:
            raise
        except Exception as error:
            log.debug("%s: %s", job.name, stage, exc_info=True)
            done.error = str(error) or repr(error)
        done.seconds = round(time.perf_counter() - began, 3)
        results.append(done)
        if stage == "segment" and done.error:
            break  # the others have nothing to work on
    return results


class _Page:
    """A page under way; each thing is made, or read from what an earlier run left, when it is first asked for."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.config = job.config

    @cached_property
    def loaded(self) -> Any:
        from mangaclean import images

        return images.load(self.job.data, self.job.name, self.config.input.max_pixels)

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.loaded.image.shape[:2]
        return width, height

    @cached_property
    def detection(self) -> Any:
        from dataclasses import replace

        from mangaclean import page, textfile

        cfg = self.config.segment
        # What stays may differ from page to page; the engine is the same.
        segmenter = engine("segment", cfg.model_copy(update={"keep": ()}))
        found = page.segment(self.loaded.image, segmenter, cfg, self.job.wishes)
        return replace(found, regions=textfile.assign_ids(self.job.stem, found.regions, self.size))

    @cached_property
    def mask(self) -> Any:
        from mangaclean import images

        if self.job.mask is None:
            return self.detection.mask
        return images.load_mask(self.job.mask, mask_name(self.job.stem), self.size)

    @cached_property
    def regions(self) -> Any:
        from mangaclean import textfile

        return self.detection.regions if self.job.regions is None else textfile.load_regions(self.job.regions)

    def state(self, regions: Any) -> bytes:
        from mangaclean import textfile

        return textfile.dump_regions(self.job.name, regions, self.size, language=self.config.ocr.language)


def _segment(page: _Page) -> dict[str, bytes]:
    from mangaclean import images

    made = {state_name("segment", page.job.stem): page.state(page.detection.regions)}
    if page.job.mask is None:  # a mask that a person edited stays
        made[mask_name(page.job.stem)] = images.dump_mask(page.detection.mask)
    return made


def _inpaint(page: _Page) -> dict[str, bytes]:
    from mangaclean import fill, images, report

    image, look = page.loaded.image, page.loaded.look
    cleaned, shares = image, {}
    if page.mask.any():
        inpainter = engine("inpaint", page.config.inpaint)
        cleaned, art = fill.painted(image, page.mask, inpainter, page.config.inpaint)
        shares = report.shares(page.regions, page.mask, art)
    output = page.config.output
    return {
        f"cleaned/{page.job.stem}{images.suffix(look, output.format)}": images.dump(
            cleaned, look, output.format, output.quality
        ),
        state_name("report", page.job.stem): report.tile(image, page.mask, cleaned, page.config.inpaint.engine, shares),
    }


def _ocr(page: _Page) -> dict[str, bytes]:
    from mangaclean import page as algorithms

    reader = engine("ocr", page.config.ocr)
    regions = algorithms.ocr(page.loaded.image, page.regions, reader, page.config.ocr)
    return {state_name("ocr", page.job.stem): page.state(regions)}


_WISHED: dict[Action, str] = {"keep": "kept", "fill": "erased", "inpaint": "erased"}
_MAKERS: dict[str, Callable[[_Page], dict[str, bytes]]] = {"segment": _segment, "inpaint": _inpaint, "ocr": _ocr}


@cache
def engine(stage: Any, cfg: Any) -> Any:
    """An engine, loaded once in each process."""
    from mangaclean import engines

    return engines.load(stage, cfg)
