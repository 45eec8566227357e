"""What is installed, which engines work, and how fast this machine is."""

import json
import time
from collections.abc import Mapping

from mangaclean.config import Config
from mangaclean.errors import Exit


def doctor(*, as_json: bool) -> int:
    """Tell what is installed, which engines work and how fast this machine is."""
    import os
    import platform
    from importlib import metadata

    from mangaclean import __version__, engines

    packages = {}
    for package in (
        "numpy",
        "opencv-python-headless",
        "pillow",
        "onnxruntime",
        "openvino",
        "rapidocr",
        "pypatchmatch",
        "manga-ocr",
    ):
        try:
            packages[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            packages[package] = "not installed"
    works = {
        f"{stage}.{name}": engines.available(stage, name) or "works"
        for stage in engines.ENGINES
        for name in engines.names(stage)
    }
    usable = all(any(works[f"{s}.{n}"] == "works" for n in engines.names(s)) for s in engines.ENGINES)
    speed = _speed() if usable else {}
    networks = _weights()
    facts = {
        "mangaclean": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "packages": packages,
        "engines": works,
        "weights": networks,
        "seconds_a_page": speed,
    }
    if as_json:
        print(json.dumps(facts))
    else:
        print(f"mangaclean {__version__}, Python {facts['python']}, {facts['system']}, {facts['cores']} cores")
        tables: dict[str, Mapping[str, object]] = {
            "packages": packages,
            "engines": works,
            "weights": networks,
            "seconds a page, one worker": speed,
        }
        for title, table in tables.items():
            print(f"\n{title}")
            for name, value in table.items():
                print(f"  {name:28} {value}")
    return int(Exit.OK if usable else Exit.MISSING)


def _weights() -> dict[str, str]:
    """The networks that are shipped: sound or not, and what runs them here."""
    from mangaclean.engines import weights
    from mangaclean.errors import MissingError

    found = {}
    for name in weights.SHIPPED:
        try:
            weights.read(weights.find(name=name))
            found[name] = f"sound, run by {weights.runtime()}"
        except MissingError as error:
            found[name] = str(error)
    return found


def _speed() -> dict[str, float]:
    """Seconds for each stage of a drawn page of usual size, engines loaded."""
    from mangaclean.probe import page
    from mangaclean.work import Job, clean

    job = Job("probe.png", "probe", page(), ("segment", "inpaint", "ocr"), Config())
    clean(job)  # loads the engines
    began = time.perf_counter()
    speed = {done.stage: done.seconds for done in clean(job)}
    return speed | {"all": round(time.perf_counter() - began, 2)}
