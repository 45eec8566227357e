"""The pydantic models of text.json, their way to and from `types.Region`, and region ids."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mangaclean.types import Action, Box, Direction, Kind, Line, Region, Style

VERSION = 1
CELLS = 48  # ids are cells of a grid this fine across the shorter side: a box may move a little and keep its id

Points = list[tuple[int, int]]


class Model(BaseModel):
    """A part of text.json; keys that it does not know belong to a person or another tool, and are kept."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class LineModel(Model):
    polygon: tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
    text: str = ""
    score: float = 1.0
    confidence: float = 0.0


def _box(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) == 4 and all(isinstance(v, int | float) for v in value):
        left, top, right, bottom = value
        if not (left < right and top < bottom):
            raise ValueError("a box is [left, top, right, bottom], with left < right and top < bottom")
    return value


BoxModel = Annotated[tuple[int, int, int, int], BeforeValidator(_box)]
ActionModel = Annotated[
    Action, BeforeValidator(lambda value: "fill" if value == "clean" else value)
]  # as --clean has it
Color = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class StyleModel(Model):
    """How a person wants one region set; what is left out follows the region's kind."""

    font: str | None = None
    size: float | None = Field(default=None, gt=0, le=2000)
    color: Color | None = None
    outline: Color | Literal["none"] | None = None
    align: Literal["left", "center", "right"] | None = None
    angle: float | None = None
    box: BoxModel | None = None
    direction: Literal["horizontal", "vertical"] | None = None


class RegionModel(Model):
    """One block of lettering. Only `box`, or `polygon`, is required, so that a person can add a region in one line."""

    id: str = ""
    order: int = 0
    panel: int = 0
    kind: Kind = "speech"
    box: BoxModel
    polygon: Points = []
    bubble: BoxModel | None = None
    vertical: bool = False
    angle: float = 0.0
    font_size: float = 0.0
    color: str = "#000000"
    outline: str | None = None
    text: str = ""
    confidence: float = 0.0
    translation: str = ""
    action: ActionModel = "keep"
    reason: str = ""
    style: StyleModel | None = None
    line_spacing: float = 0.0
    balloon: Points = []
    room: BoxModel | None = None
    lines: list[LineModel] = []
    ruby: list[LineModel] = []

    @model_validator(mode="before")
    @classmethod
    def _boxed(cls, raw: Any) -> Any:
        """A region that a person outlined has the box round its polygon."""
        if not isinstance(raw, dict) or "box" in raw or not raw.get("polygon"):
            return raw
        try:
            xs, ys = zip(*raw["polygon"], strict=True)
            return raw | {"box": [min(xs), min(ys), max(xs) + 1, max(ys) + 1]}
        except (TypeError, ValueError):
            return raw  # what is wrong with the polygon, its own check says


class PageModel(Model):
    page: str
    width: int
    height: int
    regions: list[RegionModel] = []

    @model_validator(mode="after")
    def _identify(self) -> "PageModel":
        """Regions that a person added by hand, or by copying another one, get an id of their own."""
        seen: set[str] = set()
        for region in self.regions:
            if not region.id or region.id in seen:
                stem = self.page.rpartition("/")[2].rpartition(".")[0] or self.page
                name = region_id(stem, Box(*region.box), (self.width, self.height))
                region.id = unused(name, seen | {other.id for other in self.regions})
            seen.add(region.id)
        return self


class TextFile(Model):
    version: int = VERSION
    direction: Direction = "rtl"
    language: str = "ja"
    pages: list[PageModel] = []

    def page(self, name: str) -> PageModel | None:
        return next((page for page in self.pages if page.page == name), None)

    def with_page(self, page: PageModel, names: Sequence[str]) -> "TextFile":
        """This file with `page` put in or replaced; pages stand as in `names`, those not named there at the end."""
        rank = {name: i for i, name in enumerate(names)}
        pages = [page, *(other for other in self.pages if other.page != page.page)]
        return self.model_copy(update={"pages": sorted(pages, key=lambda p: (rank.get(p.page, len(rank)), p.page))})


def region_id(page_stem: str, box: Box, page_size: tuple[int, int]) -> str:
    """An id such as 001-1a2f that says where a box's centre lies on a page of (width, height)."""
    cell = max(min(page_size) / CELLS, 1.0)
    x, y = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    return f"{page_stem}-{max(int(x / cell), 0):02x}{max(int(y / cell), 0):02x}"


def unused(name: str, taken: Iterable[str]) -> str:
    """`name`, or name-2, name-3, …: the first that is not taken."""
    taken = set(taken)
    number, made = 1, name
    while made in taken:
        number += 1
        made = f"{name}-{number}"
    return made


def assign_ids(page_stem: str, regions: Sequence[Region], page_size: tuple[int, int]) -> tuple[Region, ...]:
    """The regions of one page with ids that are unique on it and hardly change when boxes move a little.

    Floats are rounded as the files hold them, so that a resumed run, which reads them from a file, works on the same
    values as an undisturbed one. `page_size` is (width, height).
    """
    ids: dict[int, str] = {}
    taken: set[str] = set()
    # Two regions of one cell are told apart by place, not by reading order, which is less stable
    for index in sorted(range(len(regions)), key=lambda i: (regions[i].box.top, regions[i].box.left, i)):
        ids[index] = unused(region_id(page_stem, regions[index].box, page_size), taken)
        taken.add(ids[index])
    return tuple(to_region(to_model(replace(region, id=ids[i]))) for i, region in enumerate(regions))


def to_model(region: Region) -> RegionModel:
    """A region as text.json holds it: plain numbers, rounded; nothing translated yet."""
    return RegionModel.model_construct(
        id=region.id,
        order=int(region.order),
        panel=int(region.panel),
        kind=region.kind,
        box=_ints(region.box),
        polygon=[(int(x), int(y)) for x, y in region.polygon],
        bubble=None if region.bubble is None else _ints(region.bubble),
        vertical=bool(region.vertical),
        angle=round(float(region.angle), 2),
        font_size=round(float(region.font_size), 1),
        color=region.color,
        outline=region.outline,
        text=region.text,
        confidence=round(float(region.confidence), 3),
        translation="",
        action=region.action,
        reason=region.reason,
        line_spacing=round(float(region.line_spacing), 1),
        balloon=[(int(x), int(y)) for x, y in region.balloon],
        room=None if region.room is None else _ints(region.room),
        lines=[_to_line(line) for line in region.lines],
        ruby=[_to_line(line) for line in region.ruby],
    )


def _to_line(line: Line) -> LineModel:
    return LineModel.model_construct(
        polygon=tuple((int(x), int(y)) for x, y in line.polygon),
        text=line.text,
        score=round(float(line.score), 3),
        confidence=round(float(line.confidence), 3),
    )


def to_region(model: RegionModel) -> Region:
    """The value that the program works with."""
    box = Box(*model.box)
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    return Region(
        id=model.id,
        order=model.order,
        panel=model.panel,
        kind=model.kind,
        box=box,
        polygon=tuple(model.polygon) or corners,
        bubble=None if model.bubble is None else Box(*model.bubble),
        vertical=model.vertical,
        angle=model.angle,
        font_size=model.font_size,
        color=model.color,
        outline=model.outline,
        action=model.action,
        reason=model.reason,
        lines=tuple(map(_from_line, model.lines)),
        text=model.text,
        confidence=model.confidence,
        translation=model.translation,
        style=Style() if model.style is None else _style(model.style),
        ruby=tuple(map(_from_line, model.ruby)),
        line_spacing=model.line_spacing,
        balloon=tuple(model.balloon),
        room=None if model.room is None else Box(*model.room),
    )


def _from_line(model: LineModel) -> Line:
    return Line(model.polygon, model.score, model.text, model.confidence)


def _style(model: StyleModel) -> Style:
    """A style of text.json as the program works with it."""
    known = {name: getattr(model, name) for name in StyleModel.model_fields}
    return Style(**(known | {"box": None if model.box is None else Box(*model.box)}))


def to_page(page: str, page_size: tuple[int, int], regions: Iterable[Region]) -> PageModel:
    """The entry of a page of (width, height) with these regions."""
    width, height = page_size
    return PageModel.model_construct(page=page, width=width, height=height, regions=[to_model(r) for r in regions])


def _ints(box: Box) -> tuple[int, int, int, int]:
    return int(box.left), int(box.top), int(box.right), int(box.bottom)
