"""Where pages are worked on: in this process, or in a pool of processes; both are a concurrent.futures.Executor."""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Any, ParamSpec, TypeVar

from mangaclean.config import Config, RunConfig

PARENT, WORKER = 100, 700  # MB that the main process takes, and each one that cleans pages of usual size
LEAST_CORE = 192  # px: lettering of usual size stays whole in a tile

P = ParamSpec("P")
T = TypeVar("T")


class Here(Executor):
    """Runs each call at once, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def processes(run: RunConfig) -> int:
    """How many processes may clean pages: as many as was said, or as cores; fewer where memory is short."""
    wanted = run.workers or os.cpu_count() or 1
    return max(min(wanted, (run.max_memory - PARENT) // WORKER), 1) if run.max_memory else wanted


def bounded(config: Config) -> Config:
    """With tiles as small as the memory asks for: whole ones where a process may take `WORKER` MB, else less, in steps.

    Tiles are painted one after the other, so that no batch adds to that.
    """
    run = config.run
    share = (run.max_memory - PARENT) / processes(run) / WORKER if run.max_memory else 1.0
    core = max(int(config.inpaint.core * min(share, 1.0)) // 64 * 64, LEAST_CORE)
    if share >= 1 or core >= config.inpaint.core:
        return config
    return config.model_copy(update={"inpaint": config.inpaint.model_copy(update={"core": core})})


def count(workers: int, pages: int) -> int:
    """How many processes work on so many pages; 0 workers: one for each core."""
    return max(min(workers or os.cpu_count() or 1, pages), 1)


def make(workers: int, pages: int) -> Executor:
    """An executor for so many pages. The cores are shared out among the workers."""
    workers = count(workers, pages)
    if workers == 1:
        return Here()
    level = logging.getLogger().getEffectiveLevel()
    context = multiprocessing.get_context("spawn")  # forking a process that has threads is unsafe
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(_threads(workers), level))


def width(executor: Executor) -> int:
    """How many calls are kept in flight, so that no worker waits and memory stays bounded."""
    return 2 * _workers(executor) if isinstance(executor, ProcessPoolExecutor) else 1


def submit(executor: Executor, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Like the executor's own; where the pool is broken, the future says so."""
    try:
        if not isinstance(executor, ProcessPoolExecutor):
            return executor.submit(fn, *args, **kwargs)
        with _ctrl_c_held(), _products_on(_threads(_workers(executor))):
            return executor.submit(fn, *args, **kwargs)
    except BrokenProcessPool as error:
        future: Future[T] = Future()
        future.set_exception(error)
        return future


def _workers(executor: ProcessPoolExecutor) -> int:
    return int(executor._max_workers)  # type: ignore[attr-defined]


def _threads(workers: int) -> int:
    """The cores of this machine for each worker."""
    return max((os.cpu_count() or 1) // workers, 1)


@contextlib.contextmanager
def _products_on(threads: int) -> Iterator[None]:
    """A process started here multiplies matrices on so many threads: numpy's library looks at this when it is loaded,
    which is before a worker begins. On all cores in each worker they would wait for each other."""
    name = "OPENBLAS_NUM_THREADS"
    told = name not in os.environ
    if told:
        os.environ[name] = str(threads)
    try:
        yield
    finally:
        if told:
            del os.environ[name]


@contextlib.contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """A process started here never gets Ctrl-C, which is the parent's to handle: it inherits that from its start on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end(executor: Executor) -> None:
    """Stop at once: nothing more is started, and processes at work are ended."""
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()


def _begin(threads: int, level: int) -> None:
    """What a worker does first: share the cores, leave Ctrl-C to the parent, and end with it."""
    os.environ["MANGACLEAN_THREADS"] = str(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(threads)


def _end_with_parent() -> None:
    parent: Any = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # the parent was killed: nobody will take the result
