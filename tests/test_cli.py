"""The command line: exit codes, messages, and what machines read."""

import json

import pytest
from filelock import FileLock
from PIL import Image

from mangaclean import cli, work
from mangaclean.errors import Exit, MangacleanError
from mangaclean.session import page_numbers
from tests import toned

FAKE = [word for name in toned.SETS for word in ("--set", name)] + ["--workers", "1"]


@pytest.fixture(autouse=True)
def _engines(monkeypatch):
    toned.register(monkeypatch.setitem)
    work.engine.cache_clear()
    toned.mended.clear()
    yield
    work.engine.cache_clear()


@pytest.fixture
def pages(tmp_path):
    for number in (1, 2):
        toned.draw(tmp_path / f"ch01/{number:03}.png", mark=number)
    return tmp_path / "ch01"


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


def _damaged(pages):
    (pages / "002.png").write_bytes(b"")


def _not_pages(pages):
    for page in pages.iterdir():
        page.unlink()


def _broken_text(pages):
    (pages.parent / "ch01-cleaned").mkdir()
    (pages.parent / "ch01-cleaned/text.json").write_text("{")


def _newer(pages):
    (pages.parent / "ch01-cleaned").mkdir()
    (pages.parent / "ch01-cleaned/manifest.json").write_text('{"version": 99}')


def _in_the_way(pages):
    (pages.parent / "ch01-cleaned").write_text("mine")


def _stopping(pages):
    toned.draw(pages / "001.png", toned.STOPPING)


def _fine(pages):
    pass


CODES = [
    (Exit.OK, _fine, [], ""),
    (Exit.OK, _fine, ["--plan"], ""),
    (Exit.USAGE, _fine, ["--nonsense"], "No such option"),
    (Exit.USAGE, _fine, ["--workers", "-1"], "--workers"),
    (Exit.USAGE, _fine, ["--set", "segment.treshold=1"], "unknown setting in [segment]"),
    (Exit.USAGE, _fine, ["--set", "ocr.engine=rapidocrr"], "did you mean 'rapidocr'?"),
    (Exit.USAGE, _fine, ["--pages", "7-3"], "write it like 3-7,12"),
    (Exit.USAGE, _fine, ["--export", "cbx"], "unknown export"),
    (Exit.USAGE, _fine, ["--keep", "sfxx"], "did you mean 'sfx'?"),
    (Exit.USAGE, _fine, ["--workflow", "mangga"], "manga"),
    (Exit.USAGE, _fine, ["--out", "{pages}/out"], "never touched"),
    (Exit.INPUT, _not_pages, [], "there are no pages in it"),
    (Exit.INPUT, _broken_text, [], "text.json, line 1"),
    (Exit.MISSING, _stopping, [], "put them there"),
    (Exit.OUTPUT, _newer, [], "newer mangaclean"),
    (Exit.OUTPUT, _in_the_way, [], "cannot write to"),
    (Exit.SOME_FAILED, _damaged, ["--quiet"], "002.png"),
]


@pytest.mark.parametrize(("code", "prepare", "words", "complaint"), CODES)
def test_exit_codes(call, pages, code, prepare, words, complaint):
    prepare(pages)
    ended, _, err = call("chapter", pages, *FAKE, *[word.format(pages=pages) for word in words])
    assert ended == code, err
    plain = " ".join(err.replace("│", " ").split())
    assert complaint in plain
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["chapter", "{0}/nowhere"], Exit.INPUT),
        (["chapter"], Exit.USAGE),
        (["no-such-command"], Exit.USAGE),
        (["status", "{0}"], Exit.INPUT),
        (["export", "{0}/ch01", "--to", "cbz"], Exit.INPUT),
        (["export", "{0}/ch01", "--to", "cbx"], Exit.USAGE),
        (["watch", "{0}/nowhere", "--out", "{0}/out"], Exit.INPUT),
        (["config", "--set", "nonsense"], Exit.USAGE),
        (["config"], Exit.OK),
        (["--version"], Exit.OK),
        (["--help"], Exit.OK),
        (["ocr", "--help"], Exit.OK),
    ],
)
def test_exit_codes_of_other_commands(call, pages, words, code):
    ended, _, err = call(*[word.format(pages.parent) for word in words])
    assert ended == code, err
    assert "Traceback" not in err


def test_two_runs_at_once(call, pages):
    out = pages.parent / "ch01-cleaned"
    out.mkdir()
    with FileLock(out / ".lock"):
        assert call("chapter", pages, *FAKE)[0] == Exit.OUTPUT
        (out / "manifest.json").write_text(
            json.dumps({"version": 1, "source": "", "names": {}, "pages": {}, "books": {}})
        )
        assert call("export", pages, "--to", "cbz")[0] == Exit.OUTPUT
    assert call("chapter", pages, *FAKE)[0] == Exit.OK


def test_every_kind_of_error_has_a_code_of_its_own():
    codes = [kind.code for kind in MangacleanError.__subclasses__()]
    assert sorted(codes) == [Exit.USAGE, Exit.INPUT, Exit.MISSING, Exit.OUTPUT]


def test_a_person_is_told(call, pages):
    toned.draw(pages / "002.png", toned.BROKEN)
    _, out, err = call("chapter", pages, *FAKE)
    lines = out.splitlines()
    assert lines[0].startswith("page 1/2 001.png: 1 regions, 1 filled (")
    assert lines[1].startswith("page 2/2 002.png: failed: segment: no luck (")
    assert lines[2] == "failed: 002.png: segment: no luck"
    assert lines[3].startswith(f"{pages}: 1 pages done, 0 up to date or left out, 1 failed in ")
    assert err == ""
    code, out, err = call("chapter", pages, *FAKE, "--quiet")
    assert (code, out, err) == (Exit.SOME_FAILED, "", f"{pages}: 002.png: segment: no luck\n")


def test_a_machine_is_told(call, pages):
    toned.draw(pages / "002.png", toned.BROKEN)
    code, out, _ = call("chapter", pages, *FAKE, "--json", "--export", "cbz")
    start, first, second, finish = map(json.loads, out.splitlines())
    assert (start["event"], start["chapter"]) == ("start", str(pages))
    assert (first["page"], first["actions"], first["error"]) == ("001.png", {"fill": 1}, "")
    assert (second["number"], second["total"], second["error"]) == (2, 2, "segment: no luck")
    assert finish["failed"] == {"002.png": "segment: no luck"}
    assert [name.rpartition("/")[2] for name in finish["made"]] == ["report.html", "ch01.cbz"]
    assert finish["exit"] == code == Exit.SOME_FAILED


def test_a_plan_for_people_and_machines(call, pages):
    _, out, _ = call("chapter", pages, *FAKE, "--plan", "--pages", "2")
    assert out.startswith("002.png: segment, inpaint, ocr\n")
    assert "1 pages, about " in out
    plan = json.loads(call("chapter", pages, *FAKE, "--plan", "--json")[1])
    assert plan["pages"] == {f"00{n}.png": ["segment", "inpaint", "ocr"] for n in (1, 2)}
    assert not (pages.parent / "ch01-cleaned").exists()
    call("chapter", pages, *FAKE)
    assert "nothing to do" in call("chapter", pages, *FAKE, "--plan")[1]


def test_a_terminal_gets_its_cursor_back(call, pages, monkeypatch):
    from mangaclean import telling

    stopped = []
    monkeypatch.setattr(telling._Terminal, "stop", lambda self: stopped.append(self.bar.stop()))
    monkeypatch.setattr(telling, "reporter", lambda **_: telling._Terminal())
    code, out, _ = call("chapter", pages, *FAKE)
    assert (code, len(stopped)) == (0, 1)
    assert "2 pages done" in " ".join(out.split())
    toned.draw(pages / "001.png", toned.STOPPING)
    code, _, _ = call("chapter", pages, *FAKE)
    assert (code, len(stopped)) == (Exit.MISSING, 2)


def test_status(call, pages):
    toned.draw(pages / "002.png", toned.BROKEN)
    call("chapter", pages, *FAKE)
    out = pages.parent / "ch01-cleaned"
    Image.new("L", (400, 560)).save(out / "masks/001.png")
    code, told, _ = call("status", out)
    assert code == Exit.SOME_FAILED
    assert told.splitlines()[:3] == [
        f"{out}: 1 pages done, 1 failed, 1 files edited by hand",
        "failed: 002.png: segment: no luck",
        "edited: masks/001.png",
    ]
    facts = json.loads(call("status", out, "--json")[1])
    assert facts["failed"] == {"002.png": "segment: no luck"}
    toned.mended.add(toned.BROKEN)
    call("chapter", pages, *FAKE, "--retry-failed")
    assert call("status", out)[0] == Exit.OK


def test_a_series(call, pages):
    root = pages.parent / "series"
    root.mkdir()
    pages.rename(root / "ch01")
    toned.draw(root / "ch02/001.png")
    (root / "ch03.cbz").write_text("no archive")
    code, out, err = call("chapter", root, "--recursive", *FAKE)
    assert code == Exit.SOME_FAILED
    assert "ch03.cbz: damaged" in err
    out = root.parent / "series-cleaned"
    assert {path.parent.parent.name for path in out.glob("*/cleaned/001.png")} == {"ch01", "ch02"}
    (root / "ch03.cbz").unlink()
    assert call("chapter", root, "--recursive", *FAKE)[0] == Exit.OK


def test_chapters_of_one_name_go_to_two_places(call, pages, tmp_path):
    call("chapter", pages, *FAKE, "--export", "cbz")
    root = tmp_path / "series"
    pages_there = root / "ch01"
    root.mkdir()
    pages.rename(pages_there)
    (tmp_path / "ch01-cleaned/ch01.cbz").rename(root / "ch01.cbz")
    lost = json.loads(call("chapter", root, "-r", *FAKE, "--plan", "--json")[1].splitlines()[1])
    assert lost["out"].endswith("series-cleaned/ch01.cbz")
    assert call("chapter", root, "-r", *FAKE)[0] == Exit.OK
    assert len(list((tmp_path / "series-cleaned").glob("*/manifest.json"))) == 2


def test_books_afterwards(call, pages):
    call("chapter", pages, *FAKE)
    out = pages.parent / "ch01-cleaned"
    code, told, _ = call("export", pages, "--to", "cbz,pdf")
    assert (code, told.split()) == (0, [str(out / "ch01.cbz"), str(out / "ch01.pdf")])
    before = (out / "ch01.cbz").read_bytes()
    (out / "ch01.cbz").unlink()
    assert call("export", out, "--to", "cbz")[1].split() == [str(out / "ch01.cbz")]
    assert (out / "ch01.cbz").read_bytes() == before


def test_page_numbers():
    assert page_numbers("") is None
    assert page_numbers("3-5, 12,4") == {3, 4, 5, 12}


@pytest.mark.parametrize("text", ["0", "a", "3-", "-3", "5-4", "1,,2", "1-999999999", "９", "1.5", "9" * 30])
def test_what_is_no_page_number_is_refused(text):
    with pytest.raises(MangacleanError, match="is no page or range"):
        page_numbers(text)
