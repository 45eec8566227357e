"""Settings: one model for each table, with defaults, workflow files and `--set stage.name=value` laid over them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mangaclean.types import Kind


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputConfig(Table):
    """How pages are read; the limits guard against bombs."""

    max_pixels: int = Field(300_000_000, gt=0, description="largest page, in pixels")
    max_unpacked: int = Field(8_000_000_000, gt=0, description="most bytes that an archive may unpack to")
    pdf_dpi: int = Field(200, ge=36, le=1200, description="resolution for PDF pages that are not one picture")


class SegmentConfig(Table):
    """Finding the lettering."""

    engine: str = Field("rapidocr", description="who looks for lettering")
    keep: tuple[Kind, ...] = Field(("sfx", "other"), description="kinds of lettering that stay on the page")
    direction: Literal["auto", "rtl", "ltr", "ttb"] = Field("auto", description="reading direction")


class InpaintConfig(Table):
    """Removing the lettering."""

    engine: str = Field("patchmatch", description="who paints grounds that are not flat")
    flat: float = Field(6.0, ge=0, description="standard deviation (grey levels) up to which a ground is filled flat")
    core: int = Field(512, ge=64, description="side of the part of a tile that is kept, px")
    context: int = Field(96, ge=0, description="surroundings that a tile sees on each side, px")


class OcrConfig(Table):
    """Reading the lettering."""

    engine: str = Field("rapidocr", description="who reads; `none` leaves placeholders")
    language: str = Field("ja", description="ja, zh, ko, en")
    weights: str = Field("", description="folder or file of weights, for engines that take one")


class OutputConfig(Table):
    """What is written."""

    format: Literal["png", "same", "webp", "jpg"] = Field("png", description="format of cleaned pages; `same` as input")
    quality: int = Field(95, ge=1, le=100, description="quality of JPEG and WebP pages")
    export: tuple[str, ...] = Field((), description="books made at the end: cbz, pdf")


class RunConfig(Table):
    """How the work is done."""

    workers: int = Field(0, ge=0, description="processes that clean pages; 0 = one for each core")


class Config(Table):
    """All settings."""

    input: InputConfig = InputConfig()
    segment: SegmentConfig = SegmentConfig()
    inpaint: InpaintConfig = InpaintConfig()
    ocr: OcrConfig = OcrConfig()
    output: OutputConfig = OutputConfig()
    run: RunConfig = RunConfig()
