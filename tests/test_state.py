"""What is up to date, and what has to be made again."""

import pytest

from mangaclean import engines, state
from mangaclean.files import digest
from mangaclean.manifest import Manifest, Record
from mangaclean.state import Freshness
from tests import toned

ALL = ("segment", "inpaint", "ocr")
MADE = {
    "segment": ("state/segment/001.json", "masks/001.png"),
    "inpaint": ("cleaned/001.png", "state/report/001.json"),
    "ocr": ("state/ocr/001.json",),
}


@pytest.fixture(autouse=True)
def _engines(monkeypatch):
    toned.register(monkeypatch.setitem)


@pytest.fixture
def out(tmp_path):
    for names in MADE.values():
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def kept(out):
    """The manifest of a page that is all up to date."""
    manifest = Manifest()
    fresh = fresh_of(out, manifest)
    records = {}
    for stage, names in MADE.items():
        read = state.reads(stage, "001")
        key = fresh.key(stage, "001", "page", digest(out / read) if read else "")
        records[stage] = Record(key, {name: digest(out / name) for name in names})
    manifest.pages["001"] = records
    return manifest


def fresh_of(out, manifest, *sets, until="ocr", force=False):
    return Freshness(out, manifest, toned.config(*sets), until, force)


def stages(out, kept, *sets, page="page", **options):
    return fresh_of(out, kept, *sets, **options).todo("001", page).stages


def test_nothing_is_done_twice(out, kept):
    assert stages(out, kept) == ()
    assert stages(out, kept, force=True) == ALL


@pytest.mark.parametrize(
    ("sets", "again"),
    [
        ("segment.keep=sfx", ALL),
        ("inpaint.flat=2", ("inpaint",)),
        ("output.format=webp", ("inpaint",)),
        ("output.quality=50", ("inpaint",)),
        ("ocr.language=en", ("ocr",)),
        ("ocr.engine=none", ("ocr",)),
        ("run.workers=3", ()),
        ("output.export=cbz", ()),
    ],
)
def test_a_setting_concerns_its_stage_and_those_behind(out, kept, sets, again):
    assert stages(out, kept, sets) == again


def test_another_page_or_engine_is_all_work(out, kept, monkeypatch):
    assert stages(out, kept, page="other") == ALL
    monkeypatch.setattr(engines, "revision", lambda stage, cfg: "2" if stage == "inpaint" else cfg.engine)
    assert stages(out, kept) == ("inpaint",)


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("masks/001.png", ALL),
        ("state/segment/001.json", ALL),
        ("cleaned/001.png", ("inpaint",)),
        ("state/report/001.json", ("inpaint",)),
        ("state/ocr/001.json", ("ocr",)),
    ],
)
def test_what_is_missing_is_made(out, kept, name, again):
    (out / name).unlink()
    assert stages(out, kept) == again


def test_state_files_are_nobodys_to_edit(out, kept):
    (out / "state/segment/001.json").write_text("{}")
    assert fresh_of(out, kept).todo("001", "page") == state.Todo(ALL)


def test_an_edited_mask_is_kept_and_used(out, kept):
    (out / "masks/001.png").write_bytes(b"mine")
    assert fresh_of(out, kept).todo("001", "page") == state.Todo(("inpaint",), ("masks/001.png",))
    assert fresh_of(out, kept, force=True).todo("001", "page") == state.Todo(ALL)


def test_an_edited_page_is_kept_whatever_happens(out, kept):
    (out / "cleaned/001.png").write_bytes(b"mine")
    assert fresh_of(out, kept).todo("001", "page") == state.Todo((), ("cleaned/001.png",))
    todo = fresh_of(out, kept, "segment.keep=sfx", "inpaint.flat=1").todo("001", "other")
    assert todo == state.Todo(("segment", "ocr"), ("cleaned/001.png",))
    kept.pages["001"]["inpaint"].error = "out of memory"
    assert stages(out, kept) == ()


def test_an_error_is_tried_again(out, kept):
    kept.pages["001"]["ocr"].error = "no luck"
    assert stages(out, kept) == ("ocr",)


def test_what_a_kill_left_half_done_is_done_again_and_no_edit(out, kept):
    kept.pages["001"]["inpaint"].pending = {"cleaned/001.png": digest(b"new")}
    (out / "cleaned/001.png").write_bytes(b"new")
    assert fresh_of(out, kept).todo("001", "page") == state.Todo(("inpaint",))


@pytest.mark.parametrize(
    ("until", "wanted"), [("segment", ALL[:1]), ("inpaint", ALL[:2]), ("ocr", ALL), ("ocr-only", ("segment", "ocr"))]
)
def test_commands_stop_where_they_say(out, until, wanted):
    assert stages(out, Manifest(), until=until) == wanted


def test_edits_are_listed(out, kept):
    assert list(state.edits(out, kept)) == []
    (out / "masks/001.png").write_bytes(b"mine")
    assert list(state.edits(out, kept)) == ["masks/001.png"]
