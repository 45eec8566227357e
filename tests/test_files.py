import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from mangaclean import files
from mangaclean.errors import Exit, OutputError


def test_written_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "masks" / "001.png"
    files.write(path, b"one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["001.png"]


def test_the_longest_name_that_a_file_may_have_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("頁" * 83 + ".png")
    files.write(path, b"page")
    assert path.read_bytes() == b"page"


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (OSError(28, "No space left on device"), OutputError, "No space left on device; check free space"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
)
def test_what_fails_midway_leaves_the_old_file_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    expected: type[BaseException],
    words: str | None,
) -> None:
    path = tmp_path / "text.json"
    files.write(path, b"old")

    def fail(_: int) -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the half-written file is there at this moment
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(expected, match=words):
        files.write(path, b"new")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("text.json", b"old")]


def test_a_place_that_is_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")
    with pytest.raises(OutputError, match=r"cannot write .*001\.png: .*; check free space and permissions") as caught:
        files.write(tmp_path / "out" / "001.png", b"page")
    assert caught.value.code == Exit.OUTPUT


def test_sweeping_takes_what_a_killed_run_left_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Path, target: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            files.write(tmp_path / "cleaned" / "001.png", b"half")
    mine = tmp_path / "cleaned" / ".hidden"
    mine.write_bytes(b"a person's")
    assert len(list(mine.parent.iterdir())) == 2
    files.sweep(tmp_path)
    assert list(mine.parent.iterdir()) == [mine]


def test_digest_of_bytes_and_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"page")
    expected = hashlib.sha256(b"page").hexdigest()
    assert files.digest(b"page") == files.digest(tmp_path / "a") == expected


def test_natural_order() -> None:
    names = ["p10.png", "p2.png", "P1.png", "ch10/1.png", "ch2/10.png", "ch2/9.png", "p2b.png"]
    expected = ["ch2/9.png", "ch2/10.png", "ch10/1.png", "P1.png", "p2.png", "p2b.png", "p10.png"]
    assert files.natural_order(names) == expected
    assert files.natural_order(reversed(names)) == expected


def test_names_that_differ_in_case_alone_have_one_order() -> None:
    assert files.natural_order(["a.png", "A.png"]) == files.natural_order(["A.png", "a.png"])
