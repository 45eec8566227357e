"""Settings: layers over layers, messages that help, and TOML that reads back."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mangaclean.config import Config, keep_clean, origins, resolve, to_toml
from mangaclean.errors import Exit, UsageError


def test_nothing_given_is_the_defaults() -> None:
    assert resolve() == Config()
    assert set(origins().values()) == {"default"}


def test_later_layers_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[inpaint]\nengine = "telea"\ncore = 256\nflat = 4\n', encoding="utf-8")
    sets = ["inpaint.core=128", "inpaint.core=640"]
    config = resolve(file, sets, inpaint={"context": 8})
    assert config.inpaint.model_dump(exclude={"weights"}) == {
        "engine": "telea",
        "flat": 4.0,
        "lines": True,
        "core": 640,
        "context": 8,
    }
    assert config.segment == Config().segment
    found = origins(file, sets, inpaint={"context": 8})
    assert found["inpaint.engine"] == f"workflow {file}"
    assert found["inpaint.core"] == "--set"
    assert found["inpaint.context"] == "options"
    assert found["ocr.engine"] == "default"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[ocr]\nlanguage = "ko"\n', encoding="utf-8-sig")
    assert resolve(str(file)).ocr.language == "ko"


def test_a_folder_named_like_a_workflow_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "western").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("western").segment.direction == "ltr"


@pytest.mark.parametrize(
    ("text", "table", "name", "value"),
    [
        ("segment.keep=sfx, other", "segment", "keep", ("sfx", "other")),
        ("segment.keep=other,sfx,sfx", "segment", "keep", ("sfx", "other")),
        ("segment.keep=", "segment", "keep", ()),
        ("inpaint.flat=7", "inpaint", "flat", 7.0),
        ("inpaint.core=640", "inpaint", "core", 640),
        ("ocr.weights=a=b,c", "ocr", "weights", "a=b,c"),
        ("ocr.language=12", "ocr", "language", "12"),
        (" output.format = webp", "output", "format", "webp"),
    ],
)
def test_set_has_the_type_of_the_setting(text: str, table: str, name: str, value: object) -> None:
    got = getattr(getattr(resolve(None, [text]), table), name)
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(("table", "name"), [(t, n) for t, model in Config() for n in type(model).model_fields])
def test_every_setting_can_be_set_from_the_command_line(table: str, name: str) -> None:
    value = getattr(getattr(Config(), table), name)
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    assert resolve(None, [f"{table}.{name}={text}"]).model_dump() == Config().model_dump()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["inpaint.contxt=3"], ["unknown setting in [inpaint]: 'contxt'; did you mean 'context'?"]),
        (["ipaint.core=3"], ["unknown table: 'ipaint'; did you mean 'inpaint'?"]),
        (["segment.qqqqq=3"], ["'qqqqq'; there are ", "direction"]),
        (["segment.direction=lrt"], ["[segment]: direction = 'lrt' (--set)", "'auto', 'rtl', 'ltr' or 'ttb'"]),
        (["inpaint.core=3"], ["[inpaint]: core = 3 (--set)", "64"]),
        (["inpaint.core=many"], ["core = 'many'", "integer"]),
        (["segment.keep=sfx,noise"], ["keep = 'noise'", "'thought'"]),
        (["inpaint.core=3", "run.workers=-1"], ["[inpaint]: core", "[run]: workers"]),
        (["segment"], ["stage.name=value"]),
        (["engine=x"], ["stage.name=value"]),
    ],
)
def test_a_wrong_set_says_what_is_right(sets: list[str], words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(None, sets)
    assert caught.value.code is Exit.USAGE
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[segment\n", ["mine.toml", "not a TOML file"]),
        ('engine = "telea"\n', ["mine.toml", "'engine' stands outside a table"]),
        ("[segment]\ntreshold = 1\n", ["unknown setting in [segment]: 'treshold'", "mine.toml"]),
        ("[segmet]\n", ["'segmet'; did you mean 'segment'?", "mine.toml"]),
        ("[inpaint]\ncore = true\n", ["core = True", "mine.toml", "integer"]),
        ('[inpaint]\ncore = "512"\n', ["core = '512'", "integer"]),
        ('[segment]\nkeep = "sfx"\n', ["keep = 'sfx'", "list"]),
        ("[workflow]\nname = 'x'\n", ["[workflow]", "'name'"]),
        ("workflow = 3\n", ["[workflow]"]),
    ],
)
def test_a_wrong_workflow_file_is_named(tmp_path: Path, toml: str, words: list[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        resolve(file)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_workflow_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        resolve(file)


def test_an_unknown_workflow_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="'mnaga'; did you mean 'manga'"):
        resolve("mnaga")
    with pytest.raises(UsageError, match=r"nowhere\.toml.*shipped: .*manga"):
        resolve("nowhere.toml")


def test_wrong_options_of_the_program_are_usage_errors() -> None:
    with pytest.raises(UsageError, match=r"\[run\]: workers = -1 \(options\)"):
        resolve(run={"workers": -1})


def test_keep_and_clean_change_what_stays() -> None:
    assert keep_clean(Config(), clean=["sfx"]).segment.keep == ("other",)
    assert keep_clean(Config(), keep=["caption,speech"]).segment.keep == ("speech", "caption", "sfx", "other")
    assert resolve("clean-all", keep=["sfx"]).segment.keep == ("sfx",)
    assert origins("clean-all", keep=["sfx"])["segment.keep"] == "--keep, --clean"
    assert keep_clean(Config()) == Config()
    with pytest.raises(UsageError, match="'sxf'; did you mean 'sfx'"):
        keep_clean(Config(), keep=["sxf"])
    with pytest.raises(UsageError, match="both"):
        keep_clean(Config(), keep=["sfx"], clean=["sfx"])


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CONFIGS = st.fixed_dictionaries(
    {
        "segment": st.fixed_dictionaries(
            {
                "engine": TEXT,
                "keep": st.lists(st.sampled_from(["speech", "sfx", "other", "caption"])).map(tuple),
                "direction": st.sampled_from(["auto", "rtl", "ltr", "ttb"]),
            }
        ),
        "inpaint": st.fixed_dictionaries({"flat": st.floats(min_value=0, allow_nan=False), "core": st.integers(64)}),
        "ocr": st.fixed_dictionaries({"weights": TEXT, "language": TEXT}),
        "output": st.fixed_dictionaries({"export": st.lists(TEXT).map(tuple)}),
    }
)


@given(CONFIGS, TEXT)
def test_toml_reads_back_to_the_same_settings(values: dict[str, Any], origin: str) -> None:
    config = Config.model_validate(values)
    tables = tomllib.loads(to_toml(config, dict.fromkeys(origins(), origin)))
    assert resolve(None, **tables) == config


def test_toml_says_where_each_value_comes_from() -> None:
    text = to_toml(resolve("manga", ["ocr.engine=none"]), origins("manga", ["ocr.engine=none"]))
    assert 'direction = "rtl"  # reading direction [workflow manga]' in text
    assert 'engine = "none"  # who reads; `none` leaves placeholders [--set]' in text
    assert tomllib.loads(to_toml(Config()))["segment"]["direction"] == "auto"
