"""Jobs handed out to workers a few at a time, and what comes back; a page that kills its worker is found."""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool

from mangaclean import executors
from mangaclean.archives import PageFile
from mangaclean.errors import PageError
from mangaclean.state import Todo
from mangaclean.work import Done, Job, clean

Result = tuple[PageFile, Job | None, list[Done]]
DIED = "the worker process died, most likely for want of memory; try --workers 1"


def results(work: Mapping[PageFile, Todo], make: Callable[[PageFile, Todo], Job], workers: int) -> Generator[Result]:
    """Results as they come; close it to end the workers. Pages in flight when a worker dies are tried one by one."""
    queue = list(reversed(list(work.items())))
    flying: dict[Future[list[Done]], tuple[PageFile, Job]] = {}
    suspects: list[PageFile] = []
    executor: Executor | None = None
    try:
        while queue or flying or suspects:
            if suspects and not flying:
                if executor:
                    executors.end(executor)
                executor = None
                yield from _alone({page: work[page] for page in suspects}, make)
                suspects = []
            executor = executor or executors.make(workers, len(queue))
            while queue and len(flying) < executors.width(executor) and not suspects:
                page, todo = queue.pop()
                try:
                    job = make(page, todo)
                except PageError as error:  # it could be read a moment ago
                    yield page, None, [Done("segment", error=str(error))]
                    continue
                flying[executors.submit(executor, clean, job)] = page, job
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                page, job = flying.pop(future)
                try:
                    done = future.result()
                except BrokenProcessPool:
                    suspects.append(page)
                else:
                    yield page, job, done
    except BaseException:
        if executor:
            executors.end(executor)
        raise
    if executor:
        executor.shutdown()


def _alone(suspects: Mapping[PageFile, Todo], make: Callable[[PageFile, Todo], Job]) -> Generator[Result]:
    """One page, one process: the page that kills its worker is found, the others are not lost with it."""
    for page, todo in suspects.items():
        executor = executors.make(2, 2)
        try:
            job = make(page, todo)
            try:
                done = executors.submit(executor, clean, job).result()
            except BrokenProcessPool:
                done = [Done(stage, error=DIED) for stage in job.stages[:1]]
        except PageError as error:
            yield page, None, [Done("segment", error=str(error))]
        else:
            yield page, job, done
        finally:
            executors.end(executor)
