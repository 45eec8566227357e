"""About how long a run will take."""

from collections.abc import Sequence
from pathlib import Path

from mangaclean import executors, manifest
from mangaclean.archives import open_source
from mangaclean.config import Config
from mangaclean.errors import PageError
from mangaclean.state import Todo
from mangaclean.work import STAGES, Job, clean


def estimate(path: Path, out: Path, config: Config, todos: Sequence[Todo]) -> tuple[float, str]:
    """Seconds that so much work takes about, and how they were found: from earlier pages, else from a first one."""
    kept = manifest.load(out)
    spent: dict[str, list[float]] = {}
    for stages in kept.pages.values():
        for stage, record in stages.items():
            if record.made:
                spent.setdefault(stage, []).append(record.seconds)
    how = "from earlier pages"
    wanted = {stage for todo in todos for stage in todo.stages}
    if wanted - set(spent):
        how = "measured on the first page"
        with open_source(path, config.input) as source:
            page = source.pages[0]
            try:
                job = Job(page.name, page.stem, page.read(), STAGES, config)
            except PageError:
                return 0.0, "the first page cannot be read"
            clean(job)  # loads the engines
            spent |= {done.stage: [done.seconds] for done in clean(job)}
    means = {stage: sum(seconds) / len(seconds) for stage, seconds in spent.items()}
    total = sum(means.get(stage, 0.0) for todo in todos for stage in todo.stages)
    return total / executors.count(executors.processes(config.run), len(todos)), how
