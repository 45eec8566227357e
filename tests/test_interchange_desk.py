"""The commands on translators' files: what they write, say and leave alone, and that later runs keep it."""

import io
import json
import sys

import jsonschema
import openpyxl
import pytest
from filelock import FileLock

from mangaclean import chapter, cli, interchange, manifest, textcheck, work
from mangaclean.errors import Exit
from mangaclean.interchange.schema import MEANINGS, schema
from tests import toned

FORMATS = [*interchange.FORMATS]


@pytest.fixture(autouse=True)
def _engines(monkeypatch):
    toned.register(monkeypatch.setitem)
    work.engine.cache_clear()
    yield
    work.engine.cache_clear()


@pytest.fixture
def pages(tmp_path):
    for number in (1, 2):
        toned.draw(tmp_path / f"Work/ch01/{number:03}.png", mark=number)
    return tmp_path / "Work/ch01"


@pytest.fixture
def out(pages):
    target = chapter.destination(pages)
    chapter.run(pages, target, toned.config())
    return target


@pytest.fixture
def call(monkeypatch, capsys):
    """mangaclean as from a shell: its exit code, what it says and what it complains of."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["mangaclean", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return run


def regions(out):
    return [r for page in json.loads((out / "text.json").read_bytes())["pages"] for r in page["regions"]]


def translate(out, *words):
    path = out / "text.json"
    text = json.loads(path.read_bytes())
    for page, word in zip(text["pages"], words, strict=True):
        page["regions"][0]["translation"] = word
    path.write_text(json.dumps(text), encoding="utf-8")


def filled(out, tmp_path, call, form, *words):
    """A file of the format as it comes back with these translations; text.json has none of them."""
    before = (out / "text.json").read_bytes()
    translate(out, *words)
    path = tmp_path / f"{form}{interchange.FORMATS[form].suffix}"
    assert call("text", "export", out, "--format", form, "--to", path)[0] == 0
    (out / "text.json").write_bytes(before)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_there_and_back(out, tmp_path, call, form):
    path = filled(out, tmp_path, call, form, "One\n=two", "")
    code, told, _ = call("text", "import", out, path)
    assert (code, told.splitlines()) == (
        0,
        [
            f"{path}: taken for {form}",
            f"{out / 'text.json'}: 1 translations put in, 0 changed, 0 as they were, 1 not translated",
        ],
    )
    assert [r["translation"] for r in regions(out)] == ["One\n=two", ""]
    stamp = (out / "text.json").stat().st_mtime_ns
    assert call("text", "import", out, path, "--format", form)[0] == 0
    assert (out / "text.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("form", FORMATS)
def test_later_runs_keep_what_was_imported(pages, out, tmp_path, call, form):
    call("text", "import", out, filled(out, tmp_path, call, form, "One", "Two"))
    imported = (out / "text.json").read_bytes()
    assert chapter.run(pages, out, toned.config()).done == 0
    assert (out / "text.json").read_bytes() == imported
    assert manifest.load(out).errors() == {}
    chapter.run(pages, out, toned.config(), chapter.Choice(force=True))
    toned.draw(pages / "001.png", mark=9)
    chapter.run(pages, out, toned.config("segment.keep=sfx"))
    assert [r["translation"] for r in regions(out)] == ["One", "Two"]


def test_what_a_person_wrote_besides_stays(out, tmp_path, call):
    path = filled(out, tmp_path, call, "csv", "One", "Two")
    text = json.loads((out / "text.json").read_bytes())
    text["note"] = "mine"
    text["pages"][0]["regions"][0] |= {"text": "corrected", "action": "keep", "mark": [1]}
    (out / "text.json").write_text(json.dumps(text), encoding="utf-8")
    call("text", "import", out, path)
    first = regions(out)[0]
    assert json.loads((out / "text.json").read_bytes())["note"] == "mine"
    assert (first["text"], first["action"], first["mark"], first["translation"]) == ("corrected", "keep", [1], "One")


def test_changes_and_what_has_no_place_are_told(out, tmp_path, call):
    translate(out, "Eins", "Zwei")
    path = tmp_path / "back.txt"
    path.write_text("### 001.png\n1. One\n\n### 002.png\n1.\n2. Two\n\n### 009.png\n1. Nine", encoding="utf-8")
    code, told, _ = call("text", "import", out, path)
    assert code == Exit.SOME_FAILED
    assert told.splitlines()[1:] == [
        "note: 002.png: 2 texts in the file, 1 regions here, matched by their numbers; look at this page",
        f"changed: 001.png {regions(out)[0]['id']}: 'Eins' → 'One'",
        "no place for: 009.png 1: 'Nine'",
        "no place for: 002.png 2: 'Two'",
        f"{out / 'text.json'}: 0 translations put in, 1 changed, 0 as they were, 1 not translated, 2 without a place "
        "(put those in by hand)",
    ]
    facts = json.loads(call("text", "import", out, path, "--json")[1])
    assert (facts["format"], facts["same"], facts["changed"]) == ("script", 1, [])
    assert facts["lost"][1] == {"page": "002.png", "number": 2, "translation": "Two"}


def test_an_export_replaces_no_file_of_somebody(out, tmp_path, call):
    path = tmp_path / "text.csv"
    assert call("text", "export", out, "--to", path)[1] == f"{path}: 2 regions of 2 pages as csv\n"
    assert call("text", "export", out, "--to", path)[0] == 0  # the same bytes
    path.write_text("a translator's work", encoding="utf-8")
    code, _, err = call("text", "export", out, "--to", path)
    assert (code, "--force" in err) == (Exit.OUTPUT, True)
    assert path.read_text(encoding="utf-8") == "a translator's work"
    assert call("text", "export", out, "--to", path, "--force")[0] == 0
    before = (out / "text.json").read_bytes()
    assert call("text", "export", out, "--format", "bt", "--to", out / "text.json", "--force")[0] == Exit.USAGE
    assert (out / "text.json").read_bytes() == before


def test_mokuro_is_called_as_its_folders(out, tmp_path, call):
    call("text", "export", out, "--to", tmp_path / "v.mokuro")
    raw = json.loads((tmp_path / "v.mokuro").read_bytes())
    assert (raw["title"], raw["volume"]) == ("Work", "ch01")


def test_an_import_waits_for_no_other_run(out, tmp_path, call):
    path = filled(out, tmp_path, call, "csv", "One", "Two")
    before = (out / "text.json").read_bytes()
    with FileLock(out / ".lock"):
        code, _, err = call("text", "import", out, path)
    assert (code, "another run holds" in err) == (Exit.OUTPUT, True)
    assert (out / "text.json").read_bytes() == before


def test_a_failed_import_changes_nothing(out, tmp_path, call, monkeypatch):
    path = filled(out, tmp_path, call, "csv", "One", "Two")
    before = (out / "text.json").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert call("text", "import", out, path)[0] == Exit.OUTPUT
    assert (out / "text.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["export", "OUT", "--to", "x.txt"], Exit.USAGE, "--format labelplus or --format script"),
        (["export", "OUT", "--to", "x.txt", "--format", "odt"], Exit.USAGE, "unknown format"),
        (["export", "NONE", "--to", "x.csv"], Exit.INPUT, "no text.json in it"),
        (["import", "OUT", "nothing.csv"], Exit.INPUT, "cannot read"),
        (["import", "NONE", "FILE"], Exit.INPUT, "no text.json in it"),
        (["import", "OUT", "FILE", "--format", "xlsx"], Exit.INPUT, "cannot be read as XLSX"),
        (["check", "NONE"], Exit.INPUT, "no text.json in it"),
        (["check", "OUT", "--font", "nothing.ttf"], Exit.MISSING, "no such file"),
    ],
)
def test_what_cannot_be_done_is_said(out, tmp_path, call, words, code, said):
    path = filled(out, tmp_path, call, "csv", "One", "Two")
    stand_for = {"OUT": out, "NONE": tmp_path / "none", "FILE": path}
    got, _, err = call("text", *(stand_for.get(word, word) for word in words))
    assert (got, said in err) == (code, True)
    assert not (tmp_path / "none").exists()


def test_check(out, call, monkeypatch):
    code, told, _ = call("text", "check", out)
    first, second = (r["id"] for r in regions(out))
    assert (code, told.splitlines()) == (
        Exit.SOME_FAILED,
        [
            f"001.png 1 ({first}): empty: no translation of 'あいうえお'",
            f"002.png 1 ({second}): empty: no translation of 'あいうえお'",
            f"{out}: 2 regions, 2 findings: empty 2",
        ],
    )
    translate(out, "Fine.", "x" * 5000)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code, told, _ = call("text", "check", out)
    assert (code, "│ long" in told, textcheck.HOW_LONG in told) == (Exit.SOME_FAILED, True, True)
    (finding,) = json.loads(call("text", "check", out, "--json")[1])["findings"]
    assert (finding["page"], finding["order"], finding["id"], finding["problem"]) == ("002.png", 1, second, "long")
    translate(out, "Fine.", "[Fine]")
    assert call("text", "check", out)[:2] == (0, f"{out}: 2 regions, 0 findings\n")


def test_a_spreadsheet_that_a_person_edited(out, tmp_path, call):
    path = filled(out, tmp_path, call, "xlsx", "", "")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    book.active["G3"] = 12
    book.active.delete_cols(8)  # the ids
    book.save(path)
    assert call("text", "import", out, path)[0] == 0
    assert [r["translation"] for r in regions(out)] == ["", "12"]


def test_a_real_file_fits_the_schema_and_a_broken_one_does_not(out, call):
    printed = json.loads(call("schema")[1])
    jsonschema.Draft202012Validator.check_schema(printed)
    validator = jsonschema.Draft202012Validator(printed)
    raw = json.loads((out / "text.json").read_bytes())
    assert list(validator.iter_errors(raw)) == []
    raw["pages"][0]["regions"][0]["kind"] = "speach"
    raw["pages"][1]["regions"][0]["box"] = [1, 2, 3]
    assert {error.json_path for error in validator.iter_errors(raw)} == {
        "$.pages[0].regions[0].kind",
        "$.pages[1].regions[0].box",
    }


def test_every_field_is_described():
    made = schema()
    models = {"TextFile": made, **made["$defs"]}
    assert {name: set(model["properties"]) for name, model in models.items()} == {
        name: set(meanings) for name, meanings in MEANINGS.items()
    }
