"""The JSON Schema of text.json, for those who read or write it with programs of their own."""

from typing import Any

from mangaclean.textmodels import TextFile

# What pydantic cannot know: model → field → what it means
MEANINGS = {
    "TextFile": {
        "version": "Version of this layout.",
        "direction": "Reading direction: rtl, ltr or ttb (top down, webtoons).",
        "language": "Language of the source text.",
        "pages": "Pages in order.",
    },
    "PageModel": {
        "page": "Name of the page's file in the chapter, with folders by /.",
        "width": "Pixels.",
        "height": "Pixels.",
        "regions": "Regions in reading order.",
    },
    "RegionModel": {
        "id": "Stays the same when the chapter is cleaned again.",
        "order": "Place in reading order, counted from 1.",
        "panel": "Number of the panel, counted from 1; 0 if none.",
        "kind": "What the lettering is.",
        "box": "Left, top, right, bottom in pixels of the page; right and bottom are exclusive.",
        "polygon": "Outline, x and y in pixels.",
        "bubble": "Box of the balloon round it, or null.",
        "vertical": "Whether its lines run from top to bottom.",
        "angle": "How far its lines are turned from the level or the upright: degrees, anticlockwise.",
        "font_size": "Em of its letters in pixels.",
        "color": "Colour of its letters, #rrggbb.",
        "outline": "Colour round its letters, or null.",
        "text": "Source text.",
        "confidence": "How sure the reader is, 0 to 1.",
        "translation": "For a person to fill in; never overwritten.",
        "action": "What is done to it: filled with its ground, painted over, or left on the page.",
        "reason": "Why.",
        "style": "How its translation is to be set, where a person wants it otherwise than its kind; or null.",
        "line_spacing": "Pixels from the middle of one line to that of the next; 0 for one line.",
        "balloon": "Outline of its balloon, or of its own part where several texts stand in one, x and y in pixels.",
        "room": "The largest upright box within that outline, or null.",
        "lines": "Its lines as they were found.",
        "ruby": "Reading aids beside its lines, which its text leaves out.",
    },
    "StyleModel": {
        "font": "Name of a shipped or installed face, or a font file.",
        "size": "Em in pixels.",
        "color": "Colour of the letters, #rrggbb.",
        "outline": "Colour round the letters, #rrggbb, or none.",
        "align": "left, center or right.",
        "angle": "Degrees, anticlockwise.",
        "box": "Where the text has to stay: left, top, right, bottom in pixels.",
        "direction": "horizontal or vertical.",
    },
    "LineModel": {
        "polygon": "Corners, clockwise from the line's own upper left.",
        "text": "What stands in it.",
        "score": "How sure it is that this is lettering, 0 to 1.",
        "confidence": "How sure the reader is, 0 to 1.",
    },
}


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Keys that it does not name are allowed: they belong to a person or another tool."""
    made = TextFile.model_json_schema()
    models = {"TextFile": made, **made["$defs"]}
    for model, meanings in MEANINGS.items():
        for name, meaning in meanings.items():
            models[model]["properties"][name]["description"] = meaning
    described = {"title": "text.json of mangaclean", "description": "The text of a cleaned chapter, for translators."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, **described}
