"""The watch folder: what counts as settled, doing everything once, and going on after failures."""

import _thread
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from mangaclean import inbox as inboxes
from mangaclean import watchstate
from mangaclean.config import Config, resolve
from mangaclean.errors import Exit, InputError, OutputError, UsageError
from mangaclean.inbox import Snapshot
from mangaclean.watch import Sighting, settled, sighted, watch
from mangaclean.watchstate import Chapter, destination, retry_at

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@dataclass
class Cleaner:
    """Stands in for the run over a chapter: notes what it was given, and answers as told."""

    answers: dict[str, Exit | BaseException] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def __call__(self, chapter: Path, folder: Path) -> Exit:
        self.done.append(chapter.name)
        self.folders.append(folder.name)
        answer = self.answers.get(chapter.name, Exit.OK)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def put(inbox: Path, name: str, page: bytes = b"a page") -> Path:
    """A chapter: a folder with one page, or a book."""
    path = inbox / name
    if path.suffix:
        path.write_bytes(page)
    else:
        path.mkdir(exist_ok=True)
        (path / "001.png").write_bytes(page)
    return path


def once(inbox: Path, out: Path, clean: Callable[[Path, Path], Exit], settle: float = 0, **how: str) -> Exit:
    return watch(inbox, out, resolve(**how), once=True, clean=clean, settle=settle)  # type: ignore[arg-type]


def state(out: Path) -> dict[str, Chapter]:
    return watchstate.load(out).chapters


# ---- what is settled


def seen(signature: str, since: float, last: float) -> Sighting:
    return Sighting(signature=signature, since=since, last=last)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Snapshot("a", 900), True),  # untouched for long, seen for the first time
        (None, Snapshot("a", 995), False),  # written five seconds ago
        (None, Snapshot("a", 5000), False),  # from a computer with another clock
        (seen("a", 985, 995), Snapshot("a", 5000), True),  # the same, seen unchanged for 15 s
        (seen("a", 995, 999), Snapshot("a", 5000), False),  # the same, seen for 5 s
        (seen("a", 995, 999), Snapshot("a", 900), True),
        (seen("b", 900, 999), Snapshot("a", 900), False),  # it grew a second ago, whatever its times say
        (seen("b", 100, 200), Snapshot("a", 900), True),  # it changed between two calls of a cron job
        (seen("b", 100, 200), Snapshot("a", 999), False),
    ],
)
def test_settled(before: Sighting | None, after: Snapshot, expected: bool) -> None:
    sightings = {} if before is None else {"ch": before}
    assert settled(sightings, {"ch": after}, now=1000, settle=10) == (("ch",) if expected else ())


def test_what_is_gone_is_not_settled() -> None:
    assert settled({"ch": seen("a", 0, 0)}, {}, now=1000, settle=10) == ()
    assert sighted({"ch": seen("a", 0, 0)}, {}, now=1000) == {}


@given(st.lists(st.sampled_from("aab"), min_size=1, max_size=40))
def test_a_chapter_is_settled_when_its_last_looks_agree(looks: list[str]) -> None:
    """Looks a second apart, with file times that say nothing."""
    sightings: dict[str, Sighting] = {}
    for second, signature in enumerate(looks):
        after = {"ch": Snapshot(signature, float("inf"))}
        ready = settled(sightings, after, now=second, settle=5)
        sightings = sighted(sightings, after, now=second)
        assert bool(ready) == (second >= 5 and len(set(looks[second - 5 : second + 1])) == 1)


# ---- what is a chapter


def test_only_chapters_are_seen(inbox: Path) -> None:
    for name in ["ch10", "ch2.cbz", "ch3.PDF", ".hidden", "ch4.cbz.part", "ch5.cbz~", "notes.txt", "loose.png"]:
        put(inbox, name)
    (inbox / "empty.cbz").touch()
    (inbox / "nothing").mkdir()
    (inbox / "series" / "ch1").mkdir(parents=True)
    (inbox / "dangling.cbz").symlink_to(inbox / "nowhere")
    assert set(inboxes.look(inbox)) == {"ch10", "ch2.cbz", "ch3.PDF"}
    assert set(inboxes.strays(inbox)) == {"series", "loose.png"}


def test_a_snapshot_shows_growth(inbox: Path) -> None:
    chapter = put(inbox, "ch1")
    first = inboxes.snapshot(chapter)
    (chapter / ".DS_Store").write_bytes(b"x")
    assert inboxes.snapshot(chapter).signature == first.signature
    (chapter / "002.png.part").write_bytes(b"half")
    grown = inboxes.snapshot(chapter)
    assert grown.signature != first.signature
    assert inboxes.content(chapter) == inboxes.content(put(inbox, "ch2")), "a part is no content"


def test_a_book_is_not_ready_while_its_download_goes_on(inbox: Path) -> None:
    book = put(inbox, "ch1.cbz")
    first = inboxes.snapshot(book)
    (inbox / "ch1.cbz.aria2").write_bytes(b"12 %")
    assert inboxes.snapshot(book).signature != first.signature


def test_a_file_copied_with_its_old_time_has_changed_now(inbox: Path) -> None:
    book = put(inbox, "ch1.cbz")
    os.utime(book, (LONG_AGO, LONG_AGO))
    assert inboxes.snapshot(book).changed > LONG_AGO + 1


def test_content_depends_on_names_and_bytes_not_on_times(inbox: Path) -> None:
    one, two = put(inbox, "ch1"), put(inbox, "ch2")
    os.utime(two / "001.png", (LONG_AGO, LONG_AGO))
    assert inboxes.content(one) == inboxes.content(two)
    (two / "001.png").rename(two / "002.png")
    assert inboxes.content(one) != inboxes.content(two)


def test_chapters_with_one_stem_get_their_own_folders() -> None:
    def chapter(folder: str) -> Chapter:
        return Chapter(out=folder, signature="", content="", settings="")

    assert destination("ch1", {}) == "ch1"
    assert destination("ch1.cbz", {}) == "ch1"
    assert destination("ch1.cbz", {"ch1": chapter("CH1")}) == "ch1.cbz"
    assert destination("ch1", {"ch1.cbz": chapter("ch1"), "ch1.pdf": chapter("ch1-2")}) == "ch1-3"
    assert destination("v1.5", {}) == "v1.5"
    assert destination("watch.json", {}) == "watch.json-2"


# ---- --once


def test_each_chapter_is_done_once(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    for name in ["ch10", "ch2.cbz", "ch2"]:
        put(inbox, name)
    assert once(inbox, out, clean) is Exit.OK
    assert clean.done == ["ch2", "ch2.cbz", "ch10"], "in natural order"
    assert clean.folders == ["ch2", "ch2.cbz", "ch10"]
    assert once(inbox, out, clean) is Exit.OK
    assert len(clean.done) == 3
    saved = json.loads((out / "watch.json").read_text())
    assert saved["version"] == 1
    assert saved["chapters"]["ch10"]["result"] == 0


def test_what_still_changes_waits(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    put(inbox, "ch1")
    assert once(inbox, out, clean, settle=1000) is Exit.OK
    assert clean.done == []
    assert set(watchstate.load(out).waiting) == {"ch1"}
    assert once(inbox, out, clean) is Exit.OK
    assert clean.done == ["ch1"]
    assert watchstate.load(out).waiting == {}


def test_a_chapter_from_the_future_is_taken_at_the_second_look(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    book = put(inbox, "ch1.cbz")
    os.utime(book, (time.time() + 9e6, time.time() + 9e6))
    once(inbox, out, clean, settle=0.01)
    assert clean.done == []
    time.sleep(0.02)
    once(inbox, out, clean, settle=0.01)
    assert clean.done == ["ch1.cbz"]


def test_a_changed_chapter_is_done_again_into_the_same_folder(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    put(inbox, "ch1.cbz")
    once(inbox, out, clean)
    put(inbox, "ch1.cbz", b"another page")
    once(inbox, out, clean)
    assert (clean.done, clean.folders) == (["ch1.cbz"] * 2, ["ch1"] * 2)


def test_a_copied_or_touched_chapter_is_not_done_again(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    book = put(inbox, "ch1.cbz")
    once(inbox, out, clean)
    os.utime(book, (LONG_AGO, LONG_AGO))
    once(inbox, out, clean)
    book.unlink()
    once(inbox, out, clean)
    put(inbox, "ch1.cbz")
    once(inbox, out, clean)
    assert clean.done == ["ch1.cbz"]


def test_other_settings_go_over_the_chapters_again_but_not_more_workers(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    put(inbox, "ch1")
    once(inbox, out, clean)
    watch(inbox, out, resolve(run={"workers": 7}), once=True, clean=clean, settle=0)
    assert clean.done == ["ch1"]
    once(inbox, out, clean, workflow="western")
    assert clean.done == ["ch1", "ch1"]


@pytest.mark.parametrize("failure", [Exit.SOME_FAILED, InputError("ch1 is broken"), ValueError("a bug")])
def test_a_failure_does_not_stop_the_others(inbox: Path, out: Path, failure: Exit | Exception) -> None:
    clean = Cleaner({"ch1": failure})
    put(inbox, "ch1")
    put(inbox, "ch2")
    assert once(inbox, out, clean) is Exit.SOME_FAILED
    assert clean.done == ["ch1", "ch2"]
    expected = failure if isinstance(failure, Exit) else getattr(failure, "code", Exit.BUG)
    assert state(out)["ch1"].result is expected
    assert state(out)["ch2"].result is Exit.OK


def later(out: Path, seconds: float) -> None:
    """Makes the attempts in watch.json older."""
    kept = watchstate.load(out)
    for name, chapter in kept.chapters.items():
        kept.chapters[name] = chapter.model_copy(update={"time": chapter.time - seconds})
    watchstate.save(out, kept)


def test_a_failed_chapter_is_tried_three_times_with_growing_pauses(
    inbox: Path, out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clean = Cleaner({"ch1": Exit.INPUT})
    book = put(inbox, "ch1")
    assert once(inbox, out, clean) is Exit.SOME_FAILED
    assert once(inbox, out, clean) is Exit.OK
    assert len(clean.done) == 1, "not before the pause is over"
    for attempts, pause in enumerate(watchstate.PAUSES, start=2):
        later(out, pause - 5)
        once(inbox, out, clean)
        assert len(clean.done) == attempts - 1
        later(out, 5)
        once(inbox, out, clean)
        assert len(clean.done) == attempts
    assert "given up" in caplog.text
    later(out, 1e9)
    once(inbox, out, clean)
    assert len(clean.done) == 3
    os.utime(book / "001.png", (LONG_AGO, LONG_AGO))
    clean.answers.clear()
    assert once(inbox, out, clean) is Exit.OK
    assert len(clean.done) == 4, "touched: tried again"
    assert state(out)["ch1"].attempts == 1


def test_pauses_grow() -> None:
    assert list(watchstate.PAUSES) == sorted(set(watchstate.PAUSES))
    chapter = Chapter(out="", signature="", content="", settings="", result=Exit.INPUT, attempts=1, time=1000)
    assert retry_at(chapter) == 1000 + watchstate.PAUSES[0]
    assert retry_at(chapter.model_copy(update={"attempts": 3})) is None
    assert retry_at(chapter.model_copy(update={"result": None})) == 0


class Killed(BaseException):
    """Nothing in the program catches this: the process is gone."""


def test_after_a_kill_the_chapter_is_taken_up_again_but_not_for_ever(inbox: Path, out: Path) -> None:
    clean = Cleaner({"ch2": Killed()})
    put(inbox, "ch1")
    put(inbox, "ch2")
    for _ in range(3):
        with pytest.raises(Killed):
            once(inbox, out, clean)
    assert once(inbox, out, clean) is Exit.OK
    assert clean.done == ["ch1", "ch2", "ch2", "ch2"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Exit.INTERRUPTED])
def test_ctrl_c_stops_at_once_and_costs_no_attempt(inbox: Path, out: Path, stop: Exit | BaseException) -> None:
    clean = Cleaner({"ch1": stop})
    put(inbox, "ch1")
    put(inbox, "ch2")
    assert once(inbox, out, clean) is Exit.INTERRUPTED
    assert clean.done == ["ch1"]
    assert state(out) == {}
    clean.answers.clear()
    assert once(inbox, out, clean) is Exit.OK
    assert clean.done == ["ch1", "ch1", "ch2"]


def test_ctrl_c_during_a_second_attempt_keeps_the_first(inbox: Path, out: Path) -> None:
    clean = Cleaner({"ch1": Exit.INPUT})
    put(inbox, "ch1")
    once(inbox, out, clean)
    first = state(out)
    put(inbox, "ch1", b"better")
    clean.answers["ch1"] = KeyboardInterrupt()
    once(inbox, out, clean)
    assert state(out) == first


def test_a_chapter_that_changes_while_it_is_cleaned_is_done_again(inbox: Path, out: Path) -> None:
    names = []

    def clean(chapter: Path, folder: Path) -> Exit:
        names.append(chapter.name)
        if len(names) == 1:
            put(inbox, "ch1", b"a late page")
            put(inbox, "ch2", b"a late page")
        return Exit.OK

    put(inbox, "ch1")
    put(inbox, "ch2")
    once(inbox, out, clean)
    assert names == ["ch1"], "ch2 changed meanwhile and has to settle anew"
    once(inbox, out, clean)
    assert names == ["ch1", "ch1", "ch2"]


# ---- state, folders, locks


def test_a_broken_state_is_begun_anew(inbox: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    clean = Cleaner()
    put(inbox, "ch1")
    once(inbox, out, clean)
    (out / "watch.json").write_bytes((out / "watch.json").read_bytes()[:40])
    assert once(inbox, out, clean) is Exit.OK
    assert "begun anew" in caplog.text
    assert clean.done == ["ch1", "ch1"]


def test_a_newer_state_is_refused(inbox: Path, out: Path) -> None:
    out.mkdir()
    (out / "watch.json").write_text('{"version": 2, "chapters": {}}')
    with pytest.raises(OutputError, match=r"newer mangaclean"):
        once(inbox, out, Cleaner())
    assert (out / "watch.json").read_text() == '{"version": 2, "chapters": {}}'


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "a/../a/b")])
def test_folders_in_each_other_are_refused(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(UsageError, match="must not contain each other"):
        once(tmp_path / one, tmp_path / other, Cleaner())


def test_an_inbox_that_is_not_there_is_refused(inbox: Path, out: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        once(inbox / "nowhere", out, Cleaner())


def test_an_output_that_cannot_be_made_is_refused(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write into"):
        once(inbox, tmp_path / "file" / "out", Cleaner())


def test_two_watchers_cannot_share_an_output(inbox: Path, out: Path) -> None:
    clean = Cleaner()
    put(inbox, "ch1")
    out.mkdir()
    with FileLock(out / "watch.lock"), pytest.raises(OutputError, match="another watcher"):
        once(inbox, out, clean)
    assert clean.done == []
    once(inbox, out, clean)
    assert clean.done == ["ch1"]


def test_strays_are_told_of(inbox: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(inbox, "page.png")
    once(inbox, out, Cleaner())
    assert "page.png is not taken: it is a loose page" in caplog.text


# ---- the loop


@pytest.fixture
def in_time() -> Iterator[None]:
    """A loop that does not end by itself ends by Ctrl-C, and the test fails by what it did not do."""
    timer = threading.Timer(20, _thread.interrupt_main)
    timer.start()
    yield
    timer.cancel()


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("poll", [False, True])
def test_the_loop_takes_what_comes_and_ends_by_ctrl_c(
    inbox: Path, out: Path, poll: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mangaclean.watch.POLL_MS", 50)
    names = []

    def clean(chapter: Path, folder: Path) -> Exit:
        names.append(chapter.name)
        if chapter.name == "ch1":
            threading.Timer(0.2, put, (inbox, "ch2")).start()
        if chapter.name == "stop":
            raise KeyboardInterrupt
        if chapter.name == "ch2":
            threading.Timer(0.2, put, (inbox, "stop")).start()
        return Exit.OK

    put(inbox, "ch1")
    assert watch(inbox, out, Config(), once=False, clean=clean, settle=0.1, poll=poll) is Exit.INTERRUPTED
    assert names == ["ch1", "ch2", "stop"]
    assert set(state(out)) == {"ch1", "ch2"}


@pytest.mark.usefixtures("in_time")
def test_the_loop_tries_a_failed_chapter_again(inbox: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchstate, "PAUSES", (0.1, 0.2))
    names = []

    def clean(chapter: Path, folder: Path) -> Exit:
        names.append(chapter.name)
        if len(names) == 3:
            raise KeyboardInterrupt
        return Exit.SOME_FAILED

    put(inbox, "ch1")
    assert watch(inbox, out, Config(), once=False, clean=clean, settle=0.05) is Exit.INTERRUPTED
    assert names == ["ch1"] * 3


@pytest.mark.usefixtures("in_time")
def test_the_loop_waits_for_an_inbox_that_went_away(inbox: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    def come_back() -> None:
        inbox.mkdir()
        put(inbox, "stop")

    def clean(chapter: Path, folder: Path) -> Exit:
        if chapter.name == "stop":
            raise KeyboardInterrupt
        shutil.rmtree(inbox)
        threading.Timer(0.5, come_back).start()
        return Exit.OK

    put(inbox, "ch1")
    assert watch(inbox, out, Config(), once=False, clean=clean, settle=0.05) is Exit.INTERRUPTED
    assert "waiting for it to come back" in caplog.text
