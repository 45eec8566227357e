"""Jobs handed out to workers a few at a time, and what comes back; a page that kills its worker is found."""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, NamedTuple, TypeVar

from mangaclean import executors
from mangaclean.errors import PageError
from mangaclean.work import Done

Page = TypeVar("Page")
Todo = TypeVar("Todo")
Job = TypeVar("Job")


class Result(NamedTuple, Generic[Page, Job]):
    """What came of a page: its job, None if there was none to be had, and what its stages made."""

    page: Page
    job: Job | None
    done: list[Done]


DIED = "the worker process died, most likely for want of memory; try --workers 1"


def results(
    work: Mapping[Page, Todo],
    make: Callable[[Page, Todo], Job],
    do: Callable[[Job], list[Done]],
    stages: Callable[[Todo], tuple[str, ...]],
    workers: int,
) -> Generator[Result[Page, Job]]:
    """Results as they come; close it to end the workers. Pages in flight when a worker dies are tried one by one.

    `make` gives a page's job for `do`, which goes through the `stages` of what is to be done.
    """
    queue = list(reversed(list(work.items())))
    flying: dict[Future[list[Done]], tuple[Page, Job]] = {}
    suspects: list[Page] = []
    executor: Executor | None = None
    try:
        while queue or flying or suspects:
            if suspects and not flying:
                if executor:
                    executors.end(executor)
                executor = None
                yield from _alone({page: work[page] for page in suspects}, make, do, stages)
                suspects = []
            executor = executor or executors.make(workers, len(queue))
            while queue and len(flying) < executors.width(executor) and not suspects:
                page, todo = queue.pop()
                try:
                    job = make(page, todo)
                except PageError as error:  # it could be read a moment ago
                    yield Result(page, None, [Done(stages(todo)[0], error=str(error))])
                    continue
                flying[executors.submit(executor, do, job)] = page, job
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                page, job = flying.pop(future)
                try:
                    done = future.result()
                except BrokenProcessPool:
                    suspects.append(page)
                else:
                    yield Result(page, job, done)
    except BaseException:
        if executor:
            executors.end(executor)
        raise
    if executor:
        executor.shutdown()


def _alone(
    suspects: Mapping[Page, Todo],
    make: Callable[[Page, Todo], Job],
    do: Callable[[Job], list[Done]],
    stages: Callable[[Todo], tuple[str, ...]],
) -> Generator[Result[Page, Job]]:
    """One page, one process: the page that kills its worker is found, the others are not lost with it."""
    for page, todo in suspects.items():
        executor = executors.make(2, 2)
        try:
            job = make(page, todo)
            try:
                done = executors.submit(executor, do, job).result()
            except BrokenProcessPool:
                done = [Done(stages(todo)[0], error=DIED)]
        except PageError as error:
            yield Result(page, None, [Done(stages(todo)[0], error=str(error))])
        else:
            yield Result(page, job, done)
        finally:
            executors.end(executor)
