"""Workers: errors come back from them, deaths cost one page, and none outlives the run."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from mangaclean import errors, executors
from mangaclean.config import Config, InpaintConfig, RunConfig
from mangaclean.errors import Exit, MissingError
from tests import toned

ROOT = Path(__file__).parent.parent


def start(*words, **options):
    """mangaclean with the engines of `toned`, in its workers too."""
    command = [sys.executable, "-m", "tests.toned", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **pipes, **options)


def finished(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def raising(code):
    raise MissingError(f"weights are missing: {code}")


def test_the_cores_are_shared_out(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert [executors.count(0, 3), executors.count(0, 20), executors.count(5, 20), executors.count(4, 0)] == [
        3,
        8,
        5,
        1,
    ]


@pytest.mark.parametrize(("workers", "pages"), [(1, 9), (9, 1)])
def test_one_worker_is_this_process(workers, pages):
    executor = executors.make(workers, pages)
    assert executor.submit(os.getpid).result() == os.getpid()
    with pytest.raises(MissingError, match="missing: 5"):
        executor.submit(raising, 5).result()
    with pytest.raises(KeyboardInterrupt):
        executor.submit(_interrupted)


def _interrupted():
    raise KeyboardInterrupt


def test_a_pool_hands_back_errors_and_tells_of_deaths():
    executor = executors.make(2, 2)
    assert isinstance(executor, ProcessPoolExecutor)
    assert executors.width(executor) == 4
    try:
        assert executors.submit(executor, os.getpid).result() != os.getpid()
        with pytest.raises(MissingError, match="missing: 5"):
            executors.submit(executor, raising, 5).result()
        for _ in range(2):  # the second finds the pool broken already
            with pytest.raises(Exception, match="terminated abruptly"):
                executors.submit(executor, os._exit, 9).result()
    finally:
        executors.end(executor)


@pytest.mark.parametrize(("told", "here"), [(None, "3"), ("7", "7")])
def test_workers_share_the_cores_for_products_of_matrices_too(monkeypatch, told, here):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if told:  # by who started the run
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", told)
    executor = executors.make(2, 2)
    try:
        assert executors.submit(executor, os.getenv, "OPENBLAS_NUM_THREADS").result() == here
    finally:
        executors.end(executor)
    assert os.environ.get("OPENBLAS_NUM_THREADS") == told


def test_ending_a_pool_ends_its_processes():
    executor = executors.make(2, 2)
    future = executors.submit(executor, time.sleep, 60)
    pids = list(executor._processes)
    assert pids
    executors.end(executor)
    with pytest.raises(Exception, match="terminated abruptly"):
        future.result(timeout=30)
    assert gone(pids)


def gone(pids, seconds=30):
    """Whether processes end; zombies have ended."""

    def runs(pid):
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    for _ in range(seconds * 10):
        if not any(map(runs, pids)):
            return True
        time.sleep(0.1)
    return False


def test_gone_sees_who_is_there():
    assert not gone([os.getpid()], seconds=1)


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_the_way_from_a_worker(kind):
    error = pickle.loads(pickle.dumps(kind("what, where, what to do")))
    assert (type(error), str(error)) == (kind, "what, where, what to do")


@pytest.mark.parametrize(
    ("tone", "code", "words"),
    [
        (toned.BROKEN, Exit.SOME_FAILED, "failed: 002.png: segment: no luck"),
        (toned.DEADLY, Exit.SOME_FAILED, "failed: 002.png: segment: the worker process died"),
        (toned.STOPPING, Exit.MISSING, "mangaclean: weights of fake are missing; put them there"),
    ],
)
def test_what_happens_in_a_worker_is_told(tmp_path, tone, code, words):
    for number in (1, 2, 3):
        toned.draw(tmp_path / f"ch/{number:03}.png", tone if number == 2 else toned.FINE)
    ended, out, err = finished(start("chapter", tmp_path / "ch", "--workers", 2))
    assert ended == code, err
    assert words in out + err
    assert "Traceback" not in out + err
    if code == Exit.SOME_FAILED:
        assert sorted(path.name for path in (tmp_path / "ch-cleaned/cleaned").iterdir()) == ["001.png", "003.png"]


def started(process, folder):
    """The workers of a run that works on slow pages, once it has them."""
    for _ in range(600):
        workers = [
            child.pid for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        if len(workers) == 2 and (folder / "manifest.json").exists():
            return workers
        time.sleep(0.1)
    raise AssertionError("no workers came up")


@pytest.mark.parametrize("sign", ["SIGINT", "SIGKILL"])
def test_no_worker_outlives_the_run(tmp_path, sign):
    toned.draw(tmp_path / "ch/001.png")
    for number in (2, 3):
        toned.draw(tmp_path / f"ch/{number:03}.png", toned.SLOW)
    # What a shell starts in the background ignores Ctrl-C, and so would what these tests start there.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = start("chapter", tmp_path / "ch", "--workers", 2, start_new_session=True, preexec_fn=heeding)
    workers = started(process, tmp_path / "ch-cleaned")
    if sign == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    else:
        process.kill()
    code, _, err = finished(process)
    assert gone(workers)
    if sign == "SIGINT":
        assert (code, err) == (Exit.INTERRUPTED, "mangaclean: stopped; the same command goes on from here\n")
    assert (tmp_path / "ch-cleaned/cleaned/001.png").is_file()
    toned.draw(tmp_path / "ch/002.png")
    toned.draw(tmp_path / "ch/003.png")
    code, out, err = finished(start("chapter", tmp_path / "ch", "--workers", 1))
    assert code == 0, err
    assert "2 pages done, 1 up to date" in out


def test_kills_do_not_show_in_what_is_left(tmp_path):
    for number in (1, 2):
        toned.draw(tmp_path / f"ch/{number:03}.png", mark=number)
    words = ["benchmarks/kill.py", tmp_path / "ch", "--times", 3, "--command", f"{sys.executable} -m tests.toned"]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("3 rounds, ")
    assert done.stdout.count(": the same") == 3


def test_kill_sees_a_difference(tmp_path):
    """A run that leaves something else each time does not pass."""
    (tmp_path / "ch").mkdir()
    program = tmp_path / "dice.py"
    program.write_text(
        "import pathlib, sys, time\nout = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])\n"
        "out.mkdir(exist_ok=True)\n(out / 'a').write_text(str(time.time_ns()))\n"
    )
    words = ["benchmarks/kill.py", tmp_path / "ch", "--times", 1, "--command", f"{sys.executable} {program}"]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1].endswith("1 ended otherwise than undisturbed")


@pytest.mark.parametrize(("workers", "memory", "expected"), [(4, 0, 4), (4, 2300, 3), (2, 2300, 2), (4, 50, 1)])
def test_memory_bounds_the_processes(workers: int, memory: int, expected: int) -> None:
    assert executors.processes(RunConfig(workers=workers, max_memory=memory)) == expected


@pytest.mark.parametrize(("memory", "core"), [(0, 512), (1500, 512), (800, 512), (600, 320), (300, 192), (1, 192)])
def test_tiles_are_as_small_as_the_memory_asks_for(memory: int, core: int) -> None:
    config = Config(run=RunConfig(workers=2, max_memory=memory))
    assert executors.bounded(config).inpaint.core == core
    small = config.model_copy(update={"inpaint": InpaintConfig(core=128)})
    assert executors.bounded(small).inpaint.core == 128
