"""What other programs expect of a file, and what they leave in one."""

import csv
import io
import json
import re
import sys
import uuid
import zipfile

import docx
import openpyxl
import pytest

from mangaclean import interchange
from mangaclean.errors import InputError, MissingError, OutputError, UsageError
from mangaclean.interchange import placing
from tests.test_interchange import VOLUME, each, sample


def test_labelplus_is_written_as_its_readers_expect():
    assert interchange.load("labelplus").write(sample(), VOLUME) == (
        b"\xef\xbb\xbf"
        + (
            "1,0\n-\n框内\n框外\n-\nmangaclean\n\n\n>>>>>>>>[001.jpg]<<<<<<<<\n"
            "----------------[1]----------------[0.6000,0.2500,1]\nはい！\n\n"
            "----------------[2]----------------[0.2500,0.8500,2]\nBOOM\nBOOM\n\n"
        ).encode()
    )


def test_labelplus_of_others_is_read():
    data = (
        "1,0\r\n-\r\n吹き出し\r\n外\r\n手書き\r\n-\r\nby me, 2024\r\nmore\r\n\r\n\r\n>>>>>>>>[001.png]<<<<<<<<\r\n"
        "----------------[1]----------------[0.58,0.2,3]\r\nYes!\r\nI do.\r\n\r\n\r\n"
        "----------------[2]----------------[0,3,0,9]\r\nBANG\r\n\r\n>>>>>>>>[002.png]<<<<<<<<\r\n"
        "----------------[1]----------------[0.5,0.5,1]\r\nlost\r\n"
    ).encode("utf-8-sig")
    placed = placing.place(sample(), interchange.load("labelplus").read(data, "x.txt"))
    assert [region.translation for region in placed.text.pages[0].regions] == ["Yes!\nI do.", "BANG"]
    assert [(change.before, change.after) for change in placed.changed] == [("BOOM\nBOOM", "BANG")]
    assert [(entry.page, entry.translation) for entry in placed.lost] == [("002.png", "lost")]


def test_mokuro_is_what_readers_expect():
    raw = json.loads(interchange.load("mokuro").write(sample(), VOLUME))
    assert {"version", "title", "title_uuid", "volume", "volume_uuid", "pages"} == set(raw)
    assert (raw["title"], raw["volume"]) == ("Work", "ch01")
    assert uuid.UUID(raw["title_uuid"]) != uuid.UUID(raw["volume_uuid"])
    (page,) = raw["pages"]
    assert (page["img_path"], page["img_width"], page["img_height"]) == ("001.jpg", 100, 200)
    first, second = page["blocks"]
    assert first["lines"] == ["はい！"]
    assert first["lines_coords"] == [[[60, 10], [80, 10], [80, 90], [60, 90]]]
    assert (first["box"], first["vertical"], first["font_size"]) == ([40, 10, 80, 90], True, 20.0)
    assert len(second["lines"]) == len(second["lines_coords"]) == 1
    assert raw == json.loads(interchange.load("mokuro").write(sample(), VOLUME))


def test_mokuro_without_translations_is_refused():
    block = {"box": [40, 10, 80, 90], "lines": ["はい"], "lines_coords": []}
    raw = {"pages": [{"img_path": "001.jpg", "img_width": 100, "img_height": 200, "blocks": [block]}]}
    with pytest.raises(InputError, match="no translations"):
        interchange.load("mokuro").read(json.dumps(raw).encode(), "x.mokuro")


def test_ballonstranslator_has_what_it_needs():
    raw = json.loads(interchange.load("bt").write(sample(), VOLUME))
    assert raw["current_img"] == "001.jpg"
    first, second = raw["pages"]["001.jpg"]
    assert (first["xyxy"], first["text"], first["vertical"]) == ([40, 10, 80, 90], ["はい！"], True)
    assert (second["fg_r"], second["fg_g"], second["fg_b"]) == (16, 32, 48)
    assert second["lines"] == [[[0, 150], [50, 150], [50, 190], [0, 190]]]  # it cannot do without any
    assert second["translation"] == "BOOM\nBOOM"


def test_script_is_read_as_ballonstranslator_reads_it():
    text = each(sample(), lambda region: {"translation": "1. one\n2. two\n### three"})
    content = interchange.load("script").write(text, VOLUME).decode()
    assert [match[0] for match in re.finditer(r"^###\s+", content, re.MULTILINE)] == ["### "]
    assert re.findall(r"^\d+\.", content, re.MULTILINE) == ["1.", "2."]


def test_script_with_other_numbers_of_texts_says_so():
    entries = interchange.load("script").read(b"### 001.jpg\n1. Yes\n2.No\n3. What?\n", "x.txt")
    placed = placing.place(sample(), entries)
    assert [region.translation for region in placed.text.pages[0].regions] == ["Yes", "No"]
    assert [entry.translation for entry in placed.lost] == ["What?"]
    assert placed.notes == ["001.jpg: 3 texts in the file, 2 regions here, matched by their numbers; look at this page"]


def test_csv_has_the_columns_of_panelcleaner_first():
    data = interchange.load("csv").write(each(sample(), lambda region: {"translation": "=1+1"}), VOLUME)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0][:6] == ["filename", "startx", "starty", "endx", "endy", "text"]
    assert rows[1][:6] == ["001.jpg", "40", "10", "80", "90", "はい！"]
    assert rows[1][6] == "'=1+1"
    assert data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_spreadsheets_save_it(encoding, delimiter):
    rows = [["Translation", "Filename", "order", "note"], ["Yes", "001.jpg", "1"], [], ["", "001.jpg", "2", "x"]]
    data = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    entries = interchange.load(interchange.guess("x", data)).read(data, "x")
    assert [(entry.page, entry.number, entry.translation) for entry in entries] == [
        ("001.jpg", 1, "Yes"),
        ("001.jpg", 2, ""),
    ]


def test_xlsx_holds_text_and_no_formulas_and_takes_numbers():
    data = interchange.load("xlsx").write(each(sample(), lambda region: {"translation": "=1+1"}), VOLUME)
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["text"]
    assert (sheet["G2"].value, sheet["G2"].data_type) == ("=1+1", "s")
    sheet["G2"].value = 42
    sheet["G3"].value = None
    file = io.BytesIO()
    book.save(file)
    entries = interchange.load("xlsx").read(file.getvalue(), "x.xlsx")
    assert [entry.translation for entry in entries] == ["42", ""]


def test_xlsx_cuts_nothing_off():
    with pytest.raises(OutputError, match="too long for XLSX"):
        interchange.load("xlsx").write(each(sample(), lambda region: {"translation": "x" * 40_000}), VOLUME)


def test_xlsx_without_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingError, match=r"mangaclean\[xlsx\]"):
        interchange.load("xlsx").write(sample(), VOLUME)


def test_docx_is_a_table_for_each_page():
    document = docx.Document(io.BytesIO(interchange.load("docx").write(sample(), VOLUME)))
    assert [paragraph.text for paragraph in document.paragraphs] == ["001.jpg"]
    (table,) = document.tables
    assert [[cell.text for cell in row.cells][:3] for row in table.rows] == [
        ["#", "text", "translation"],
        ["1", "はい！", ""],
        ["2", "ドン", "BOOM\nBOOM"],
    ]


def test_docx_that_a_person_worked_on():
    document = docx.Document(io.BytesIO(interchange.load("docx").write(sample(), VOLUME)))
    document.paragraphs[0].insert_paragraph_before("Draft, please look over 2")
    table = document.tables[0]
    table.rows[1].cells[2].text = "Yes!"
    table.rows[1].cells[2].add_paragraph("I do.")  # Enter makes a new paragraph
    document.add_table(1, 1).rows[0].cells[0].text = "notes of my own"
    file = io.BytesIO()
    document.save(file)
    assert interchange.guess("x.zip", file.getvalue()) == "docx"
    placed = placing.place(sample(), interchange.load("docx").read(file.getvalue(), "x.docx"))
    assert [region.translation for region in placed.text.pages[0].regions] == ["Yes!\nI do.", "BOOM\nBOOM"]
    assert placed.lost == []


def test_docx_that_is_none(monkeypatch):
    with pytest.raises(InputError, match="cannot be read as DOCX"):
        interchange.load("docx").read(b"PK", "x.docx")
    file = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("a letter")
    document.save(file)
    with pytest.raises(InputError, match="no table"):
        interchange.load("docx").read(file.getvalue(), "x.docx")
    monkeypatch.setattr("mangaclean.interchange.docx.MOST", 1000)
    with pytest.raises(InputError, match="unpacks"):
        interchange.load("docx").read(file.getvalue(), "x.docx")
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingError, match=r"mangaclean\[docx\]"):
        interchange.load("docx").write(sample(), VOLUME)


def test_xlsx_bombs_are_refused(monkeypatch):
    monkeypatch.setattr("mangaclean.interchange.xlsx.MOST", 1000)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", " " * 2000)
    with pytest.raises(InputError, match="unpacks to more"):
        interchange.load("xlsx").read(data.getvalue(), "x.xlsx")


@pytest.mark.parametrize("form", interchange.FORMATS)
@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"{}", b"\xff\xfe\x00", b"PK\x03\x04", b'{"pages": [1]}', b"a\nb"])
def test_what_is_no_such_file_is_an_input_error(form, data):
    if form == "json" and data == b"{}":
        return  # a text.json without pages
    with pytest.raises(InputError, match=r"x\.dat"):
        interchange.load(form).read(data, "x.dat")


@pytest.mark.parametrize("form", interchange.FORMATS)
def test_formats_are_known_by_their_content(form):
    data = interchange.load(form).write(sample(), VOLUME)
    assert interchange.guess("x" + interchange.FORMATS[form].suffix, data) == form
    if form != "csv":
        assert interchange.guess("unnamed", data) == form


def test_unknown_formats():
    with pytest.raises(UsageError, match="did you mean 'mokuro'"):
        interchange.load("mokoru")
    with pytest.raises(UsageError, match="--format labelplus or --format script"):
        interchange.by_suffix("a.txt")
    assert interchange.by_suffix("a.XLSX") == "xlsx"
    with pytest.raises(UsageError, match="say it"):
        interchange.guess("a.docx", b"hello")
