"""A chapter's run: what it leaves, what it does again, what it keeps, what an error costs."""

import contextlib
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from mangaclean import chapter, engines, files, forecast, manifest, work
from mangaclean.chapter import Choice
from mangaclean.config import resolve
from mangaclean.errors import Exit, InputError, OutputError, UsageError
from tests import drawn

FAKE = ("segment.engine=fake", "inpaint.engine=fake", "ocr.engine=fake", "run.workers=1")


@pytest.fixture(autouse=True)
def _fakes(monkeypatch):
    for table, maker in (("SEGMENTERS", "segmenter"), ("INPAINTERS", "inpainter"), ("READERS", "reader")):
        monkeypatch.setitem(getattr(engines, table), "fake", f"tests.fakes:{maker}")
    work.engine.cache_clear()
    yield
    work.engine.cache_clear()


@pytest.fixture
def pages(tmp_path):
    """A chapter of three pages, each with a balloon and a column in it."""
    folder = tmp_path / "ch01"
    folder.mkdir()
    for number in (1, 2, 3):
        save(folder / f"{number:03}.png")
    return folder


def save(path, corner=255):
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    drawn.column(image, 190, 130, 5)
    image[0, 0] = corner
    Image.fromarray(image).convert("L").save(path)


def run(folder, *sets, **choice):
    out = folder.parent / "out"
    return chapter.run(folder, out, resolve(None, (*FAKE, *sets)), Choice(**choice)), out


def tree(out):
    """Every file but the manifest, whose seconds vary, and the lock."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in (manifest.NAME, ".lock")
    }


def edit_text(out, **fields):
    path = out / "text.json"
    text = json.loads(path.read_text())
    text["pages"][0]["regions"][0].update(fields)
    path.write_text(json.dumps(text))


def region(out):
    return json.loads((out / "text.json").read_text())["pages"][0]["regions"][0]


def test_a_run_leaves_what_it_promises(pages):
    before = {path.name: path.read_bytes() for path in pages.iterdir()}
    report, out = run(pages)
    assert (report.pages, report.done, report.failed, report.code) == (3, 3, {}, Exit.OK)
    for stem in ("001", "002", "003"):
        page = np.asarray(Image.open(pages / f"{stem}.png"))
        with Image.open(out / f"cleaned/{stem}.png") as made:
            assert made.mode == "L"
            cleaned = np.asarray(made)
        mask = np.asarray(Image.open(out / f"masks/{stem}.png")) > 127
        assert (cleaned[130:240, 190:210] == 255).all()
        assert (cleaned[~mask] == page[~mask]).all()
    text = json.loads((out / "text.json").read_text())
    assert [page["page"] for page in text["pages"]] == ["001.png", "002.png", "003.png"]
    assert [r["text"] for page in text["pages"] for r in page["regions"]] == ["あいうえお"] * 3
    assert (out / "report.html").stat().st_size > 1000
    assert {path.name: path.read_bytes() for path in pages.iterdir()} == before


def test_the_same_command_again_does_nothing(pages):
    _, out = run(pages)
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"}
    report, _ = run(pages)
    assert report.done == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"} == stamps


def test_only_what_a_setting_touches_is_done_again(pages):
    _, out = run(pages)
    masks = (out / "masks/001.png").stat().st_mtime_ns
    report, _ = run(pages, "inpaint.flat=3")
    assert report.done == 3
    assert (out / "masks/001.png").stat().st_mtime_ns == masks
    records = manifest.load(out).pages["001"]
    report, _ = run(pages, "inpaint.flat=3", "run.workers=1")
    assert report.done == 0
    assert manifest.load(out).pages["001"] == records


def test_a_changed_page_is_done_again_alone(pages):
    run(pages)
    save(pages / "002.png", corner=200)
    report, _ = run(pages)
    assert report.done == 1


def test_lost_files_are_made_again(pages):
    _, out = run(pages)
    whole = tree(out)
    for name in ("cleaned/001.png", "masks/002.png", "state/ocr/003.json", "text.json", "report.html"):
        (out / name).unlink()
    run(pages)
    assert tree(out) == whole


def test_an_edited_mask_is_kept_and_used(pages):
    _, out = run(pages)
    mask = np.zeros((560, 400), np.uint8)
    cv2.rectangle(mask, (20, 500), (60, 540), 255, -1)
    page = np.asarray(Image.open(pages / "001.png")).copy()
    page[500:541, 20:61] = 0
    Image.fromarray(page).save(pages / "001.png")
    run(pages)
    Image.fromarray(mask).save(out / "masks/001.png")
    edited = (out / "masks/001.png").read_bytes()
    report, _ = run(pages)
    assert report.done == 1
    assert any("masks/001.png: edited by hand" in note for note in report.notes)
    cleaned = np.asarray(Image.open(out / "cleaned/001.png"))
    assert (cleaned[500:541, 20:61] > 200).all()
    assert (cleaned[130:240, 190:210] < 50).any()  # the lettering is not in the person's mask
    run(pages, "segment.keep=sfx")
    assert (out / "masks/001.png").read_bytes() == edited
    run(pages, force=True)
    assert (out / "masks/001.png").read_bytes() != edited


def test_an_edited_cleaned_page_is_kept(pages):
    _, out = run(pages)
    Image.new("L", (400, 560), 7).save(out / "cleaned/001.png")
    edited = (out / "cleaned/001.png").read_bytes()
    run(pages, "inpaint.flat=2")
    assert (out / "cleaned/001.png").read_bytes() == edited
    run(pages, "inpaint.flat=2", force=True)
    assert (out / "cleaned/001.png").read_bytes() != edited


def test_what_a_person_wrote_survives_everything(pages):
    _, out = run(pages)
    edit_text(out, translation="Hello", text="あいうえおか")
    run(pages, force=True)
    assert (region(out)["translation"], region(out)["text"]) == ("Hello", "あいうえおか")
    save(pages / "001.png", corner=99)
    run(pages, "segment.keep=sfx")
    assert region(out)["translation"] == "Hello"


def test_a_broken_text_file_stops_the_run_and_stays(pages):
    _, out = run(pages)
    (out / "text.json").write_text('{"version": 1, "pages": [}')
    with pytest.raises(InputError, match=r"text\.json.*line 1"):
        run(pages, force=True)
    assert (out / "text.json").read_text() == '{"version": 1, "pages": [}'


def test_an_error_costs_one_page_and_is_tried_again(pages):
    save(pages / "002.png", corner=13)
    (pages / "004.png").write_bytes(b"")
    (pages / "005.png").write_text("no picture")
    report, out = run(pages)
    assert (report.done, report.code) == (2, Exit.SOME_FAILED)
    assert report.failed["002.png"] == "segment: unlucky page"
    assert "empty" in report.failed["004.png"]
    assert sorted(report.failed) == ["002.png", "004.png", "005.png"]
    assert not (out / "cleaned/002.png").exists()
    save(pages / "002.png")
    report, _ = run(pages, retry_failed=True)
    assert (report.done, sorted(report.failed)) == (1, ["004.png", "005.png"])
    assert (out / "cleaned/002.png").exists()


def test_a_page_that_cannot_be_read_is_cleaned_all_the_same(pages):
    save(pages / "002.png", corner=14)
    report, out = run(pages)
    assert report.failed == {"002.png": "ocr: cannot read this"}
    assert (out / "cleaned/002.png").exists()


def test_chosen_pages_only(pages):
    report, out = run(pages, pages=frozenset({2}))
    assert report.done == 1
    assert [path.name for path in (out / "cleaned").iterdir()] == ["002.png"]


@pytest.mark.parametrize(
    ("until", "made"), [("segment", {"masks"}), ("inpaint", {"masks", "cleaned"}), ("ocr-only", {"masks"})]
)
def test_up_to_a_stage(pages, until, made):
    _, out = run(pages, until=until)
    assert {name for name in ("masks", "cleaned") if (out / name).is_dir()} == made
    assert (out / "state/ocr").is_dir() == (until == "ocr-only")


def test_two_pages_of_one_stem_are_both_kept(pages):
    Image.open(pages / "001.png").save(pages / "001.jpg")
    report, out = run(pages)
    assert report.done == 4
    assert len(list((out / "cleaned").iterdir())) == 4
    assert any("001" in note for note in report.notes)


def test_a_broken_manifest_counts_as_none(pages, caplog):
    _, out = run(pages)
    whole = tree(out)
    (out / manifest.NAME).write_text('{"version": 1, "pages": {"001": ')
    report, _ = run(pages)
    assert report.done == 3
    assert "checked anew" in caplog.text
    assert tree(out) == whole


def test_a_newer_manifest_is_refused(pages):
    _, out = run(pages)
    (out / manifest.NAME).write_text('{"version": 99}')
    with pytest.raises(OutputError, match="newer mangaclean"):
        run(pages)


def test_one_run_at_a_time_and_a_stale_lock_is_no_lock(pages):
    from filelock import FileLock

    out = pages.parent / "out"
    out.mkdir()
    (out / ".lock").touch()  # left by a run that was killed
    report, _ = run(pages)
    assert report.done == 3
    with FileLock(out / ".lock"), pytest.raises(OutputError, match="another run holds"):
        run(pages)


def test_out_must_not_lie_in_the_chapter(pages):
    with pytest.raises(UsageError, match="never touched"):
        chapter.run(pages, pages / "out", resolve(None, FAKE))
    assert not (pages / "out").exists()


def test_a_full_disk_loses_nothing(pages, monkeypatch):
    real, count = files.write, 0

    def full(path, data):
        nonlocal count
        count += 1
        if count > 4:
            raise OutputError(f"cannot write {path}: No space left on device")
        real(path, data)

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(OutputError, match="No space left"):
        run(pages)
    monkeypatch.setattr(files, "write", real)
    _, out = run(pages)
    left = tree(out)
    for path in sorted(out.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    run(pages)
    assert tree(out) == left


@pytest.mark.parametrize("stop", range(1, 16))
def test_stopped_after_any_write_the_next_run_makes_it_whole(pages, monkeypatch, stop):
    """As a kill between two writes would: the result equals that of an undisturbed run, a person's work included."""
    (pages / "003.png").unlink()
    _, out = run(pages)
    edit_text(out, translation="Hello")
    run(pages, "segment.keep=caption")
    whole = tree(out)
    for path in sorted(out.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    run(pages)
    edit_text(out, translation="Hello")
    real, count = files.write, 0

    class Killed(BaseException):
        pass

    def killed(path, data):
        nonlocal count
        count += 1
        if count > stop:
            raise Killed
        real(path, data)

    for module in (files, manifest):
        monkeypatch.setattr(module, "write", killed)
    with contextlib.suppress(Killed):
        run(pages, "segment.keep=caption")
    for module in (files, manifest):
        monkeypatch.setattr(module, "write", real)
    run(pages, "segment.keep=caption")
    assert tree(out) == whole


def test_pages_that_left_the_chapter_are_named(pages):
    run(pages)
    (pages / "003.png").unlink()
    report, out = run(pages)
    assert any("003.png: no longer in the chapter" in note for note in report.notes)
    assert (out / "cleaned/003.png").exists()


def test_another_format_replaces_the_old_files(pages):
    _, out = run(pages)
    run(pages, "output.format=webp")
    assert sorted(path.name for path in (out / "cleaned").iterdir()) == ["001.webp", "002.webp", "003.webp"]


def test_books_are_made_once(pages):
    (pages.parent / "ch01/notes.txt").write_text("x")
    report, _ = run(pages, "output.export=cbz,pdf")
    assert {path.name for path in report.made} == {"report.html", "ch01.cbz", "ch01.pdf"}
    report, _ = run(pages, "output.export=cbz,pdf")
    assert report.made == []


def test_plan_does_nothing(pages):
    out = pages.parent / "out"
    todo = chapter.plan(pages, out, resolve(None, FAKE))
    assert [(name, todo.stages) for name, todo in todo] == [
        (f"00{n}.png", ("segment", "inpaint", "ocr")) for n in (1, 2, 3)
    ]
    assert not out.exists()
    seconds, how = forecast.estimate(pages, out, resolve(None, FAKE), [todo for _, todo in todo])
    assert seconds > 0
    assert how == "measured on the first page"


def test_an_action_in_text_json_is_obeyed_and_concerns_its_page_alone(pages):
    _, out = run(pages)
    before = tree(out)
    edit_text(out, action="keep")
    report, _ = run(pages)
    assert report.done == 1
    assert any("kept, as text.json has it" in note for note in report.notes)
    assert not np.array(Image.open(out / "masks/001.png")).any()
    assert (np.array(Image.open(out / "cleaned/001.png")) == np.array(Image.open(pages / "001.png"))).all()
    assert tree(out)["cleaned/002.png"] == before["cleaned/002.png"]
    assert region(out)["action"] == "keep"
    again, _ = run(pages)
    assert again.done == 0
    run(pages, force=True)
    assert region(out)["action"] == "keep"
    assert not np.array(Image.open(out / "masks/001.png")).any()
    edit_text(out, action="fill")
    run(pages)
    assert tree(out)["masks/001.png"] == before["masks/001.png"]
    assert tree(out)["cleaned/001.png"] == before["cleaned/001.png"]


def test_a_sound_effect_is_erased_where_text_json_says_so(pages):
    _, out = run(pages, "segment.keep=speech,sfx,other")
    assert not np.array(Image.open(out / "masks/001.png")).any()
    edit_text(out, action="inpaint")
    report, _ = run(pages, "segment.keep=speech,sfx,other")
    assert report.done == 1
    assert np.array(Image.open(out / "masks/001.png")).any()
    assert not np.array(Image.open(out / "masks/002.png")).any()


def add_region(out, **fields):
    path = out / "text.json"
    text = json.loads(path.read_text())
    text["pages"][0]["regions"].append(fields)
    path.write_text(json.dumps(text))


@pytest.mark.parametrize(
    "place",
    [{"box": [290, 440, 345, 545]}, {"polygon": [[290, 440], [345, 440], [345, 545], [290, 545]]}],
    ids=["box", "polygon"],
)
def test_a_region_that_a_person_adds_is_erased_and_nothing_else(pages, place):
    for path in pages.iterdir():
        image = np.stack([np.array(Image.open(path))] * 3, 2)
        drawn.column(image, 305, 450, 4)
        cv2.line(image, (0, 541), (399, 541), (0, 0, 0), 2)  # of the art: it only runs through
        Image.fromarray(image).convert("L").save(path)
    _, out = run(pages)
    before = tree(out)
    add_region(out, **place, action="clean")
    report, _ = run(pages)
    assert report.done == 1
    assert any("added by hand; the network sees no lettering in it; erased the ink inside" in n for n in report.notes)
    was, now = (files_mask(data) for data in (before["masks/001.png"], tree(out)["masks/001.png"]))
    new = now & ~was
    assert new.sum() > 300
    assert (was <= now).all()
    new[440:540, 290:345] = False
    assert not new.any()
    page, cleaned = (np.array(Image.open(folder / "001.png")) for folder in (pages, out / "cleaned"))
    assert (page[450:495, 305:325] < 100).any()
    assert (cleaned[450:495, 305:325] > 200).all()
    assert (cleaned[541] == page[541]).all()
    assert tree(out)["cleaned/002.png"] == before["cleaned/002.png"]
    assert run(pages)[0].done == 0
    assert len(json.loads((out / "text.json").read_text())["pages"][0]["regions"]) == 2
    run(pages, force=True)
    assert (files_mask(tree(out)["masks/001.png"]) == now).all()


def files_mask(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) > 127


def test_an_added_region_outlives_the_state_and_goes_with_its_entry(pages):
    _, out = run(pages)
    before = tree(out)
    add_region(out, box=[120, 60, 280, 120], action="clean")  # the balloon's outline runs through
    run(pages)
    masks = tree(out)["masks/001.png"]
    assert masks != before["masks/001.png"]
    for path in (out / "state").rglob("*.json"):
        path.unlink()
    run(pages)
    assert tree(out)["masks/001.png"] == masks
    text = json.loads((out / "text.json").read_text())
    text["pages"][0]["regions"] = [r for r in text["pages"][0]["regions"] if r["lines"]]
    (out / "text.json").write_text(json.dumps(text))
    run(pages)
    assert tree(out)["masks/001.png"] == before["masks/001.png"]
