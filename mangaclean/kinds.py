"""The kinds of lettering by name, in settings, in policies and on the command line."""

from collections.abc import Collection, Sequence
from typing import get_args

from mangaclean.errors import UsageError, did_you_mean
from mangaclean.types import Kind


def ordered(named: Collection[str]) -> tuple[Kind, ...]:
    """The kinds among `named`, each once, always in the same order: settings that mean the same are the same."""
    return tuple(kind for kind in get_args(Kind) if kind in named)


def unknown(name: str, place: str = "") -> str:
    """What to say of a name that is no kind; `place` begins with a blank."""
    return f"unknown kind of lettering{place}: {did_you_mean(name, get_args(Kind))}"


def listed(option: str, words: Sequence[str]) -> set[str]:
    """The kinds that the words of an option name, several with commas between them; UsageError: there is no such."""
    found = {name.strip() for word in words for name in word.split(",") if name.strip()}
    for name in sorted(found - set(get_args(Kind))):
        raise UsageError(unknown(name, f" in {option}"))
    return found
