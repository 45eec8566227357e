"""A run as a sceptic sees it: edits at bad moments, pages that vanish or move, engines that stop it."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from mangaclean import chapter, files, forecast, manifest, work
from mangaclean.archives import PageFile, open_source
from mangaclean.chapter import Choice
from mangaclean.errors import Exit, InputError, MissingError, OutputError, PageError, UsageError
from tests import toned


@pytest.fixture(autouse=True)
def _engines(monkeypatch):
    toned.register(monkeypatch.setitem)
    work.engine.cache_clear()
    toned.calls.clear()
    toned.mended.clear()
    yield
    work.engine.cache_clear()


@pytest.fixture
def pages(tmp_path):
    for number in (1, 2):
        toned.draw(tmp_path / f"ch01/{number:03}.png", mark=number)
    return tmp_path / "ch01"


def run(folder, *sets, tell=lambda progress: None, out="out", **choice):
    return chapter.run(folder, folder.parent / out, toned.config(*sets), Choice(**choice), tell)


def paint(path, tone=9):
    Image.new("L", (400, 560), tone).save(path)
    return path.read_bytes()


def text_of(out):
    return {page["page"]: page for page in json.loads((out / "text.json").read_text())["pages"]}


def translate(out, page, words):
    path = out / "text.json"
    text = json.loads(path.read_text())
    next(entry for entry in text["pages"] if entry["page"] == page)["regions"][0]["translation"] = words
    path.write_text(json.dumps(text))


def test_a_mask_edited_while_the_run_goes_on_is_kept_and_used_next_time(pages):
    out = pages.parent / "out"
    run(pages)
    mine = []

    def edit(progress):
        if progress.number == 1:
            mine.append(paint(out / "masks/002.png", 255))

    report = run(pages, "segment.keep=sfx", tell=edit)
    assert (out / "masks/002.png").read_bytes() == mine[0]
    assert any(note.startswith("masks/002.png: edited while the run went on") for note in report.notes)
    assert run(pages, "segment.keep=sfx").done == 1
    assert (np.asarray(Image.open(out / "cleaned/002.png")) != 0).all()  # the mark at the foot is gone


def test_a_mask_edited_while_its_page_is_painted_is_used_next_time(pages, monkeypatch):
    run(pages)
    chosen = {"pages": frozenset({1})}

    def slow(job):
        paint(pages.parent / "out/masks/001.png", 255)
        return work.clean(job)

    with monkeypatch.context() as patch:
        patch.setattr(chapter, "clean", slow)
        run(pages, "inpaint.flat=1", **chosen)
    assert run(pages, "inpaint.flat=1", **chosen).done == 1
    assert run(pages, "inpaint.flat=1", **chosen).done == 0


def test_a_page_painted_by_hand_is_no_failure_any_more(pages, monkeypatch):
    out = pages.parent / "out"
    run(pages)

    def fail(*_):
        raise MemoryError("too large")

    with monkeypatch.context() as patch:
        patch.setitem(work._MAKERS, "inpaint", fail)
        assert set(run(pages, "inpaint.flat=1", pages=frozenset({1})).failed.values()) == {"inpaint: too large"}
    mine = paint(out / "cleaned/001.png")
    report = run(pages, "inpaint.flat=1")
    assert (report.failed, report.code) == ({}, Exit.OK)
    assert (out / "cleaned/001.png").read_bytes() == mine
    assert manifest.load(out).errors() == {}


def test_a_page_that_cannot_be_read_for_once_does_not_lose_its_edited_mask(pages, monkeypatch):
    out = pages.parent / "out"
    run(pages)
    mine = paint(out / "masks/001.png")
    real, told = PageFile.read, []
    with monkeypatch.context() as patch:
        patch.setattr(PageFile, "read", lambda self: _lost() if self.stem == "001" else real(self))
        assert run(pages, tell=told.append).failed == {"001.png": "segment: it is gone"}
    assert [(progress.name, progress.error) for progress in told] == [("001.png", "segment: it is gone")]
    assert run(pages).code == Exit.OK
    assert (out / "masks/001.png").read_bytes() == mine


def _lost():
    raise PageError("it is gone")


def test_a_page_lost_between_two_looks_costs_itself(pages, monkeypatch):
    real, looks = PageFile.read, []

    def read(self):
        looks.append(self.stem)
        return _lost() if looks.count("002") == 2 else real(self)

    monkeypatch.setattr(PageFile, "read", read)
    report = run(pages)
    assert (report.done, report.failed) == (1, {"002.png": "segment: it is gone"})


def test_a_renamed_page_keeps_its_translation(pages):
    out = pages.parent / "out"
    run(pages)
    translate(out, "001.png", "Hello")
    Image.open(pages / "001.png").save(pages / "copy.webp", lossless=True)
    (pages / "001.png").rename(pages / "001.PNG")
    assert run(pages).done == 1  # only the new page
    text = text_of(out)
    assert list(text) == ["001.PNG", "002.png", "copy.webp"]
    assert text["001.PNG"]["regions"][0]["translation"] == "Hello"
    (pages / "001.PNG").unlink()
    (pages / "copy.webp").rename(pages / "001.webp")
    run(pages)
    assert text_of(out)["001.webp"]["regions"][0]["translation"] == "Hello"


def test_a_failed_page_that_left_the_chapter_is_forgotten(pages):
    (pages / "003.png").write_bytes(b"")
    assert run(pages).code == Exit.SOME_FAILED
    (pages / "003.png").unlink()
    report = run(pages)
    assert (report.code, report.notes) == (Exit.OK, [])
    assert set(manifest.load(pages.parent / "out").pages) == {"001", "002"}


def test_direction_and_language_are_the_programs_until_a_person_changes_them(pages):
    out = pages.parent / "out"

    def head():
        text = json.loads((out / "text.json").read_text())
        return text["direction"], text["language"]

    run(pages)
    assert head() == ("rtl", "ja")
    run(pages, "segment.direction=ltr", "ocr.language=en")
    assert head() == ("ltr", "en")
    text = json.loads((out / "text.json").read_text())
    (out / "text.json").write_text(json.dumps(text | {"direction": "ttb"}))
    run(pages, "segment.direction=rtl", "ocr.language=ja")
    assert head() == ("ttb", "ja")


def test_direction_is_set_though_the_kill_came_just_before(pages, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(chapter._Run, "books", lambda self: None)
        run(pages, "segment.direction=ltr")
    run(pages, "segment.direction=ltr")
    assert json.loads((pages.parent / "out/text.json").read_text())["direction"] == "ltr"


def test_a_broken_text_file_is_found_before_the_work(pages):
    out = pages.parent / "out"
    out.mkdir()
    (out / "text.json").write_text("{")
    with pytest.raises(InputError, match=r"text\.json, line 1"):
        run(pages)
    assert toned.calls == []
    assert (out / "text.json").read_text() == "{"
    assert run(pages, until="inpaint").done == 2  # which has no use for it


def test_a_text_edited_while_the_run_goes_on_is_merged(pages):
    out = pages.parent / "out"
    run(pages)
    run(pages, force=True, tell=lambda progress: translate(out, "001.png", "Hello") if progress.number == 1 else None)
    assert text_of(out)["001.png"]["regions"][0]["translation"] == "Hello"


@pytest.mark.parametrize("name", ["state/ocr/001.json", "state/segment/001.json", "state/report/001.json"])
def test_damaged_state_is_made_anew(pages, name):
    out = pages.parent / "out"
    run(pages)
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[: len(whole) // 2])
    assert run(pages).done == 1
    assert (out / name).read_bytes() == whole


def test_an_engine_that_is_missing_stops_the_run(pages):
    toned.draw(pages / "001.png", toned.STOPPING)
    with pytest.raises(MissingError, match="put them there"):
        run(pages)
    assert toned.calls == ["segment"]


def test_only_what_failed_is_tried_again(pages):
    toned.draw(pages / "001.png", toned.UNREADABLE)
    toned.draw(pages / "003.png", toned.BROKEN)
    assert run(pages).failed == {"001.png": "ocr: cannot read", "003.png": "segment: no luck"}
    assert run(pages, pages=frozenset({2})).failed.keys() == {"001.png", "003.png"}  # told as long as they stand
    toned.calls.clear()
    toned.mended.update((toned.UNREADABLE, toned.BROKEN))
    assert run(pages, retry_failed=True).code == Exit.OK
    assert toned.calls == ["ocr", "segment", "ocr"]


def test_another_chapter_does_not_take_the_place_of_this_one(pages):
    run(pages)
    other = toned.draw(pages.parent / "ch02/001.png").parent
    with pytest.raises(UsageError, match=r"results of another chapter, 'ch01'.*--force"):
        run(other)
    assert run(other, force=True).done == 1


def test_a_run_leaves_the_chapter_alone_wherever_results_go(pages):
    out = pages.parent / "out"
    run(pages, "output.export=cbz")
    with pytest.raises(UsageError, match="keeps its results"):
        chapter.run(out / "cleaned", out, toned.config())
    book = out / "ch01.cbz"
    before = book.read_bytes()
    toned.calls.clear()
    with pytest.raises(UsageError, match="would replace the chapter itself"):
        chapter.run(book, out, toned.config("output.export=cbz"), Choice(force=True))
    assert toned.calls == []  # found before the work
    assert book.read_bytes() == before


def test_a_file_where_a_folder_should_be(pages):
    (pages.parent / "out").write_text("mine")
    with pytest.raises(OutputError, match="a file has its name"):
        run(pages)
    (pages.parent / "there").mkdir()
    (pages.parent / "there/masks").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"):
        run(pages, out="there")
    assert (pages.parent / "there/masks").read_text() == "mine"


def test_a_full_disk_stops_the_run_and_leaves_no_half_file(pages, monkeypatch):
    def full(descriptor):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left on device"):
            run(pages)
    out = pages.parent / "out"
    assert [path.name for path in out.rglob("*") if path.is_file()] == [".lock"]
    assert run(pages).code == Exit.OK


class Killed(BaseException):
    pass


@pytest.mark.parametrize("writes", range(1, 6))
def test_work_of_a_killed_run_does_not_pass_for_an_edit(pages, monkeypatch, writes):
    """A changed page, killed after so many of its files; what then stands there is the program's, new or old."""
    (pages / "002.png").unlink()
    run(pages)
    toned.draw(pages / "001.png", mark=9)
    run(pages, out="undisturbed")
    out, real, count = pages.parent / "out", files.write, []

    def write(path, data):
        if len(count) == writes:
            raise Killed
        count.append(path)
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", write)
        patch.setattr(manifest, "write", write)
        with pytest.raises(Killed):
            run(pages)
    report = run(pages)
    assert not [note for note in report.notes if "edited" in note]
    for name in ("cleaned/001.png", "masks/001.png", "state/report/001.json", "text.json", "report.html"):
        assert (out / name).read_bytes() == (pages.parent / "undisturbed" / name).read_bytes(), name


def test_what_a_killed_run_left_half_written_is_swept(pages):
    half = pages.parent / f"out/masks/.x{files.TEMPORARY}"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    run(pages)
    assert not half.exists()


def test_a_plan_writes_nothing_and_is_told_what_cannot_be_read(pages, monkeypatch):
    monkeypatch.setattr(PageFile, "read", lambda self: _lost())
    out = pages.parent / "out"
    assert chapter.plan(pages, out, toned.config()) == []
    seconds, how = forecast.estimate(pages, out, toned.config(), [chapter.Todo(("ocr",))])
    assert (seconds, how) == (0.0, "the first page cannot be read")
    assert not out.exists()


def test_a_plan_is_reckoned_from_earlier_pages(pages):
    out = pages.parent / "out"
    run(pages)
    kept = manifest.load(out)
    for stages in kept.pages.values():
        for record in stages.values():
            record.seconds = 2.0
    manifest.save(out, kept)
    todos = [todo for _, todo in chapter.plan(pages, out, toned.config(), Choice(force=True))]
    assert forecast.estimate(pages, out, toned.config(), todos) == (12.0, "from earlier pages")


def test_pages_that_are_not_there_are_told(pages):
    assert run(pages, pages=frozenset({1, 7})).notes == ["--pages: there are 2 pages, none has number 7"]


def test_a_book_is_made_again_when_its_direction_changes(pages):
    out = pages.parent / "out"
    run(pages, "output.export=pdf")
    text = json.loads((out / "text.json").read_text())
    (out / "text.json").write_text(json.dumps(text | {"direction": "ltr"}))
    assert [path.name for path in run(pages, "output.export=pdf").made] == ["ch01.pdf"]


def test_the_source_is_closed_whatever_happens(pages, monkeypatch):
    closed = []
    source = open_source(pages, toned.config().input)
    monkeypatch.setattr(type(source), "__exit__", lambda self, *_: closed.append(True))
    toned.draw(pages / "001.png", toned.STOPPING)
    with pytest.raises(MissingError):
        run(pages)
    assert closed == [True]
