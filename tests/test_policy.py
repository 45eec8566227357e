"""policy.toml: what it keeps and cleans, on which pages, what wins over it, and what it says of mistakes."""

import numpy as np
import pytest
from PIL import Image

from mangaclean import policy
from mangaclean.config import resolve
from mangaclean.errors import UsageError
from tests import test_run
from tests.test_run import edit_text, run

pages = test_run.pages
_fakes = test_run._fakes


def erased(out):
    return [bool(np.array(Image.open(out / f"masks/00{n}.png")).any()) for n in (1, 2, 3)]


def test_a_policy_in_the_chapter_concerns_its_pages_and_only_they_are_done_again(pages):
    _, out = run(pages)
    assert erased(out) == [True, True, True]
    (pages / "policy.toml").write_text('[[pages]]\nnumbers = "2"\nkeep = ["speech"]\n')
    report, _ = run(pages)
    assert (report.done, erased(out)) == (1, [True, False, True])
    assert run(pages)[0].done == 0
    (pages / "policy.toml").write_text('keep = ["speech"]\n[[pages]]\nnames = "*3.png"\nclean = ["speech"]\n')
    assert (run(pages)[0].done, erased(out)) == (1, [False, False, True])
    (pages / "policy.toml").unlink()
    run(pages)
    assert erased(out) == [True, True, True]


def test_a_policy_beside_the_chapter_and_one_that_is_named(pages):
    (pages.parent / "policy.toml").write_text('keep = ["speech"]')
    _, out = run(pages)
    assert erased(out) == [False, False, False]
    (pages.parent / "other.toml").write_text('[[pages]]\nnames = "001*"\nkeep = ["speech"]')
    run(pages, f"input.policy={pages.parent / 'other.toml'}")
    assert erased(out) == [False, True, True]


def test_the_command_line_wins_over_a_policy_and_that_over_a_workflow(tmp_path):
    given = policy.Policy(keep=("speech", "caption"), clean=("sfx",))
    flow = tmp_path / "flow.toml"
    flow.write_text('[segment]\nkeep = ["sfx", "thought"]')
    assert given.kept(resolve(flow), "1", 1) == ("speech", "thought", "caption")
    assert given.kept(resolve(flow, keep=["sfx"], clean=["caption"]), "1", 1) == ("speech", "thought", "sfx")
    assert given.kept(resolve(flow, ["segment.keep=other"]), "1", 1) == ("other",)


def test_an_action_in_text_json_wins_over_a_policy(pages):
    (pages / "policy.toml").write_text('keep = ["speech"]')
    _, out = run(pages)
    edit_text(out, action="fill")
    run(pages)
    assert erased(out) == [True, False, False]


def test_a_rule_that_matches_no_page_is_told(pages):
    (pages / "policy.toml").write_text('[[pages]]\nnames = "cover*"\nkeep = ["speech"]')
    assert any("rule 1 (cover*) matches no page" in note for note in run(pages)[0].notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('keep = ["sfxx"]', "keep: unknown kind of lettering: 'sfxx'; did you mean 'sfx'?"),
        ('keep = "sfx"', "keep: write a list of kinds"),
        ('keeps = ["sfx"]', "unknown setting: 'keeps'; did you mean 'keep'? (keeps)"),
        ('keep = ["sfx"]\nclean = ["sfx"]', "'sfx' is both kept and cleaned"),
        ('[[pages]]\nkeep = ["sfx"]', "pages, rule 1: say which pages"),
        ('[[pages]]\nnumbers = "x"', "pages, rule 1, numbers: numbers = 'x': 'x' is no page or range"),
        ('[[pages]]\nname = "1"', "unknown setting: 'name'; did you mean 'names'? (pages, rule 1, name)"),
        ("keep = [", "is not a TOML file"),
    ],
)
def test_mistakes_in_a_policy_are_told(tmp_path, text, said):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        policy.load(tmp_path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_a_policy_that_is_named_must_be_there(tmp_path):
    with pytest.raises(UsageError, match="cannot read the policy"):
        policy.load(tmp_path, str(tmp_path / "none.toml"))
