"""What lies in workflows/: every file loads, says what it is for, and is named in its README."""

import configparser
from pathlib import Path

import pytest

from mangaclean import workflow
from mangaclean.config import Config, resolve
from mangaclean.errors import UsageError

FOLDER = Path(__file__).parent.parent / "workflows"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def test_the_shipped_ones_are_found() -> None:
    assert {"manga", "webtoon", "western", "fast", "keep-sfx", "clean-all"} <= set(NAMES)
    assert list(workflow.workflows()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_loads_and_is_described(name: str) -> None:
    resolve(name)
    assert len(workflow.workflows()[name]) > 10
    assert f"`{name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_they_say_what_their_names_promise() -> None:
    assert (resolve("manga").segment.direction, resolve("manga").ocr.language) == ("rtl", "ja")
    assert (resolve("webtoon").segment.direction, resolve("webtoon").ocr.language) == ("ttb", "ko")
    assert (resolve("western").segment.direction, resolve("western").ocr.language) == ("ltr", "en")
    assert resolve("clean-all").segment.keep == ()
    assert "sfx" in resolve("keep-sfx").segment.keep
    assert resolve("fast").inpaint.engine != Config().inpaint.engine


def test_inside_a_wheel_they_lie_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mangaclean" / "workflows").mkdir(parents=True)
    (tmp_path / "mangaclean" / "workflows" / "packed.toml").write_text('[workflow]\ndescription = "packed"\n')
    monkeypatch.setattr(workflow, "__file__", str(tmp_path / "mangaclean" / "workflow.py"))
    assert workflow.workflows() == {"packed": "packed"}
    with pytest.raises(UsageError, match="packed"):
        workflow.workflow_path("manga")


def test_the_service_starts_the_watch_folder() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read_string((FOLDER / "mangaclean-watch.service").read_text(encoding="utf-8"))
    assert "mangaclean watch" in unit["Service"]["ExecStart"]
    assert "--out" in unit["Service"]["ExecStart"]
    assert unit["Service"]["KillSignal"] == "SIGINT"
    assert unit["Install"]["WantedBy"] == "default.target"
