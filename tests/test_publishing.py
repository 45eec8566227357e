"""`mangaclean export` on folders that runs left: which page goes in, where books go, and what is refused."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from mangaclean import books, chapter, cli, manifest
from mangaclean.errors import Exit
from tests import toned

BOX = [20, 20, 60, 60]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three pages: one typeset, one cleaned, one that failed."""
    folder = tmp_path / "ch01-cleaned"
    kept = manifest.Manifest("ch01", {stem: f"{stem}.jpg" for stem in ("001", "002", "003")})
    kept.path = "../ch01"
    for i, stem in enumerate(("001", "002", "003")):
        for place in ("../ch01/{}.jpg", "cleaned/{}.png", "typeset/{}.png", "masks/{}.png")[: (4, 2, 1)[i]]:
            path = folder / place.format(stem)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (90, 120), 100 + 20 * i + len(place)).save(path)
        kept.pages[stem] = {"segment": manifest.Record()}
        if i < 2:
            kept.pages[stem]["inpaint"] = manifest.Record(made={f"cleaned/{stem}.png": "x"})
    kept.pages["001"]["typeset"] = manifest.Record(made={"typeset/001.png": "x"})
    manifest.save(folder, kept)
    region = {"box": BOX, "text": "猫", "translation": "cat", "action": "fill"}
    pages = [{"page": f"{stem}.jpg", "width": 90, "height": 120, "regions": [region]} for stem in ("001", "002")]
    (folder / "text.json").write_text(json.dumps({"direction": "ltr", "language": "ja", "pages": pages}))
    return folder


@pytest.fixture
def call(monkeypatch, capsys):
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mangaclean", "export", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def held(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_typeset_pages_go_first_then_cleaned_ones_then_originals(call, out):
    code, told, err = call(out, "--to", "cbz")
    assert (code, told.split()) == (0, [str(out / "ch01.cbz")])
    found = held(out / "ch01.cbz")
    assert found["001.png"] == (out / "typeset/001.png").read_bytes()
    assert found["002.png"] == (out / "cleaned/002.png").read_bytes()
    assert found["003.jpg"] == (out / "../ch01/003.jpg").read_bytes()
    assert b"<LanguageISO>en</LanguageISO>" in found["ComicInfo.xml"]
    assert "1 translated pages are not typeset" in err
    assert "003.jpg was not cleaned" in err


def test_cleaned_pages_when_asked_for(call, out):
    assert call(out, "--to", "cbz", "--pages", "cleaned")[0] == 0
    found = held(out / "ch01.cbz")
    assert found["001.png"] == (out / "cleaned/001.png").read_bytes()
    assert b"<LanguageISO>ja</LanguageISO>" in found["ComicInfo.xml"]


def test_all_formats_at_once_into_another_folder(call, out, tmp_path):
    formats = "cbz,pdf,epub,proof,psd,ora,folder"
    code, told, err = call(out, "--to", formats, "--out", tmp_path / "books", "--series", "S", "--number", "2")
    assert code == 0, err
    names = {"ch01.cbz", "ch01.pdf", "ch01.epub", "ch01-proof.pdf", "ch01-psd", "ch01-ora", "ch01-pages"}
    assert {path.name for path in (tmp_path / "books").iterdir()} == names
    assert sorted(path.name for path in (tmp_path / "books/ch01-psd").iterdir()) == ["001.psd", "002.psd", "003.psd"]
    assert told.count("note: texts are layers of pixels") == 2
    assert b"<Number>2</Number>" in held(tmp_path / "books/ch01.cbz")["ComicInfo.xml"]
    before = {path: path.read_bytes() for path in (tmp_path / "books").rglob("*") if path.is_file()}
    assert call(out, "--to", formats, "--out", tmp_path / "books", "--series", "S", "--number", "2")[0] == 0
    assert {path: path.read_bytes() for path in before} == before


def test_several_chapters_each_by_itself_or_as_one(call, out, tmp_path):
    other = tmp_path / "ch02-cleaned"
    shutil.copytree(out, other)
    assert call(out, other, "--to", "cbz", "--out", tmp_path / "b")[0] == Exit.USAGE  # both are called ch01
    assert call(out, other, "--to", "cbz", "--out", tmp_path / "b", "--join", "Vol: 1")[0] == 0
    assert len(held(tmp_path / "b/Vol_ 1.cbz")) == 7
    assert call(out, other, "--to", "cbz")[0] == 0
    assert (other / "ch01.cbz").is_file()


def test_what_is_left_without_the_source(call, out, tmp_path):
    shutil.rmtree(tmp_path / "ch01")
    code, _, err = call(out, "--to", "cbz,psd")
    assert code == 0
    assert "is not there" in err
    assert [name for name in held(out / "ch01.cbz") if name != "ComicInfo.xml"] == ["001.png", "002.png"]
    assert sorted(path.name for path in (out / "ch01-psd").iterdir()) == ["001.psd", "002.psd"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["{out}", "--to", "cbx"], Exit.USAGE),
        (["{out}", "{out}", "--to", "cbz"], Exit.USAGE),
        (["{out}", "--to", "cbz", "--pages", "all"], Exit.USAGE),
        (["{out}", "--to", "cbz", "--out", "{out}/../ch01"], Exit.USAGE),
        (["{out}", "--to", "cbz", "--quality", "101"], Exit.USAGE),
        (["{out}/nowhere", "--to", "cbz"], Exit.INPUT),
        (["{out}", "--to", "cbz", "--out", "{out}/text.json"], Exit.OUTPUT),
    ],
)
def test_what_is_refused(call, out, words, code):
    ended, _, err = call(*[word.format(out=out) for word in words])
    assert ended == code, err
    assert "Traceback" not in err
    assert sorted(path.name for path in (out / "../ch01").iterdir()) == ["001.jpg", "002.jpg", "003.jpg"]


def test_the_source_is_found_where_it_was_or_beside(out, tmp_path):
    kept = manifest.load(out)
    assert books.origin(out, kept) == out / "../ch01"
    kept.path = "../elsewhere"
    assert books.origin(out, kept) == tmp_path / "ch01"
    (tmp_path / "ch01").rename(tmp_path / "gone")
    assert books.origin(out, kept) is None
    (tmp_path / "ch01.cbz").write_bytes(b"x")
    assert books.origin(out, kept) == tmp_path / "ch01.cbz"
    assert books.way(out, tmp_path / "ch01.cbz") == "../ch01.cbz"


def test_a_run_notes_where_its_source_lies(tmp_path, monkeypatch):
    toned.register(monkeypatch.setitem)
    toned.draw(tmp_path / "a/ch07/001.png")
    chapter.run(tmp_path / "a/ch07", tmp_path / "out", toned.config("output.export=epub,proof"))
    assert manifest.load(tmp_path / "out").path == "../a/ch07"
    assert (tmp_path / "out/ch07.epub").is_file()
    assert (tmp_path / "out/ch07-proof.pdf").is_file()
