"""policy.toml: which kinds of lettering go and which stay, for a chapter and for some of its pages."""

import logging
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mangaclean import kinds
from mangaclean.archives import PageFile, Source
from mangaclean.config import Config
from mangaclean.errors import UsageError, did_you_mean
from mangaclean.pagenames import page_numbers
from mangaclean.types import Kind

log = logging.getLogger(__name__)

NAME = "policy.toml"


class Rule(BaseModel):
    """Kinds that are kept and kinds that are cleaned; those that neither names are left as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: tuple[Kind, ...] = ()
    clean: tuple[Kind, ...] = ()

    @field_validator("keep", "clean", mode="before")
    @classmethod
    def _known(cls, named: object) -> object:
        if not isinstance(named, list | tuple) or not all(isinstance(kind, str) for kind in named):
            raise ValueError('write a list of kinds, such as ["sfx", "caption"]')
        for kind in named:
            if kind not in get_args(Kind):
                raise ValueError(kinds.unknown(kind))
        return tuple(named)

    @model_validator(mode="after")
    def _once(self) -> "Rule":
        if both := set(self.keep) & set(self.clean):
            raise ValueError(f"'{min(both)}' is both kept and cleaned; name it once")
        return self


class PageRule(Rule):
    """A rule for some pages: those whose names match a pattern (`names`), or by number, from 1 (`numbers`)."""

    names: str = ""
    numbers: str = ""

    @field_validator("numbers")
    @classmethod
    def _numbers(cls, text: str) -> str:
        try:
            page_numbers(text, "numbers =")
        except UsageError as error:
            raise ValueError(str(error)) from None
        return text

    @model_validator(mode="after")
    def _some(self) -> "PageRule":
        if not self.names and not self.numbers:
            raise ValueError('say which pages: names = "cover*", or numbers = "3-7,12"')
        return self

    def concerns(self, name: str, number: int) -> bool:
        """Whether the rule is for a page; patterns match its whole name, or what stands behind the last /."""
        given = page_numbers(self.numbers)
        if given is not None and number not in given:
            return False
        return not self.names or any(fnmatchcase(word, self.names) for word in (name, name.rpartition("/")[2]))


class Policy(Rule):
    """What a policy file says: a rule for all pages, and others for some, of which later ones win."""

    pages: tuple[PageRule, ...] = Field(default=())

    @field_validator("pages", mode="before")
    @classmethod
    def _tables(cls, pages: object) -> object:
        return tuple(pages) if isinstance(pages, list) else pages

    def kept(self, config: Config, page: str, number: int) -> tuple[Kind, ...]:
        """The kinds that stay on a page, by its name and its number from 1; the command line wins."""
        kept: set[Kind] = set(config.segment.keep)
        for rule in (self, *(rule for rule in self.pages if rule.concerns(page, number))):
            kept = (kept | set(rule.keep) - config.decided) - (set(rule.clean) - config.decided)
        return kinds.ordered(kept)

    def idle(self, pages: Sequence[PageFile]) -> list[str]:
        """A note for each rule that no page of the chapter matches."""
        return [
            f"policy: rule {place} ({rule.names or rule.numbers}) matches no page"
            for place, rule in enumerate(self.pages, 1)
            if not any(rule.concerns(page.name, number) for number, page in enumerate(pages, 1))
        ]


def kinds_kept(source: Source, config: Config) -> tuple[dict[str, tuple[Kind, ...]], list[str]]:
    """The kinds that stay on each page of a chapter, by its stem, and notes on rules that match none."""
    policy = load(source.path, config.input.policy)
    keeps = {page.stem: policy.kept(config, page.name, number) for number, page in enumerate(source.pages, 1)}
    return keeps, policy.idle(source.pages)


def load(chapter: Path, given: str = "") -> Policy:
    """The policy of a chapter: the file `given`, else policy.toml in its folder, else beside it; without one, empty.

    UsageError where the file cannot be read or says what is not known.
    """
    places = [Path(given)] if given else [chapter / NAME, chapter.absolute().parent / NAME]
    path = next((place for place in places if given or place.is_file()), None)
    if path is None:
        return Policy()
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a TOML file in UTF-8: {error}; mend it and run again") from None
    except OSError as error:
        raise UsageError(f"cannot read the policy {path}: {error.strerror}; check input.policy") from None
    except ValidationError as error:
        raise UsageError("\n".join(f"{path}: {_wrong(dict(entry))}" for entry in error.errors())) from None
    log.info("policy: %s", path)
    return policy


def _wrong(entry: dict[str, object]) -> str:
    loc = entry["loc"]
    words = list(loc) if isinstance(loc, tuple) else []
    place = ", ".join(f"rule {word + 1}" if isinstance(word, int) else str(word) for word in words)
    if entry["type"] == "extra_forbidden":
        known = [*(PageRule if "pages" in words[:-1] else Policy).model_fields]
        return f"unknown setting: {did_you_mean(str(words[-1]), known)} ({place})"
    return f"{place + ': ' if place else ''}{str(entry['msg']).removeprefix('Value error, ')}"
