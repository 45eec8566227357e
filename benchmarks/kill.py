"""Kill runs at random moments, let them go on, and compare the end with that of an undisturbed run.

    python benchmarks/kill.py CHAPTER [--times 100]

Every second round begins where a run with other settings ended, so that older results are being replaced when the
kill comes. Compared byte for byte is all that a run leaves; of manifest.json, all but seconds.
"""

import argparse
import contextlib
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

OTHER = ("--set", "output.format=webp", "--clean", "sfx,other", "--set", "segment.direction=ltr")


def run(command: Sequence[str], seconds: float | None = None) -> float | None:
    """Seconds that a command took; None where it was killed, with all its children, after so many `seconds`."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
    if process.returncode:
        sys.exit(f"{shlex.join(command)}\nended with {process.returncode}: {errors}")
    return time.monotonic() - began


def left(out: Path) -> dict[str, bytes]:
    """What a run left: name → bytes."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {name: _plain(path) for name, path in files.items() if name != ".lock"}


def _plain(path: Path) -> bytes:
    if path.name != "manifest.json":
        return path.read_bytes()
    data = json.loads(path.read_bytes())
    for stages in data["pages"].values():
        for record in stages.values():
            record.pop("seconds", None)
    return json.dumps(data, sort_keys=True).encode()


def differing(a: dict[str, bytes], b: dict[str, bytes]) -> list[str]:
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapter", type=Path)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--export", default="cbz,pdf")
    parser.add_argument("--command", default=shlex.join([sys.executable, "-m", "mangaclean"]), help="what is killed")
    given = parser.parse_args()
    program = [*shlex.split(given.command), "chapter", str(given.chapter), "--export", given.export]
    chance = random.Random(given.seed)
    wrong = reached = 0
    with tempfile.TemporaryDirectory() as folder:
        out, other = Path(folder, "out"), Path(folder, "other")
        command = [*program, "--out", str(out)]
        begins: list[Path | None] = [None, other]
        run([*program, *OTHER, "--out", str(other)])
        wanted, durations = [], []
        for begin in begins:
            _start(out, begin)
            durations.append(run(command) or 0.0)
            wanted.append(left(out))
        print(f"undisturbed: {durations[0]:.1f} s from nothing, {durations[1]:.1f} s over other settings", flush=True)
        for number in range(1, given.times + 1):
            kind = number % 2
            _start(out, begins[kind])
            moment = chance.uniform(0, durations[kind])
            killed = run(command, moment) is None
            reached += killed
            run(command)
            found = differing(left(out), wanted[kind])
            wrong += bool(found)
            how = f"killed after {moment:.2f} s" if killed else "had ended"
            print(f"{number}: {how}: {', '.join(found) or 'the same'}", flush=True)
    print(f"{given.times} rounds, {reached} killed, {wrong} ended otherwise than undisturbed")
    sys.exit(wrong > 0)


def _start(out: Path, begin: Path | None) -> None:
    shutil.rmtree(out, ignore_errors=True)
    if begin:
        shutil.copytree(begin, out)


if __name__ == "__main__":
    main()
