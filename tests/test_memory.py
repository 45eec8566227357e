"""What networks keep in memory from page to page, and what they need not compute."""

import subprocess
import sys

import numpy as np
import pytest

from mangaclean import memory
from mangaclean.engines import onnx

SHRINKS = "memory.enable_memory_arena_shrinkage"


class Session:
    """Stands for one of ONNX Runtime, and keeps the options of its last run."""

    def run(self, outputs, given, options):
        self.options = options
        return [given["image"] * 2, given["image"]]


@pytest.fixture(autouse=True)
def usual():
    yield
    memory.begin(np.zeros((1, 1, 3), np.uint8))


@pytest.mark.parametrize(("high", "given_back"), [(1600, False), (4000, True)])
def test_networks_keep_their_memory_but_while_a_large_page_is_worked_on(high, given_back):
    memory.begin(np.broadcast_to(np.uint8(0), (high, 3000, 3)))
    session = Session()
    made = onnx.answer(session, {"image": np.ones((1, 2), np.float32)})
    assert made.tolist() == [[2, 2]]
    if given_back:
        assert session.options.get_run_config_entry(SHRINKS) == "cpu:0"
    else:
        with pytest.raises(RuntimeError):
            session.options.get_run_config_entry(SHRINKS)


def test_network_answers_the_same_on_large_pages():
    from mangaclean.engines import weights

    net = onnx.network(weights.read(weights.find(None)))
    image = np.random.default_rng(0).random((1, 3, 64, 96), np.float32)
    usual = net(image)
    memory.begin(np.broadcast_to(np.uint8(0), (9000, 6000, 3)))
    np.testing.assert_array_equal(net(image), usual)


def test_sessions_are_told_to_take_subnormal_numbers_for_nothing():
    from mangaclean.engines import weights

    options = onnx.session(weights.read(weights.find(None))).get_session_options()
    assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_page_gives_memory_back_at_once():
    # In a process of its own: what other tests left free on the heap would be taken first, and stay there.
    done = subprocess.run([sys.executable, "-c", HOLDING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    held, left = map(int, done.stdout.split())
    assert held > 100 << 20
    assert left < 20 << 20


HOLDING = """
import mmap
from pathlib import Path
import numpy as np
from mangaclean import memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

np.ones(24 << 20, np.uint8)  # glibc takes what is smaller from the heap from now on
memory.begin(np.broadcast_to(np.uint8(0), (9000, 6000, 3)))
before = held()
masks = [np.ones((8 << 20), np.uint8) for _ in range(16)]
fence = np.ones(1 << 10, np.uint8)  # what lies above keeps a heap from shrinking
most = held() - before
del masks
print(most, held() - before)
"""
