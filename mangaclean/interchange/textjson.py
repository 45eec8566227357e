"""text.json itself: a copy for somebody, and the copy that comes back."""

from mangaclean import textfile
from mangaclean.interchange import Entry, Volume, in_order
from mangaclean.textmodels import TextFile
from mangaclean.types import Box


def write(text: TextFile, volume: Volume) -> bytes:
    """The file as it is."""
    return textfile.dump(text)


def read(data: bytes, where: str) -> list[Entry]:
    """Its regions. InputError as for the program's own text.json."""
    return [
        Entry(page.page, number, region.translation, region.id, Box(*region.box), size=(page.width, page.height))
        for page in textfile.parse(data, where).pages
        for number, region in enumerate(in_order(page), 1)
    ]
