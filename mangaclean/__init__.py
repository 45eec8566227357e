"""Cleans manga and comic chapters: finds the lettering, removes it without harming the art, and reads it."""

__version__ = "0.1.0"
