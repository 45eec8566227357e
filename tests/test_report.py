import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image as Pillow

from mangaclean import report
from mangaclean.report import ReportPage
from mangaclean.risk import Blob, Concern, Facts, concerns, risk
from mangaclean.types import Box, Image, Kind, Mask, Region

W, H = 600, 800
HOME = Box(100, 100, 200, 300)


def region(order: int = 1, box: Box = HOME, **kwargs: object) -> Region:
    fields: dict[str, object] = {
        "id": f"001-{order:04x}",
        "order": order,
        "panel": 1,
        "kind": "speech",
        "box": box,
        "polygon": (),
        "bubble": None,
        "vertical": True,
        "angle": 0.0,
        "font_size": 24.0,
        "color": "#000000",
        "outline": None,
        "action": "fill",
        "reason": "flat balloon, σ 0.4",
        "text": "はい",
        "confidence": 0.95,
    }
    return Region(**(fields | kwargs))  # type: ignore[arg-type]


def page(width: int = W, height: int = H, box: Box = HOME) -> tuple[Image, Mask, Image]:
    """A striped page with a black patch, its mask, and the page without it."""
    clean = np.full((height, width, 3), 255, np.uint8)
    clean[:: max(height // 8, 2)] = 120
    original, mask = clean.copy(), np.zeros((height, width), np.bool_)
    mask[box.slices] = True
    original[mask] = 0
    return original, mask, clean


def picture(data: str) -> Pillow.Image:
    opened = Pillow.open(io.BytesIO(base64.b64decode(data)))
    opened.load()
    return opened


# Tiles


def test_tile_shows_the_page_before_and_after() -> None:
    original, mask, clean = page(1200, 1600, Box(200, 200, 400, 600))
    stored = json.loads(report.tile(original, mask, clean))
    before, patch, overlay = (picture(stored[key]) for key in ("original", "cleaned", "mask"))
    assert before.size == patch.size == overlay.size == (750, 1000)
    after = Pillow.alpha_composite(before.convert("RGBA"), patch.convert("RGBA"))
    truth = Pillow.fromarray(clean).resize(before.size, Pillow.Resampling.BOX)
    assert before.convert("L").getpixel((180, 230)) < 30  # type: ignore[operator]
    assert np.abs(np.asarray(after.convert("L"), float) - np.asarray(truth.convert("L"), float)).mean() < 3
    reds = np.asarray(overlay.convert("RGBA"))
    assert reds[230, 180].tolist() == [255, 0, 60, 255]
    assert reds[600, 600, 3] == 0
    assert 0.035 < (reds[..., 3] > 0).mean() < 0.045


def test_tile_stores_only_what_differs_even_outside_the_mask() -> None:
    original, mask, clean = page()
    clean[700:720, 500:520] = 0  # as a person might paint it in
    alpha = np.asarray(picture(json.loads(report.tile(original, mask, clean))["cleaned"]).convert("RGBA"))[..., 3]
    assert alpha[710, 510] == 255
    assert alpha[200, 150] == 255
    assert alpha[500, 300] == 0


def test_tile_is_deterministic_and_small() -> None:
    rng = np.random.default_rng(1)
    noise = np.repeat(rng.integers(0, 256, (1600, 1200, 1), np.uint8), 3, axis=2)
    mask = noise[..., 0] > 250
    cleaned = np.where(mask[..., None], np.uint8(255), noise)
    assert report.tile(noise, mask, cleaned) == report.tile(noise, mask, cleaned)
    original, mask, clean = page(1200, 1600)
    assert len(report.tile(original, mask, clean)) < 20_000


def test_tile_of_a_page_that_was_not_finished() -> None:
    original, mask, _ = page()
    assert set(json.loads(report.tile(original, mask, None))) == {"version", "original", "mask", "blobs"}
    assert set(json.loads(report.tile(original, None, None))) == {"version", "original"}


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((800, 20_000), (346, 8660)),
        ((1, 1), (1, 1)),
        ((3, 40_000), (1, 16_000)),
        ((40_000, 5), (16_000, 2)),
        ((7, 9), (7, 9)),
    ],
)
def test_tile_of_strips_and_tiny_pages(size: tuple[int, int], shown: tuple[int, int]) -> None:
    original = np.full((size[1], size[0], 3), 200, np.uint8)
    stored = json.loads(report.tile(original, np.ones(size[::-1], np.bool_), original))
    assert picture(stored["original"]).size == picture(stored["mask"]).size == shown
    assert stored["blobs"] == [[0, 0, *size, size[0] * size[1]]]


def test_blobs_say_where_the_mask_lies_and_how_much_it_is() -> None:
    mask = np.zeros((H, W), np.bool_)
    mask[100:120, 40:60] = True
    mask[700:800, 590:600] = True
    blobs = json.loads(report.tile(*(np.zeros((H, W, 3), np.uint8),), mask, None))["blobs"]
    assert blobs == [[40, 96, 64, 120, 400], [584, 696, 600, 800, 1000]]


def test_report_says_what_painted_each_region() -> None:
    original, mask, clean = page()
    art = mask.copy()
    art[:, : W // 2] = False
    own, half, whole = (region(order, HOME) for order in (1, 2, 3))
    shares = report.shares([own], mask, art)
    assert shares == {own.id: round(int(art[HOME.slices].sum()) / int(mask[HOME.slices].sum()), 3)}
    assert report.shares([own], np.zeros_like(mask), art) == {}
    said = {own.id: 0.0, half.id: 0.37, whole.id: 1.0}
    tile = report.tile(original, mask, clean, "net", said)
    written = report.write("a", [ReportPage("1.png", W, H, (own, half, whole), tile)]).decode()
    for words in ("(own tone)", "(net 37%, own tone)", "(net)"):
        assert words in written


# Risk


def facts(*regions: Region, blobs: tuple[Blob, ...] | None = None, **kwargs: object) -> Facts:
    if blobs is None:
        blobs = tuple(Blob(r.box, r.box.area // 3) for r in regions if r.action != "keep")
    return Facts(W, H, regions, blobs, **kwargs)  # type: ignore[arg-type]


def troubles(*args: Region, read: bool = True, **kwargs: object) -> list[str]:
    return [concern.trouble for concern in concerns(facts(*args, **kwargs), read)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ([], facts(region())),
        (["failed"], facts(error="truncated")),
        (["empty"], facts()),
        (["note"], facts(region(), notes=("16-bit page",))),
        (["art"], facts(region(action="inpaint", reason="on art, σ 31"))),
        (["unerased"], facts(region(), blobs=())),
        (["outside"], facts(region(), blobs=(Blob(Box(104, 104, 200, 300), 500), Blob(Box(400, 500, 440, 560), 900)))),
        (["large"], facts(region(box=Box(0, 0, W, H)))),
        (["balloon"], facts(region(action="keep", bubble=Box(80, 80, 220, 320)))),
        ([], facts(region(action="keep", kind="sfx", confidence=0.1))),
        (["reading"], facts(region(confidence=0.5))),
        (["unread"], facts(region(text=""))),
    ],
)
def test_each_trouble_is_noticed(expected: list[str], given: Facts) -> None:
    found = concerns(given)
    assert [concern.trouble for concern in found] == expected
    assert bool(expected) == (risk(found) > 0)


def test_unread_text_is_no_trouble_where_nobody_reads() -> None:
    assert troubles(region(text=""), region(2, Box(300, 300, 400, 400), text=""), read=False) == []


def test_a_page_without_a_drawn_mask_is_judged_by_its_text() -> None:
    found = concerns(Facts(W, H, (region(confidence=0.3),), None))
    assert [concern.trouble for concern in found] == ["reading"]


def test_risk_grows_with_what_went_wrong() -> None:
    box = Box(100, 100, 400, 500)
    small = risk(concerns(facts(region(action="inpaint"))))
    large = risk(concerns(facts(region(box=box, action="inpaint"))))
    failed = risk(concerns(facts(error="x")))
    assert 0 < small < large < failed
    many = tuple(Concern("reading", 1.0, str(i)) for i in range(2000))
    assert risk(many) == 5.0


# The page


class Outline(HTMLParser):
    """What a browser would see: tags, where they point, and text."""

    void = frozenset({"meta", "img", "input", "br"})
    optional = frozenset({"tr", "th", "td"})

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action")]
        if tag not in self.void and tag != "rect":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in self.optional:
            self.open.pop()
        if tag not in self.void and tag != "rect":
            assert self.open
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def book() -> list[ReportPage]:
    blob = report.tile(*page())
    return [
        ReportPage("001.jpg", W, H, (region(),), blob, cleaned="cleaned/001.png", mask="masks/001.png"),
        ReportPage("002.jpg", W, H, (region(action="inpaint", reason="on art, σ 31"),), blob),
        ReportPage("003.jpg", W, H, error="truncated after 12 bytes"),
        ReportPage("004.jpg", W, H, (region(text="はい\nどうぞ", confidence=0.7),), blob),
    ]


def ids(data: bytes) -> list[str | None]:
    return [a["data-name"] for a in Outline(data).attributes if "data-name" in a]


def test_report_puts_failed_pages_first_then_the_riskiest() -> None:
    data = report.write("Chapter 1", book())
    assert ids(data) == ["003.jpg", "002.jpg", "004.jpg", "001.jpg"]
    outline = Outline(data)
    assert outline.open == []
    assert "truncated after 12 bytes" in outline.text
    assert "on art, σ 31" in outline.text
    assert re.search(r"4 pages\s*1 failed", outline.text)
    assert "no picture of this page" in outline.text


def test_report_needs_nothing_from_outside() -> None:
    data = report.write("T", book())
    links = Outline(data).links
    assert {link for link in links if not link.startswith("#")} == {"cleaned/001.png", "masks/001.png"}
    assert [link for link in links if link.startswith("#")] == ["#p1", "#p2", "#p3", "#p4"]
    assert not re.search(rb"https?://|@import|url\(", data)
    assert b"default-src 'none'" in data
    assert b"@@" not in data


def test_report_escapes_everything() -> None:
    evil = "</script><script>alert('x')</script>\"'&"
    blob = report.tile(*page())
    kind: Kind = "speech"
    nasty = region(id=evil, text=evil, reason=evil, kind=kind)
    data = report.write(evil, [ReportPage(evil, W, H, (nasty,), blob, evil, (evil,), evil, evil)], evil)
    outline = Outline(data)
    assert outline.tags.count("script") == 1
    assert outline.text.count(evil) >= 5
    named = [a for a in outline.attributes if a.get("data-region") == evil]
    assert len(named) == 2  # on the page and in the table


def test_report_is_deterministic_and_survives_marks_and_half_characters() -> None:
    pages = [ReportPage("@@pages@@ \ud800", W, H, (region(text="@@title@@"),), report.tile(*page()))]
    assert report.write("@@index@@", pages) == report.write("@@index@@", pages)
    assert "@@title@@" in Outline(report.write("t", pages)).text


def test_report_ignores_a_tile_of_another_version() -> None:
    data = report.write("t", [ReportPage("1.png", W, H, (region(),), b'{"version":0,"original":"x"}')])
    assert "no picture of this page" in Outline(data).text


def test_report_of_a_page_whose_size_is_unknown() -> None:
    data = report.write("t", [ReportPage("1.png", 0, 0, (), report.tile(*page()), "its state was lost")])
    assert "no picture of this page" in Outline(data).text


def test_report_of_no_pages() -> None:
    assert "0 pages" in Outline(report.write("empty", [])).text
