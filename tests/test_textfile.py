import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mangaclean import textfile
from mangaclean.errors import InputError
from mangaclean.textfile import PageModel, RegionModel, TextFile, merge
from mangaclean.types import Box, Line, Region

SIZE = (1000, 1400)
PAGES = '{"pages": [{"page": "001.jpg", "width": 100, "height": 200, "regions": ['


def region(left: int, top: int, text: str = "", **kwargs: object) -> Region:
    box = Box(left, top, left + 80, top + 200)
    fields: dict[str, object] = {
        "id": "",
        "order": 1,
        "panel": 1,
        "kind": "speech",
        "box": box,
        "polygon": ((left, top), (left + 80, top), (left + 80, top + 200), (left, top + 200)),
        "bubble": box.grown(20, *SIZE),
        "vertical": True,
        "angle": 0.0,
        "font_size": 24.0,
        "color": "#000000",
        "outline": None,
        "action": "fill",
        "reason": "flat balloon, σ 0.4",
        "lines": (Line(((left, top), (left + 30, top), (left + 30, top + 200), (left, top + 200)), 0.9, text, 0.8),),
        "text": text,
        "confidence": 0.98,
    }
    return Region(**(fields | kwargs))  # type: ignore[arg-type]


def models(*regions: Region) -> list[RegionModel]:
    """The regions as they stand in a state file, numbered in the order given."""
    named = textfile.assign_ids("001", [replace(r, order=i + 1) for i, r in enumerate(regions)], SIZE)
    return [textfile.to_model(r) for r in named]


def changed(model: RegionModel, **values: object) -> RegionModel:
    return model.model_copy(update=values)


# Ids


def test_ids_say_where_and_are_unique() -> None:
    near = region(100, 100), region(101, 101), region(102, 102)
    ids = [r.id for r in textfile.assign_ids("001", near, SIZE)]
    assert len(set(ids)) == 3
    assert all(name.startswith("001-") for name in ids)
    assert ids == [r.id for r in reversed(textfile.assign_ids("001", near[::-1], SIZE))]


def test_ids_mostly_survive_small_moves() -> None:
    rng = np.random.default_rng(1)
    same = 0
    for left, top, dx, dy in zip(*rng.integers(0, 900, (2, 200)), *rng.integers(-2, 3, (2, 200)), strict=True):
        a, b = (Box(int(x), int(y), int(x) + 60, int(y) + 90) for x, y in ((left, top), (left + dx, top + dy)))
        same += textfile.region_id("p", a, SIZE) == textfile.region_id("p", b, SIZE)
    assert 150 < same < 200


def test_ids_of_a_long_strip_are_told_apart() -> None:
    regions = [region(300, top) for top in range(0, 29_000, 250)]
    ids = [r.id for r in textfile.assign_ids("s", regions, (800, 30_000))]
    assert len(set(ids)) == len(ids)
    assert not any(name.count("-") > 1 for name in ids)


def test_assigned_regions_are_what_a_state_file_gives_back() -> None:
    raw = region(np.int64(10), 20, "あ", angle=1.23456, font_size=np.float32(24.04999), confidence=0.98765)  # type: ignore[arg-type]
    regions = textfile.assign_ids("001", [raw], SIZE)
    data = textfile.dump_regions("001.jpg", regions, SIZE)
    assert textfile.load_regions(data) == regions
    assert textfile.load_state(data).width == 1000


# Reading and writing


def test_file_is_for_people_and_comes_back() -> None:
    page = PageModel(
        page="001.jpg", width=1000, height=1400, regions=models(region(10, 20, "「はい」"), region(300, 20))
    )
    data = textfile.dump(TextFile(pages=[page]))
    text = data.decode()
    assert '"box": [10, 20, 90, 220],' in text
    assert '"polygon": [[10, 20], [90, 20], [90, 220], [10, 220]],' in text
    assert "「はい」" in text
    assert text.endswith("}\n")
    assert max(len(line) for line in text.splitlines()) < 160
    assert textfile.dump(textfile.parse(data, "text.json")) == data


def test_keys_of_others_are_kept_everywhere() -> None:
    data = (
        '{"series": "S", "pages": [{"page": "1.png", "width": 9, "height": 9, "credit": "me", "regions": [{"box": '
        '[1, 1, 2, 2], "note": {"a": [1]}, "lines": [{"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "mark": "x"}]}]}]}'
    )
    back = json.loads(textfile.dump(textfile.parse(data.encode(), "text.json")))
    page = back["pages"][0]
    assert (back["series"], page["credit"], page["regions"][0]["note"]) == ("S", "me", {"a": [1]})
    assert page["regions"][0]["lines"][0]["mark"] == "x"


def test_byte_order_mark_is_tolerated() -> None:
    assert textfile.parse(b"\xef\xbb\xbf" + textfile.dump(TextFile(language="ko")), "t").language == "ko"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{\n "version": 1,\n "pages": [}', "line 3, column 12"),
        (PAGES + '{"box": [1, 2, 3, 4], "kind": "speach"}]}]}', "page 1 (001.jpg), region 1, kind"),
        (PAGES + '{"box": [9, 2, 3, 4], "id": "a"}]}]}', "region 1 (a), box"),
        (PAGES + '{"box": [1, 2, 3]}]}]}', "box"),
        (PAGES + '{"text": "x"}]}]}', "box: Field required"),
        (PAGES + '{"box": [1, 2, 3, 4], "angle": NaN}]}]}', "NaN"),
        ('{"version": 2}', "update mangaclean"),
        ("[]", "the file"),
        ("", "line 1, column 1"),
        ("[" * 100_000, "text.json"),
        ('{"pages": [1]}', "page 1"),
    ],
)
def test_broken_file_is_reported_with_place(data: str, said: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "text.json"
    path.write_text(data, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        textfile.load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text(encoding="utf-8") == data


def test_other_encodings_and_missing_files_are_reported(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "text.json"
    with pytest.raises(InputError, match="cannot read"):
        textfile.load(path)
    path.write_bytes('{"language": "日本語"}'.encode("shift-jis"))
    with pytest.raises(InputError, match="UTF-8"):
        textfile.load(path)


def test_half_a_character_does_not_stop_the_run() -> None:
    file = textfile.parse((PAGES + '{"box": [1, 2, 3, 4], "text": "a\\ud800"}]}]}').encode(), "t")
    assert '"text": "a?"' in textfile.dump(file).decode()


def test_region_added_in_one_line_gets_an_id_and_a_polygon() -> None:
    data = PAGES + '{"box": [10, 10, 30, 30]}, {"box": [10, 10, 30, 30], "text": "copy"}]}]}'
    page = textfile.parse(data.encode(), "t").pages[0]
    assert [r.id for r in page.regions] == ["001-0909", "001-0909-2"]
    assert textfile.to_region(page.regions[0]).polygon == ((10, 10), (30, 10), (30, 30), (10, 30))


def test_pages_stand_in_the_order_of_the_source() -> None:
    file = TextFile()
    for name in ("3.png", "old.png", "1.png", "2.png", "1.png"):
        file = file.with_page(PageModel(page=name, width=1, height=1), ["1.png", "2.png", "3.png"])
    assert [page.page for page in file.pages] == ["1.png", "2.png", "3.png", "old.png"]
    assert file.page("2.png") is file.pages[1]
    assert file.page("4.png") is None


# Merging

A, B, C = region(100, 100, "あ"), region(400, 100, "い"), region(700, 100, "う")


def test_merge_keeps_what_a_person_changed_and_renews_the_rest() -> None:
    base = models(A, B)
    theirs = [changed(base[0], text="ア", translation="Ah"), base[1]]
    new = models(replace(A, text="お", reason="on art, σ 31"), replace(B, text="イ"))
    one, two = merge(base, theirs, new)
    assert (one.text, one.translation, one.reason) == ("ア", "Ah", "on art, σ 31")
    assert (two.text, two.translation) == ("イ", "")


def test_merge_matches_a_moved_region_by_place() -> None:
    base, new = models(A), models(region(115, 130, "あ"))
    assert base[0].id != new[0].id
    (made,) = merge(base, [changed(base[0], translation="Ah")], new)
    assert (made.id, made.box, made.translation) == (new[0].id, new[0].box, "Ah")


def test_merge_matches_by_place_where_a_tool_renamed_everything() -> None:
    base = models(A, B)
    theirs = [changed(r, id=f"tool{i}", translation="t") for i, r in enumerate(base)]
    made = merge(base, theirs, base)
    assert [(r.id, r.translation) for r in made] == [(base[0].id, "t"), (base[1].id, "t")]


def test_merge_keeps_a_persons_work_on_a_region_no_longer_found() -> None:
    base = models(A, B, C)
    theirs = [changed(base[0], translation="Ah"), changed(base[1], kind="sfx"), base[2]]
    made = merge(base, theirs, models(region(300, 900, "え")))
    assert [r.text for r in made] == ["え", "あ", "い"]
    assert [r.reason.endswith("(no longer found)") for r in made] == [False, True, True]
    assert [r.order for r in made] == [1, 2, 3]
    again = merge(models(region(300, 900, "え")), made, models(region(300, 900, "え")))
    assert again == made


def test_a_lost_region_that_is_found_again_is_one_region() -> None:
    base = models(A)
    lost = merge(base, [changed(base[0], translation="Ah", text="ア")], [])
    (made,) = merge([], lost, models(A))
    assert (made.translation, made.text, made.reason) == ("Ah", "ア", A.reason)


def test_merge_respects_additions_and_deletions() -> None:
    base = models(A, B, C)
    added = RegionModel(id="mine", box=(100, 700, 200, 900), text="え")
    made = merge(base, [base[0], added, base[2]], models(A, B, C))
    assert [r.text for r in made] == ["あ", "え", "う"]


@pytest.mark.parametrize("by", ["moving", "numbering"])
def test_merge_respects_a_persons_reading_order(by: str) -> None:
    base = models(A, B, C)
    if by == "moving":
        theirs = [base[2], base[0], base[1]]
    else:
        theirs = [changed(base[0], order=2), changed(base[1], order=3), changed(base[2], order=1)]
    made = merge(base, theirs, models(A, region(300, 900, "え"), B, C))
    assert [r.text for r in made] == ["う", "あ", "え", "い"]
    assert merge(base, base, models(C, B, A)) == models(C, B, A)


def test_merge_without_base_keeps_words() -> None:
    new = models(A, B)
    theirs = [changed(new[0], text="ア", action="keep"), changed(new[1], text="")]
    theirs.append(RegionModel(id="x", box=(0, 900, 50, 950), text="え"))
    one, two, three = merge(None, theirs, new)
    assert (one.text, one.action, two.text) == ("ア", "fill", "い")
    assert three.text == "え"
    assert three.reason.endswith("(no longer found)")


def test_merge_page_keeps_a_persons_keys() -> None:
    new = PageModel(page="1", width=9, height=9, regions=models(A))
    theirs = PageModel.model_validate(new.model_dump() | {"note": "check", "width": 3})
    made = textfile.merge_page(new, theirs, new)
    assert (made.model_extra, made.width) == ({"note": "check"}, 9)
    assert textfile.merge_page(None, None, new) == new


places = st.tuples(st.integers(0, 6), st.integers(0, 4))
words = st.sampled_from(["", "あ", "い", "う"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[RegionModel], list[RegionModel], list[RegionModel]]:
    """What the program wrote, what a person made of it, what the program makes now."""
    jitter = st.integers(-50, 50)
    spots = draw(st.lists(places, max_size=6))
    base = models(*(region(100 * x, 250 * y + 20, draw(words)) for x, y in spots))
    theirs = []
    for model in base:
        if draw(st.integers(0, 4)) == 0:
            continue
        edits = draw(st.fixed_dictionaries({}, optional={"text": words, "translation": words, "kind": st.just("sfx")}))
        if draw(st.integers(0, 3)) == 0:
            left, top = model.box[0] + draw(jitter), model.box[1] + draw(jitter)
            edits |= {"box": (left, top, left + 80, top + 200), "order": draw(st.integers(0, 6))}
        theirs.append(changed(model, **edits))
    for i, (x, y) in enumerate(draw(st.lists(places, max_size=2))):
        box = (100 * x, 250 * y, 100 * x + 80, 250 * y + 200)
        theirs.append(RegionModel(id=f"mine{i}", box=box, translation=draw(words)))
    if draw(st.booleans()):
        theirs = draw(st.permutations(theirs))
    new = []
    for x, y in draw(st.lists(places, max_size=2)) + [s for s in spots if draw(st.integers(0, 4))]:
        new.append(region(100 * x + draw(jitter), 250 * y + 20 + draw(jitter), draw(words)))
    return base, theirs, models(*draw(st.permutations(new)))


@settings(max_examples=150, deadline=None)
@given(histories(), st.booleans())
def test_merge_is_idempotent_and_loses_nothing(
    history: tuple[list[RegionModel], list[RegionModel], list[RegionModel]], known: bool
) -> None:
    written, theirs, new = history
    base = written if known else None
    made = merge(base, theirs, new)
    assert merge(base, made, new) == made
    later = merge(new, made, new)
    assert merge(new, later, new) == later
    assert [r.translation for r in later] == [r.translation for r in made]
    assert len({r.id for r in made}) == len(made)
    assert sorted(r.translation for r in made if r.translation) == sorted(
        r.translation for r in theirs if r.translation
    )
    if known:
        before = {r.id: r.text for r in written}
        edited = [r.text for r in theirs if r.id in before and r.text and r.text != before[r.id]]
        assert not set(edited) - {r.text for r in made}


@settings(max_examples=50, deadline=None)
@given(histories())
def test_merge_of_an_untouched_file_is_the_new_regions(
    history: tuple[list[RegionModel], list[RegionModel], list[RegionModel]],
) -> None:
    base, _, new = history
    assert merge(base, base, new) == new
    assert merge(base, [], []) == []
    assert merge([], [], new) == new
