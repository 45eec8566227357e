"""Cleans manga and comic chapters: finds the lettering, removes it without harming the art, and reads it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mangaclean.api import Cleaned, clean
    from mangaclean.config import Config, resolve

__version__ = "0.1.0"
__all__ = ["Cleaned", "Config", "__version__", "clean", "resolve"]

_PLACES = {"clean": "api", "Cleaned": "api", "Config": "config", "resolve": "config"}


def __getattr__(name: str) -> Any:
    """Imported when first used: `mangaclean --help` is to be quick."""
    if name not in _PLACES:
        raise AttributeError(f"module 'mangaclean' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"mangaclean.{_PLACES[name]}"), name)
