"""What readers read: drawn Latin lines, a program and packages that are stood in for."""

import os
import sys
import types
from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from mangaclean import engines, page
from mangaclean.config import OcrConfig
from mangaclean.engines import recognise
from mangaclean.errors import MissingError, PageError
from mangaclean.types import Box, Image, Line, Reading, Region

POSIX = pytest.mark.skipif(os.name == "nt", reason="the stand-in for the program is a shell script")


def drawn(text: str, width: int = 320, height: int = 60) -> Image:
    sheet = Pillow.new("RGB", (width, height), "white")
    ImageDraw.Draw(sheet).text((12, 10), text, "black", ImageFont.load_default(36))
    return np.array(sheet)


def line(box: Box, text: str = "", confidence: float = 0.0) -> Line:
    left, top, right, bottom = box
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), 1.0, text, confidence)


def region(*lines: Line, vertical: bool = False) -> Region:
    xs, ys = zip(*(point for each in lines for point in each.polygon), strict=True)
    box = Box(min(xs), min(ys), max(xs), max(ys))
    return Region(
        id="1", order=1, panel=1, kind="speech", box=box, polygon=lines[0].polygon, bubble=None, vertical=vertical,
        angle=0.0, font_size=36.0, color="#000000", outline=None, action="fill", reason="", lines=lines,
    )  # fmt: skip


def read(image: Image, *regions: Region, language: str = "en") -> list[Reading]:
    return list(engines.load("ocr", OcrConfig(language=language))(image, regions))


def test_rapidocr_reads_rows_and_joins_them() -> None:
    image = np.concatenate([drawn("Good mor-"), drawn("ning, witch!")])
    (reading,) = read(image, region(line(Box(0, 0, 320, 60)), line(Box(0, 60, 320, 120))))
    assert reading.text == "Good morning, witch!"
    assert len(reading.lines) == 2
    assert reading.confidence > 0.9


def test_rapidocr_turns_columns() -> None:
    image = np.ascontiguousarray(np.rot90(drawn("PEPPER"), -1))
    (reading,) = read(image, region(line(Box(0, 0, 60, 320)), vertical=True))
    assert reading.text == "PEPPER"


def test_rapidocr_reads_a_slanted_line_straight() -> None:
    sheet = Pillow.new("RGB", (400, 300), "white")
    sheet.paste(Pillow.fromarray(drawn("CARROT", 200)), (100, 120))
    image = np.array(sheet.rotate(-20, resample=Pillow.Resampling.BICUBIC, fillcolor="white"))
    turn = np.radians(20)
    corners = np.array([(100, 120), (300, 120), (300, 180), (100, 180)]) - (200, 150)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + (200, 150)
    a, b, c, d = ((round(x), round(y)) for x, y in corners)
    assert read(image, region(Line((a, b, c, d))))[0].text == "CARROT"


def test_rapidocr_keeps_what_the_segmenter_read_unless_it_is_foreign() -> None:
    image = drawn("HELLO", 200)
    box = Box(0, 0, 200, 60)
    assert read(image, region(line(box, "SEEN", 0.5)))[0] == Reading("SEEN", 0.5, ("SEEN",))
    assert read(image, region(line(box, "步步", 0.9)))[0].text == "HELLO"


def test_a_language_bars_foreign_letters() -> None:
    japanese, english = recognise.alphabet("ja"), recognise.alphabet("en")
    assert japanese is not None
    assert english is not None
    assert japanese("夢の翼ー！？…♥")
    assert not japanese("步")
    assert english("Don’t—stop!")
    assert not english("夢")
    assert recognise.alphabet("zh") is None


def recogniser(path: Path, letters: str, answer: list[int]) -> str:
    """A file of a network that sees the same letters in every crop, and knows `letters` (one on a line)."""
    scores = np.zeros((1, len(answer), len(letters.splitlines()) + 2), np.float32)
    scores[0, range(len(answer)), answer] = 0.9
    given = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 48, None])
    made = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, list(scores.shape))
    node = onnx.helper.make_node("Constant", [], ["y"], value=onnx.numpy_helper.from_array(scores))
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "reader", [given], [made]),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=9,
    )
    if letters:
        onnx.helper.set_model_props(model, {"character": letters})
    onnx.save(model, path)
    return str(path)


def test_a_language_whose_letters_the_network_lacks_is_refused_before_the_work() -> None:
    with pytest.raises(MissingError, match=r"no letters of 'ko'.*ocr.engine=tesseract.*ocr.weights=FILE.onnx"):
        engines.load("ocr", OcrConfig(language="ko"))


def test_another_recogniser_reads_what_the_wheels_cannot(tmp_path: Path) -> None:
    weights = recogniser(tmp_path / "korean.onnx", "한\n이\n글", [1, 1, 0, 3, 0])
    reader = engines.load("ocr", OcrConfig(language="ko", weights=weights))
    (reading,) = reader(drawn("x"), [region(line(Box(0, 0, 320, 60), "x", 0.9))])
    assert (reading.text, reading.confidence) == ("한글", pytest.approx(0.9))


@pytest.mark.parametrize("case", ["missing", "no network", "no letters"])
def test_a_recogniser_that_cannot_be_used_is_named(tmp_path: Path, case: str) -> None:
    path = tmp_path / "reader.onnx"
    if case == "no network":
        path.write_bytes(b"nothing")
    elif case == "no letters":
        recogniser(path, "", [0])
    with pytest.raises(MissingError, match=r"ocr.weights: .*reader.onnx"):
        engines.load("ocr", OcrConfig(weights=str(path)))


def test_long_lines_count_for_more_in_the_confidence() -> None:
    lines = line(Box(0, 0, 9, 9), "NINE CHARS", 1.0), line(Box(0, 9, 9, 18), "ABCDE", 0.4)
    assert read(drawn("x"), region(*lines))[0].confidence == pytest.approx(0.8)


def test_nothing_to_read() -> None:
    image = np.full((60, 200, 3), 255, np.uint8)
    assert read(image, region(line(Box(0, 0, 200, 60)))) == [Reading("", 0.0, ("",))]


def test_a_page_takes_texts_over() -> None:
    image = drawn("HELLO", 200)
    reader = engines.load("ocr", OcrConfig(language="en"))
    (got,) = page.ocr(image, (region(line(Box(0, 0, 200, 60))),), reader, OcrConfig(language="en"))
    assert (got.text, got.lines[0].text) == ("HELLO", "HELLO")


def test_none_leaves_placeholders() -> None:
    reader = engines.load("ocr", OcrConfig(engine="none"))
    assert list(reader(drawn("HELLO"), [region(line(Box(0, 0, 9, 9)))] * 2)) == [Reading("", 0.0)] * 2


# --- tesseract -------------------------------------------------------------------------------------------------------

TABLE = "level page_num block_num par_num line_num word_num left top width height conf text"
WORDS = [
    "1 1 0 0 0 0 0 0 9 9 -1 ",
    "5 1 1 1 1 1 0 0 9 9 90 Hel-",
    "5 1 1 1 2 1 0 0 9 9 80 lo",
    "5 1 1 1 2 2 0 0 9 9 70 you",
]


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str, languages: str = "eng jpn") -> Path:
    """A `tesseract` that notes how it is called."""
    script = folder / "tesseract"
    calls = folder / "calls"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = --list-langs ]; then echo {languages} | tr " " "\\n"; exit 0; fi\n'
        f'echo "$@" >> "{calls}"\ncat > /dev/null\n{body}\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return calls


@POSIX
def test_tesseract_words_become_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table").write_text("\n".join("\t".join(row.split(" ")) for row in [TABLE, *WORDS]) + "\n")
    calls = program(tmp_path, monkeypatch, f'cat "{tmp_path}/table"')
    reader = engines.load("ocr", OcrConfig(engine="tesseract", language="en"))
    upright = region(line(Box(0, 0, 40, 60)), vertical=True)
    readings = reader(drawn("HELLO"), [region(line(Box(0, 0, 200, 60))), upright])
    assert readings[0] == Reading("Hello you", pytest.approx(0.8, abs=0.05), ("Hel-", "lo you"))
    assert calls.read_text().splitlines() == ["stdin stdout -l eng --psm 6 tsv", "stdin stdout -l eng --psm 5 tsv"]


@POSIX
def test_tesseract_without_the_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "exit 0", languages="eng")
    with pytest.raises(MissingError, match=r"no data for 'chi_sim'.*tesseract-ocr-chi-sim"):
        engines.load("ocr", OcrConfig(engine="tesseract", language="zh"))


@POSIX
def test_a_failing_tesseract_costs_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo out of ideas >&2; exit 3")
    reader = engines.load("ocr", OcrConfig(engine="tesseract", language="en"))
    with pytest.raises(PageError, match="out of ideas"):
        reader(drawn("HELLO"), [region(line(Box(0, 0, 9, 9)))])


# --- manga-ocr -------------------------------------------------------------------------------------------------------


def stand_in(monkeypatch: pytest.MonkeyPatch, hub: object, seen: list[object]) -> None:
    """Packages that look like those manga-ocr needs."""

    class MangaOcr:
        def __init__(self, pretrained_model_name_or_path: str) -> None:
            if "broken" in pretrained_model_name_or_path:
                raise OSError("no config.json there")
            seen.append(pretrained_model_name_or_path)

        def __call__(self, picture: Pillow.Image) -> str:
            seen.append(picture.size)
            return "これは ．．．"

    def module(name: str, **content: object) -> None:
        made = types.ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)

    module("manga_ocr", MangaOcr=MangaOcr)
    module("loguru", logger=types.SimpleNamespace(disable=lambda name: None))
    module("huggingface_hub", snapshot_download=hub)
    errors = {name: type(name, (Exception,), {}) for name in ("HfHubHTTPError", "HFValidationError")}
    module("huggingface_hub.errors", LocalEntryNotFoundError=FileNotFoundError, **errors)
    monkeypatch.setattr(engines.util, "find_spec", lambda name: object())


def test_manga_ocr_reads_whole_regions_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    stand_in(monkeypatch, None, seen)
    reader = engines.load("ocr", OcrConfig(engine="manga-ocr", weights=str(tmp_path)))
    readings = reader(drawn("HELLO", 100), [region(line(Box(20, 10, 50, 40)))])
    assert readings == [Reading("これは…", 1.0)]
    assert seen == [str(tmp_path), (44, 44)]  # the box and a fifth of a letter


def test_manga_ocr_without_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def hub(name: str, local_files_only: bool, etag_timeout: float) -> str:
        tried.append(local_files_only)
        raise FileNotFoundError(name)

    stand_in(monkeypatch, hub, [])
    with pytest.raises(MissingError, match=r"hf download kha-white/manga-ocr-base .* --set ocr\.weights=FOLDER"):
        engines.load("ocr", OcrConfig(engine="manga-ocr"))
    assert tried == [True, False]


def test_manga_ocr_says_what_is_wrong_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, None, [])
    with pytest.raises(MissingError, match="no folder"):
        engines.load("ocr", OcrConfig(engine="manga-ocr", weights=str(tmp_path / "nowhere")))
    (tmp_path / "broken").mkdir()
    with pytest.raises(MissingError, match=r"broken holds no model .* no config\.json there"):
        engines.load("ocr", OcrConfig(engine="manga-ocr", weights=str(tmp_path / "broken")))


def test_manga_ocr_with_a_tiny_model(tmp_path: Path) -> None:
    pytest.importorskip("manga_ocr", reason="manga-ocr is an extra")
    tiny_model(tmp_path)
    reader = engines.load("ocr", OcrConfig(engine="manga-ocr", weights=str(tmp_path)))
    regions = [region(line(Box(0, 0, 60, 60)))]
    readings = reader(drawn("HELLO", 100), regions)
    assert len(readings) == 1
    assert set(readings[0].text) <= set("あいう")
    assert reader(drawn("HELLO", 100), regions) == readings


def tiny_model(folder: Path) -> None:
    """An untrained model of a few kilobytes, in the form that manga-ocr loads."""
    import transformers as tf

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "あ", "い", "う"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = tf.ViTConfig(image_size=32, patch_size=16, **small)
    decoder = tf.BertConfig(vocab_size=len(words), is_decoder=True, add_cross_attention=True, **small)
    config = tf.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.eos_token_id, config.pad_token_id = 2, 3, 0
    model = tf.VisionEncoderDecoderModel(config)
    model.generation_config = tf.GenerationConfig(
        decoder_start_token_id=2, eos_token_id=3, pad_token_id=0, max_length=8
    )
    model.save_pretrained(folder)
    tf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    tf.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
