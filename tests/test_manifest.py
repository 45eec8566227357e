"""manifest.json: what comes back from the disk, and what is refused."""

import json

import pytest

from mangaclean import manifest
from mangaclean.errors import OutputError
from mangaclean.files import digest
from mangaclean.manifest import Manifest, Record


def some():
    record = Record("key", {"masks/001.png": "aa"}, 1.5, "", ["a note"], {"masks/001.png": "bb"})
    failed = {"segment": Record(error="first"), "ocr": Record(error="second")}
    return Manifest(
        "ch01", {"001": "001.jpg", "002": "ページ.jpg"}, {"001": {"segment": record}, "002": failed}, {"a": "b"}
    )


def test_what_is_saved_comes_back(tmp_path):
    manifest.save(tmp_path, some())
    assert manifest.load(tmp_path) == some()


def test_it_is_written_only_when_it_changed(tmp_path, monkeypatch):
    manifest.save(tmp_path, some())
    written = []
    monkeypatch.setattr(manifest, "write", lambda path, data: written.append(path.name))
    manifest.save(tmp_path, some())
    assert written == []
    changed = some()
    changed.source = "ch02"
    manifest.save(tmp_path, changed)
    assert written == ["manifest.json"]


def test_without_a_file_there_is_nothing_and_no_warning(tmp_path, caplog):
    assert manifest.load(tmp_path) == Manifest()
    assert not caplog.records


GOOD = {"version": 1, "source": "ch01", "names": {}, "books": {}, "pages": {"001": {"segment": {"key": "k"}}}}


def test_the_pattern_of_the_broken_ones_is_good(tmp_path, caplog):
    (tmp_path / "manifest.json").write_text(json.dumps(GOOD))
    assert manifest.load(tmp_path).record("001", "segment").key == "k"
    assert not caplog.records


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00" * 100,
        '{"version": null}',
        '{"version": Infinity}',
        "[" * 100_000,
        json.dumps(GOOD | {"pages": []}),
        json.dumps(GOOD | {"names": [1]}),
        json.dumps(GOOD | {"books": {"report.html": None}}),
        json.dumps(GOOD | {"pages": {"001": []}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"made": None}}}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"made": {"a": 1}}}}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"seconds": "long"}}}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"notes": "none"}}}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"error": 5}}}}),
        json.dumps(GOOD | {"pages": {"001": {"segment": {"unknown": 1}}}}),
    ],
)
def test_a_broken_one_counts_as_empty_with_a_warning(tmp_path, caplog, text):
    (tmp_path / "manifest.json").write_text(text)
    assert manifest.load(tmp_path) == Manifest()
    assert "every page is checked anew" in caplog.text


def test_a_newer_one_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"version": 2}')
    with pytest.raises(OutputError, match="version 2, from a newer mangaclean; update"):
        manifest.load(tmp_path)


def test_the_first_error_of_a_page_is_told():
    assert some().errors() == {"002": "segment: first"}


def test_edited_is_what_neither_stands_nor_is_to_stand_there(tmp_path):
    path = tmp_path / "a.png"
    record = Record(made={"a.png": digest(b"old")}, pending={"a.png": digest(b"new")})
    assert not manifest.edited(tmp_path, record, "a.png")  # it is not there at all
    for data, edited in ((b"old", False), (b"new", False), (b"mine", True)):
        path.write_bytes(data)
        assert manifest.edited(tmp_path, record, "a.png") is edited
    assert not manifest.edited(tmp_path, Record(), "a.png")  # the program never made it


def test_a_key_depends_on_each_of_its_parts():
    parts = {"stage": "ocr", "revision": 1, "settings": {"a": 1, "b": 2}, "engine": "e 1", "inputs": {"page": "aa"}}
    others = {
        "stage": "segment",
        "revision": 2,
        "settings": {"a": 1, "b": 3},
        "engine": "e 2",
        "inputs": {"page": "ab"},
    }
    keys = {manifest.key(**parts)} | {manifest.key(**parts | {name: value}) for name, value in others.items()}
    assert len(keys) == 6
    assert manifest.key(**parts | {"settings": {"b": 2, "a": 1}}) in keys
