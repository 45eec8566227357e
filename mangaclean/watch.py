"""The watch folder: which chapters have stopped changing, and the loop that has each of them cleaned once."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mangaclean import inbox as inboxes
from mangaclean.config import Config
from mangaclean.errors import Exit, InputError, MangacleanError, OutputError, UsageError
from mangaclean.files import natural_order
from mangaclean.inbox import Snapshot
from mangaclean.watchstate import LOCK, Chapter, Sighting, State, destination, load, retry_at, save

logger = logging.getLogger(__name__)

TICK = 5.0  # seconds at most between two looks while something is waited for
RESCAN = 60.0  # seconds between two looks when all is quiet: network drives lose events
POLL_MS = 5000

Clean = Callable[[Path, Path], Exit]


@dataclass(frozen=True, slots=True)
class Job:
    """One watcher: from where, to where, with which settings, by what."""

    inbox: Path
    out: Path
    settings: str
    clean: Clean
    state: State


def settled(
    before: Mapping[str, Sighting], after: Mapping[str, Snapshot], now: float, settle: float
) -> tuple[str, ...]:
    """Names of the chapters in `after` that have not changed for `settle` seconds.

    One that nobody touched for so long by its files' times is settled at first sight, unless it was seen different a
    moment ago. One with times in the future (clocks differ) is settled once it was seen unchanged for so long.
    """
    names = []
    for name, snapshot in after.items():
        seen, old = before.get(name), snapshot.changed <= now - settle
        if seen is None or (seen.signature != snapshot.signature and now - seen.last >= settle):
            still = old
        else:
            still = seen.signature == snapshot.signature and (old or now - seen.since >= settle)
        if still:
            names.append(name)
    return tuple(names)


def sighted(before: Mapping[str, Sighting], after: Mapping[str, Snapshot], now: float) -> dict[str, Sighting]:
    """`before` brought up to date with what is seen now."""
    sightings = {}
    for name, snapshot in after.items():
        seen = before.get(name)
        since = seen.since if seen and seen.signature == snapshot.signature else now
        sightings[name] = Sighting(signature=snapshot.signature, since=since, last=now)
    return sightings


def watch(
    inbox: Path,
    out: Path,
    config: Config,
    *,
    once: bool,
    clean: Clean,
    settle: float = 10.0,
    poll: bool | None = None,
) -> Exit:
    """Have each chapter in `inbox` cleaned into a folder of `out` when it has not changed for `settle` seconds.

    `clean(chapter, folder)` does the work. With `once`, what is settled now is done and the call returns; otherwise it
    goes on until Ctrl-C. `poll` looks at files instead of waiting for events (None: the environment decides).
    """
    inbox, out = inbox.resolve(), out.resolve()
    if not inbox.is_dir():
        raise InputError(f"{inbox} is not a folder; make it, or name the folder that chapters are put into")
    if inbox == out or inbox in out.parents or out in inbox.parents:
        raise UsageError(f"the watch folder {inbox} and the output folder {out} must not contain each other")
    settings = hashlib.sha256(config.model_dump_json(exclude={"run"}).encode()).hexdigest()
    with _locked(out):
        job = Job(inbox, out, settings, clean, load(out))
        try:
            return _once(job, settle) if once else _forever(job, settle, poll)
        except KeyboardInterrupt:
            logger.info("stopped; the next start goes on from here")
            return Exit.INTERRUPTED


def _once(job: Job, settle: float) -> Exit:
    before, now = job.state.waiting, time.time()
    after = inboxes.look(job.inbox)
    ready = settled(before, after, now, settle)
    waiting = {name: seen for name, seen in sighted(before, after, now).items() if name not in ready}
    if waiting != before:
        job.state.waiting = waiting
        save(job.out, job.state)
    _tell_strays(job.inbox, set())
    return Exit.OK if _work(job, {name: after[name] for name in ready}) else Exit.SOME_FAILED


def _forever(job: Job, settle: float, poll: bool | None) -> Exit:
    sightings: dict[str, Sighting] = {}
    told: set[str] = set()
    look_at = 0.0
    logger.info("watching %s", job.inbox)
    for woken in _wakes(job.inbox, min(max(settle / 2, 0.05), TICK), poll):
        now = time.time()
        if not woken and now < look_at:
            continue
        try:
            after = inboxes.look(job.inbox)
            _tell_strays(job.inbox, told)
        except OSError as error:
            logger.warning("cannot look into %s: %s; trying again", job.inbox, error.strerror)
            continue
        ready = settled(sightings, after, now, settle)
        sightings = sighted(sightings, after, now)
        _work(job, {name: after[name] for name in ready})
        retries = [
            at for name in ready if (chapter := job.state.chapters.get(name)) and (at := retry_at(chapter)) is not None
        ]
        look_at = now if len(ready) < len(after) else min([now + RESCAN, *retries])
    return Exit.OK


def _wakes(inbox: Path, tick: float, poll: bool | None) -> Iterator[bool]:
    """True at the start and when something changed in `inbox`, False after `tick` seconds of quiet."""
    import watchfiles

    yield True
    while True:
        started = True  # what changed between the first look and the start of watching
        try:
            for changes in watchfiles.watch(
                inbox,
                watch_filter=None,
                rust_timeout=max(int(tick * 1000), 1),
                yield_on_timeout=True,
                force_polling=poll,
                poll_delay_ms=POLL_MS,
                ignore_permission_denied=True,
            ):
                if not inbox.is_dir():
                    break
                yield started or bool(changes)
                started = False
        except OSError as error:
            if inbox.is_dir():
                logger.warning("no events from %s (%s): looking every few seconds instead", inbox, error)
                poll = True
                time.sleep(tick)
        if not inbox.is_dir():
            logger.warning("%s is not there; waiting for it to come back", inbox)
        while not inbox.is_dir():
            time.sleep(tick)


def _work(job: Job, ready: Mapping[str, Snapshot]) -> bool:
    """Clean the settled chapters that want it; False if one failed."""
    well = True
    for name in natural_order(ready):
        chapter, source = job.state.chapters.get(name), job.inbox / name
        try:
            if inboxes.snapshot(source).signature != ready[name].signature:
                continue  # it changed while others were cleaned
            planned = _planned(job, name, ready[name], chapter)
        except OSError as error:
            logger.warning("%s cannot be read: %s", source, error)
            well = False
            continue
        if planned is not None:
            well = _attempt(job, name, chapter, planned) is Exit.OK and well
    return well


def _planned(job: Job, name: str, snapshot: Snapshot, chapter: Chapter | None) -> Chapter | None:
    """The chapter's entry for an attempt that is to be made now, or None if there is nothing to do."""
    if chapter is None:
        out = destination(name, job.state.chapters)
        digest = inboxes.content(job.inbox / name)
        return Chapter(out=out, signature=snapshot.signature, content=digest, settings=job.settings)
    if chapter.signature == snapshot.signature and chapter.settings == job.settings:
        at = retry_at(chapter)
        return None if at is None or at > time.time() else chapter
    digest = inboxes.content(job.inbox / name)
    renewed = chapter.model_copy(update={"signature": snapshot.signature, "content": digest, "settings": job.settings})
    if chapter.result is Exit.OK and chapter.content == digest and chapter.settings == job.settings:
        job.state.chapters[name] = renewed  # copied or touched, but still the same
        save(job.out, job.state)
        return None
    return renewed.model_copy(update={"attempts": 0})


def _attempt(job: Job, name: str, before: Chapter | None, chapter: Chapter) -> Exit:
    # Counted before it starts, so that a chapter that kills the program is not tried for ever.
    chapter = chapter.model_copy(update={"attempts": chapter.attempts + 1, "result": None, "time": time.time()})
    job.state.chapters[name] = chapter
    save(job.out, job.state)
    logger.info("%s: start", name)
    code = _run(job, name, chapter.out)
    if code is Exit.INTERRUPTED:
        del job.state.chapters[name]
        job.state.chapters.update({name: before} if before else {})
        save(job.out, job.state)
        raise KeyboardInterrupt
    job.state.chapters[name] = chapter.model_copy(update={"result": code, "time": time.time()})
    save(job.out, job.state)
    if code is Exit.OK:
        logger.info("%s: done, %s", name, job.out / chapter.out)
    else:
        again = retry_at(job.state.chapters[name])
        then = f"again in {(again - time.time()) / 60:.0f} min" if again else "given up until it changes or is touched"
        logger.warning("%s: failed with exit code %d; %s", name, code, then)
    return code


def _run(job: Job, name: str, out: str) -> Exit:
    try:
        return Exit(job.clean(job.inbox / name, job.out / out))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except MangacleanError as error:
        logger.error("%s: %s", name, error)  # noqa: TRY400  # its message says all
        return error.code
    except Exception:
        logger.exception("%s: an error of the program", name)
        return Exit.BUG


def _tell_strays(inbox: Path, told: set[str]) -> None:
    for name, reason in inboxes.strays(inbox).items():
        if name not in told:
            told.add(name)
            logger.warning("%s is not taken: it %s", inbox / name, reason)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(out / LOCK, timeout=0)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise OutputError(f"another watcher works on {out}; stop it, or give another --out") from None
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror}; give another --out") from None
    try:
        yield
    finally:
        lock.release()
