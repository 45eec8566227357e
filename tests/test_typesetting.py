"""The stage: what is set when, what a person edited, and what the command says."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mangaclean import files, fonts, manifest, textfile, typesetting
from mangaclean.chapter import Choice
from mangaclean.cli import app
from mangaclean.config import resolve
from mangaclean.errors import InputError, MissingError
from mangaclean.manifest import Manifest, Record

CHOICE = Choice(None, "typeset")


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch):
    monkeypatch.setattr(fonts, "installed", tuple)
    typesetting.fonts.cache_clear()


@pytest.fixture
def out(tmp_path):
    """A chapter of two cleaned pages, as a run leaves it, nothing translated."""
    kept = Manifest("ch01", {"001": "001.png", "002": "002.png"})
    (tmp_path / "cleaned").mkdir()
    pages = []
    for stem, name in kept.names.items():
        paper = np.full((300, 200, 3), 255, np.uint8)
        Image.fromarray(paper).convert("L").save(tmp_path / f"cleaned/{stem}.png", dpi=(300, 300))
        digest = files.digest(tmp_path / f"cleaned/{stem}.png")
        kept.pages[stem] = {"inpaint": Record("k", {f"cleaned/{stem}.png": digest})}
        region = textfile.RegionModel(box=(60, 60, 140, 200), bubble=(20, 20, 180, 250), action="fill", font_size=30)
        pages.append(textfile.PageModel(page=name, width=200, height=300, regions=[region]))
    files.write(tmp_path / "text.json", textfile.dump(textfile.TextFile(pages=pages)))
    manifest.save(tmp_path, kept)
    return tmp_path


def translate(out, page, text, **style):
    raw = json.loads((out / "text.json").read_bytes())
    raw["pages"][page]["regions"][0] |= {"translation": text} | ({"style": style} if style else {})
    (out / "text.json").write_text(json.dumps(raw), encoding="utf-8")


def run(out, *sets, force=False):
    return typesetting.run(out, resolve(None, ["run.workers=1", *sets]), Choice(None, "typeset", force))


def ink(out, stem="001"):
    return int((np.array(Image.open(out / f"typeset/{stem}.png").convert("L")) < 128).sum())


def test_only_translated_pages_are_set_and_only_once(out):
    assert run(out).done == 0
    assert not (out / "typeset").exists()
    translate(out, 0, "Hello there")
    assert run(out).done == 1
    assert ink(out) > 100
    assert not (out / "typeset/002.png").exists()
    with Image.open(out / "typeset/001.png") as made:
        assert made.mode == "L"
        assert round(made.info["dpi"][0]) == 300
    before = (out / "typeset/001.png").stat().st_mtime_ns
    assert run(out).done == 0
    assert (out / "typeset/001.png").stat().st_mtime_ns == before


def test_only_what_changed_is_set_again(out):
    translate(out, 0, "Hello")
    translate(out, 1, "World", size=25)
    assert run(out).done == 2
    translate(out, 1, "World!", size=25)
    assert run(out).done == 1
    translate(out, 1, "World!", size=20)
    assert run(out).done == 1
    assert run(out, "typeset.margin=0.5").done == 2
    Image.new("L", (200, 300), 250).save(out / "cleaned/001.png")
    assert run(out, "typeset.margin=0.5").done == 1
    (out / "typeset/002.png").unlink()
    assert run(out, "typeset.margin=0.5").done == 1


def test_what_is_no_longer_translated_goes(out):
    translate(out, 0, "Hello")
    run(out)
    translate(out, 0, " ")
    run(out)
    assert not (out / "typeset/001.png").exists()
    assert "typeset" not in manifest.load(out).pages["001"]


def test_a_page_that_a_person_edited_is_kept(out):
    translate(out, 0, "Hello")
    run(out)
    Image.new("L", (200, 300), 7).save(out / "typeset/001.png")
    translate(out, 0, "Bye")
    report = run(out)
    assert report.done == 0
    assert report.notes == ["typeset/001.png: edited by hand, kept"]
    assert run(out, force=True).done == 1
    assert ink(out) < 60_000


def test_a_text_that_is_too_long_is_told_and_stands_in_the_report(out):
    translate(out, 0, "incomprehensible " * 60)
    report = run(out)
    assert any("001.png: region" in note and "too long" in note for note in report.notes)
    assert run(out).notes == report.notes  # told again, though nothing is set anew
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "text too long" in page
    assert "data-typeset=" not in page  # there is no picture of this page to lay it over
    assert "typeset/001.png" in page


def test_one_bad_page_costs_itself(out):
    translate(out, 0, "Hello")
    translate(out, 1, "World")
    (out / "cleaned/001.png").write_bytes(b"no picture")
    report = run(out)
    assert list(report.failed) == ["001.png"]
    assert report.done == 1
    assert int(report.code) == 6
    assert run(out).failed  # tried again


def test_pieces_for_exporters(out):
    assert typesetting.pieces(out, resolve(), "001.png") == ()
    translate(out, 0, "Hello there")
    (piece,) = typesetting.pieces(out, resolve(), "001.png")
    assert "".join(piece.lines).replace(" ", "") == "HELLOTHERE"
    assert typesetting.pieces(out, resolve(), "nowhere.png") == ()


def test_wrong_fonts_and_folders_stop_the_run(out, tmp_path):
    translate(out, 0, "Hello")
    with pytest.raises(MissingError, match="no font of that name"):
        run(out, "typeset.font=Nothing Like It")
    with pytest.raises(InputError, match=r"no text\.json"):
        run(tmp_path / "nowhere")


def test_the_command(out):
    translate(out, 0, "Hello")
    done = CliRunner().invoke(app, ["typeset", str(out), "--workers", "1", "--font", "Bangers", "-l", "fr"])
    assert done.exit_code == 0, done.output
    assert "001.png: 1 regions, 1 set" in done.output
    plain = ink(out)
    run(out)
    assert ink(out) != plain


def test_a_broken_style_is_an_error_that_says_where(out):
    translate(out, 0, "Hello", color="red")
    with pytest.raises(InputError, match=r"001\.png.*, region 1 .*style, color"):
        run(out)
