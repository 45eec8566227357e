"""Settings: one model for each table, with defaults, workflow files and `--set stage.name=value` laid over them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from mangaclean import kinds
from mangaclean.errors import UsageError, did_you_mean
from mangaclean.types import Kind
from mangaclean.workflow import read_workflow
from mangaclean.workflow import to_toml as to_toml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

COLOR = "#[0-9a-fA-F]{6}"


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputConfig(Table):
    """How pages are read; the limits guard against bombs."""

    max_pixels: int = Field(default=300_000_000, gt=0, description="largest page, in pixels")
    max_unpacked: int = Field(default=8_000_000_000, gt=0, description="most bytes that an archive may unpack to")
    pdf_dpi: int = Field(default=200, ge=36, le=1200, description="resolution for PDF pages that are not one picture")
    policy: str = Field(default="", description="file of policies; empty: policy.toml in or beside the chapter")


class SegmentConfig(Table):
    """Finding the lettering."""

    engine: str = Field(default="net", description="who looks for lettering")
    weights: str = Field(default="", description="file of weights for the network, instead of those that are shipped")
    keep: tuple[Kind, ...] = Field(default=("sfx", "other"), description="kinds of lettering that stay on the page")
    direction: Literal["auto", "rtl", "ltr", "ttb"] = Field(default="auto", description="reading direction")

    @field_validator("keep")
    @classmethod
    def _in_order(cls, keep: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """One order for one choice: settings that mean the same are the same."""
        return kinds.ordered(keep)


class InpaintConfig(Table):
    """Removing the lettering."""

    engine: str = Field(default="net", description="who paints grounds that are not flat")
    weights: str = Field(default="", description="file of weights, for `net` and `lama`: .onnx, or .pt for `lama`")
    flat: float = Field(
        default=6.0, ge=0, description="standard deviation (grey levels) up to which a ground is filled flat"
    )
    lines: bool = Field(default=True, description="draw straight lines, such as borders, that go on behind lettering")
    core: int = Field(default=512, ge=64, description="side of the part of a tile that is kept, px")
    context: int = Field(default=96, ge=0, description="surroundings that a tile sees on each side, px")


class OcrConfig(Table):
    """Reading the lettering."""

    engine: str = Field(default="rapidocr", description="who reads; `none` leaves placeholders")
    language: str = Field(default="ja", description="ja, zh, ko, en, or mixed: each text by its letters")
    weights: str = Field(default="", description="folder or file of weights, for engines that take one")


class TypesetConfig(Table):
    """Setting the translation."""

    language: str = Field(default="en", description="language of the translation: en, fr, vi, ru, zh, zh-hant, ar, …")
    font: str = Field(default="", description="name or file of one font for all; empty: a shipped one for each kind")
    font_speech: str = Field(default="", description="font of speech, instead")
    font_thought: str = Field(default="", description="font of thoughts")
    font_caption: str = Field(default="", description="font of captions")
    font_shout: str = Field(default="", description="font of speech that ends with !! or is all loud")
    font_sfx: str = Field(default="", description="font of sound effects")
    font_other: str = Field(default="", description="font of all other lettering")
    size: float = Field(default=0.0, ge=0, le=2000, description="em of speech, px; 0: from the source, for the chapter")
    scale: float = Field(
        default=0.0, ge=0, le=3, description="em of speech as a share of the source's; 0: 0.65, for CJK 0.85"
    )
    smallest: float = Field(default=0.6, gt=0.1, le=1, description="how far a text may shrink, as a share of its size")
    shout: float = Field(default=1.2, ge=1, le=3, description="how much larger shouts are")
    leading: float = Field(default=0.0, ge=0, le=3, description="from line to line, ems; 0: as the script has it")
    tracking: float = Field(default=0.0, ge=-0.2, le=1, description="added between letters, ems")
    margin: float = Field(default=0.3, ge=0, le=2, description="between text and balloon, ems")
    align: Literal["auto", "left", "center", "right"] = Field(
        default="auto", description="auto: captions at their beginning, all else centred"
    )
    direction: Literal["auto", "horizontal", "vertical"] = Field(
        default="auto", description="auto: vertical where the source is and the translation is Chinese or Japanese"
    )
    capitals: bool = Field(default=True, description="all capitals, as comics are lettered")
    hyphens: bool = Field(default=True, description="long words may be divided where nothing else helps")
    color: str = Field(default="source", pattern=COLOR + "|source", description="#rrggbb, or source")
    outline: str = Field(
        default="auto", pattern=COLOR + "|auto|none", description="#rrggbb, none, or auto: on art, and as the source"
    )
    untranslated: Literal["blank", "source"] = Field(
        default="blank", description="what stands where nothing is translated: nothing, or the source text as read"
    )


class OutputConfig(Table):
    """What is written."""

    format: Literal["png", "same", "webp", "jpg"] = Field(
        default="png", description="format of cleaned pages; `same` as input"
    )
    quality: int = Field(default=95, ge=1, le=100, description="quality of JPEG and WebP pages")
    export: tuple[str, ...] = Field(default=(), description="books made at the end: cbz, pdf, epub, …")


class ExportConfig(Table):
    """Making books: what is said about them, and what goes in."""

    title: str = Field(default="", description="title of the chapter or book; empty: as the source says or is named")
    series: str = Field(default="", description="series that it belongs to")
    number: str = Field(default="", description="number in the series, such as 12 or 12.5")
    author: str = Field(default="", description="who made the comic")
    translator: str = Field(default="", description="who translated it")
    group: str = Field(default="", description="group that publishes it")
    language: str = Field(
        default="", description="language code; empty: typeset.language if pages are typeset, else the source's"
    )
    pages: Literal["typeset", "cleaned"] = Field(default="typeset", description="cleaned: leave the translation out")
    quality: int = Field(default=0, ge=0, le=100, description="pages as JPEG of this quality; 0: as they are")
    searchable: bool = Field(default=True, description="PDF: an invisible layer of text")


class RunConfig(Table):
    """How the work is done."""

    workers: int = Field(default=0, ge=0, description="processes that clean pages; 0 = one for each core")
    max_memory: int = Field(default=0, ge=0, description="MB for all processes, pages of usual size; 0 = no limit")


class Config(Table):
    """All settings."""

    input: InputConfig = InputConfig()
    segment: SegmentConfig = SegmentConfig()
    inpaint: InpaintConfig = InpaintConfig()
    ocr: OcrConfig = OcrConfig()
    typeset: TypesetConfig = TypesetConfig()
    output: OutputConfig = OutputConfig()
    export: ExportConfig = ExportConfig()
    run: RunConfig = RunConfig()
    _decided: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def decided(self) -> frozenset[str]:
        """Kinds of lettering on which the command line has the last word, over a chapter's policy."""
        return self._decided

    def with_keep(self, keep: tuple[Kind, ...]) -> "Config":
        """These settings, but for the kinds of lettering that stay."""
        return self.model_copy(update={"segment": self.segment.model_copy(update={"keep": keep})})


_Values = dict[str, dict[str, object]]  # which settings a layer sets: table → name → value


@dataclass(frozen=True, slots=True)
class _Layer:
    origin: str
    values: _Values


def resolve(
    workflow: str | Path | None = None,
    sets: Sequence[str] = (),
    keep: Sequence[str] = (),
    clean: Sequence[str] = (),
    **tables: Mapping[str, object],
) -> Config:
    """Defaults, then the workflow (the name of a shipped one, or a TOML file), then `sets` ("stage.name=value").

    `tables` are laid over that (`run={"workers": 2}`), and `keep` and `clean` change `segment.keep` at the end.
    Raises UsageError for unknown names and wrong values.
    """
    values: _Values = {}
    origins: dict[str, str] = {}
    for layer in _layers(workflow, sets, tables):
        for table, settings in layer.values.items():
            values.setdefault(table, {}).update(settings)
            origins.update({f"{table}.{name}": layer.origin for name in settings})
    try:
        # Strict: `core = true` and `core = "512"` in a workflow file are mistakes, not numbers.
        config = Config.model_validate(values, strict=True)
    except ValidationError as error:
        raise UsageError("\n".join(_wrong(entry, origins) for entry in error.errors())) from None
    if origins.get("segment.keep") == "--set":
        config._decided = frozenset(get_args(Kind))
    return keep_clean(config, keep, clean)


def origins(
    workflow: str | Path | None = None,
    sets: Sequence[str] = (),
    keep: Sequence[str] = (),
    clean: Sequence[str] = (),
    **tables: Mapping[str, object],
) -> dict[str, str]:
    """Where each value of `resolve(…)` comes from: "segment.keep" → "default", "workflow manga", "--set" …"""
    found = {f"{table}.{name}": "default" for table, name in _names()}
    for layer in _layers(workflow, sets, tables):
        found.update({f"{table}.{name}": layer.origin for table, settings in layer.values.items() for name in settings})
    if keep or clean:
        found["segment.keep"] = "--keep, --clean"
    return found


def keep_clean(config: Config, keep: Sequence[str] = (), clean: Sequence[str] = ()) -> Config:
    """`config` with kinds of lettering added to `segment.keep`, or taken from it; "sfx,other" names two."""
    kept, cleaned = kinds.listed("--keep", keep), kinds.listed("--clean", clean)
    if both := kept & cleaned:
        raise UsageError(f"'{min(both)}' is named by both --keep and --clean; name it once")
    changed = config.with_keep(kinds.ordered((set(config.segment.keep) | kept) - cleaned))
    changed._decided = config.decided | kept | cleaned
    return changed


def _names() -> list[tuple[str, str]]:
    return [(table, name) for table, model in Config() for name in type(model).model_fields]


def _layers(
    workflow: str | Path | None, sets: Sequence[str], tables: Mapping[str, Mapping[str, object]]
) -> Iterator[_Layer]:
    if workflow is not None:
        yield _workflow(workflow)
    for text in sets:
        yield _set(text)
    if tables:
        values = {table: {name: _tupled(value) for name, value in given.items()} for table, given in tables.items()}
        yield _checked(_Layer("options", values))


def _workflow(workflow: str | Path) -> _Layer:
    layer = _Layer(f"workflow {workflow}", {})
    for table, settings in read_workflow(workflow).items():
        if not isinstance(settings, dict):
            raise UsageError(f"{layer.origin}: '{table}' stands outside a table; put it under [segment], say")
        layer.values[table] = {name: _tupled(value) for name, value in settings.items()}
    return _checked(layer)


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _set(text: str) -> _Layer:
    key, equals, value = text.partition("=")
    table, dot, name = key.strip().partition(".")
    if not equals or not dot:
        raise UsageError(f"--set {text}: write it as stage.name=value, as in --set inpaint.engine=telea")
    _checked(_Layer("--set", {table: {name: value}}))
    annotation = type(getattr(Config(), table)).model_fields[name].annotation
    return _Layer("--set", {table: {name: _typed(annotation, value.strip())}})


def _typed(annotation: object, text: str) -> object:
    """`text` as the type of a setting; text that does not fit stays text, and the model says what is wrong with it."""
    if get_origin(annotation) is tuple:
        return tuple(word.strip() for word in text.split(",") if word.strip())
    if annotation is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if annotation in (int, float):
        with suppress(ValueError):
            return annotation(text)
    return text


def _checked(layer: _Layer) -> _Layer:
    """The layer, once all its tables and settings are known ones."""
    known: dict[str, list[str]] = {}
    for table, name in _names():
        known.setdefault(table, []).append(name)
    for table, settings in layer.values.items():
        if table not in known:
            raise UsageError(f"unknown table: {did_you_mean(table, known)} ({layer.origin})")
        for name in settings:
            if name not in known[table]:
                raise UsageError(f"unknown setting in [{table}]: {did_you_mean(name, known[table])} ({layer.origin})")
    return layer


def _wrong(entry: "ErrorDetails", origins: Mapping[str, str]) -> str:
    table, name, *_ = map(str, entry["loc"])
    rule = entry["msg"].removeprefix("Input should be ").replace("tuple", "list")
    return f"wrong value in [{table}]: {name} = {entry['input']!r} ({origins[f'{table}.{name}']}); it should be {rule}"
