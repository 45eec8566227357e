"""Three-way merge of a page's regions: what the program wrote, what a person made of it, what the program makes now."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from mangaclean.textmodels import PageModel, RegionModel, unused
from mangaclean.types import Box

LOST = " (no longer found)"
NEAR = 0.5  # intersection over union from which two boxes are one region
POSITIONAL = {"id", "order"}  # follow from where a region stands; `translation` is always the person's
DECIDED = ("text", "kind", "action")  # what a person who adds a region decides; its geometry is the program's to refine

Pairs = dict[int, int]
Key = tuple[int | None, int]  # index in theirs or None, index in new or -1
T = TypeVar("T", bound=Hashable)


def merge(
    base: Sequence[RegionModel] | None, theirs: Sequence[RegionModel], new: Sequence[RegionModel]
) -> list[RegionModel]:
    """The regions that a page of text.json gets.

    `base` are the page's regions as the program last wrote them (None: unknown), `theirs` those now in text.json, `new`
    those that the program made now. Field by field, what a person changed is kept, the rest is new; `translation` and
    unknown keys are always the person's. Added regions stay, deleted ones stay deleted; one that holds a person's work
    but is no longer found goes to the end with a remark in its reason.

    Merging again with the same `base` or with `new` as `base` changes nothing: a killed run may repeat it.
    """
    known = base is not None
    base = base or ()
    base_new = _pair(base, new)  # base → new
    base_theirs = _find_base(base, theirs, new, base_new)
    theirs_base = {t: b for b, t in base_theirs.items()}
    theirs_new = {t: base_new[b] for b, t in base_theirs.items() if b in base_new}
    loose_t = [t for t in range(len(theirs)) if t not in theirs_new]
    loose_n = [n for n in range(len(new)) if n not in base_new.values()]
    pairs = _pair([theirs[t] for t in loose_t], [new[n] for n in loose_n])
    found_by_place = {loose_t[t]: loose_n[n] for t, n in pairs.items()}
    theirs_new |= found_by_place

    made: dict[int, RegionModel] = {}  # index in theirs → merged region
    lost: list[int] = []
    for t, their in enumerate(theirs):
        origin = base[theirs_base[t]] if t in theirs_base else None
        if t in theirs_new:
            made[t] = _fields(origin, their, new[theirs_new[t]], known)
            if origin is not None and t in found_by_place:  # only by its old id will a repeated merge know its base
                made[t] = made[t].model_copy(update={"id": their.id})
        elif origin is None and known:
            made[t] = their.model_copy()
        elif _worked_on(origin, their):
            reason = their.reason if their.reason.endswith(LOST) else their.reason + LOST
            made[t] = their.model_copy(update={"reason": reason})
            lost.append(t)

    deleted = {n for b, n in base_new.items() if b not in base_theirs}
    found = [n for n in range(len(new)) if n not in deleted and n not in theirs_new.values()]
    keys = _sequence(theirs, made, lost, theirs_base, theirs_new, found)
    regions = [made[t] if t is not None else new[n] for t, n in keys]
    return _numbered(regions, keys, {region.id for region in new})


def merge_page(base: PageModel | None, theirs: PageModel | None, new: PageModel) -> PageModel:
    """`merge` for a page's entry; keys that a person added to the page are kept."""
    if theirs is None:
        return new
    regions = merge(base.regions if base else None, theirs.regions, new.regions)
    extra = theirs.model_extra or {}
    return new.model_copy(update={**extra, "regions": regions})


def _pair(left: Sequence[RegionModel], right: Sequence[RegionModel]) -> Pairs:
    """Indices in `left` → indices in `right` that mean the same region: by id, then by place, best overlap first."""
    pairs: Pairs = {}
    taken: set[int] = set()
    ids = {region.id: j for j, region in enumerate(right)}
    for i, region in enumerate(left):
        if (j := ids.get(region.id)) is not None and j not in taken:
            pairs[i] = j
            taken.add(j)
    near = sorted(
        (-share, i, j)
        for i, a in enumerate(left)
        if i not in pairs
        for j, b in enumerate(right)
        if j not in taken and (share := _share(Box(*a.box), Box(*b.box))) > NEAR
    )
    for _, i, j in near:
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _find_base(
    base: Sequence[RegionModel], theirs: Sequence[RegionModel], new: Sequence[RegionModel], base_new: Pairs
) -> Pairs:
    """Base → theirs. A region that an earlier, killed merge gave its new id is known by way of the new one."""
    ids = {region.id: t for t, region in enumerate(theirs)}
    pairs = {b: ids[region.id] for b, region in enumerate(base) if region.id in ids}
    for b, n in base_new.items():
        t = ids.get(new[n].id)
        if b not in pairs and t is not None and t not in pairs.values():
            pairs[b] = t
    new_ids = {region.id for region in new}
    loose = [t for t, r in enumerate(theirs) if t not in pairs.values() and r.id not in new_ids]
    # By place only those that are found anew: a region that the first of two merges dropped must not catch another
    left = [b for b in base_new if b not in pairs]
    placed = _pair([base[b] for b in left], [theirs[t] for t in loose])
    return pairs | {left[b]: loose[t] for b, t in placed.items()}


def _share(a: Box, b: Box) -> float:
    both = a.overlap(b)
    return both / (a.area + b.area - both) if both else 0.0


def _fields(origin: RegionModel | None, their: RegionModel, new: RegionModel, known: bool) -> RegionModel:
    update: dict[str, Any] = dict(their.model_extra or {}) | {"translation": their.translation}
    if origin is not None:
        update |= {name: getattr(their, name) for name in _edited(origin, their)}
    elif known:
        update |= {name: value for name in DECIDED if (value := getattr(their, name))}
    elif their.text:
        update["text"] = their.text
    return new.model_copy(update=update)


def _edited(origin: RegionModel, their: RegionModel) -> list[str]:
    names = (name for name in RegionModel.model_fields if name not in POSITIONAL)
    return [name for name in names if getattr(origin, name) != getattr(their, name)]


def _worked_on(origin: RegionModel | None, their: RegionModel) -> bool:
    if origin is None:  # nobody knows who wrote it: rather one region too many than a person's words lost
        return bool(their.translation or their.text or their.model_extra or not their.lines)
    return bool(their.translation or their.model_extra or _edited(origin, their))


def _sequence(
    theirs: Sequence[RegionModel],
    made: dict[int, RegionModel],
    lost: list[int],
    theirs_base: Pairs,
    theirs_new: Pairs,
    found: list[int],
) -> list[Key]:
    """The merged regions as (index in theirs or None, index in new or -1), in reading order.

    The program's order holds unless a person changed it, by moving regions or by their `order`.
    """
    stay = [t for t in made if t not in lost]
    anchored = [t for t in stay if t in theirs_base]
    if anchored == sorted(anchored, key=theirs_base.__getitem__):  # not moved; perhaps renumbered
        renumbered = sorted(anchored, key=lambda t: theirs[t].order)
        stay = _woven(renumbered, stay) if renumbered != anchored else stay
    both = [t for t in stay if t in theirs_base and t in theirs_new]
    reordered = both != sorted(both, key=theirs_base.__getitem__)
    mine: list[Key] = [(t, n) for t, n in theirs_new.items()] + [(None, n) for n in found]
    mine.sort(key=lambda key: key[1])
    person: list[Key] = [(t, theirs_new.get(t, -1)) for t in stay]
    return (_woven(person, mine) if reordered else _woven(mine, person)) + [(t, -1) for t in lost]


def _woven(first: Sequence[T], second: Sequence[T]) -> list[T]:
    """`first`, with what only `second` has put in behind the same neighbour as there."""
    have = set(first)
    after: dict[T | None, list[T]] = {}
    anchor: T | None = None
    for item in second:
        if item in have:
            anchor = item
        else:
            after.setdefault(anchor, []).append(item)
    return [*after.get(None, []), *(k for item in first for k in (item, *after.get(item, [])))]


def _numbered(regions: Sequence[RegionModel], keys: Sequence[Key], own: set[str]) -> list[RegionModel]:
    """With `order` counted from 1 and ids that are unique; the program's `own` ids give way to none."""
    taken = own | {region.id for region in regions}
    made = []
    for i, (region, (_, n)) in enumerate(zip(regions, keys, strict=True)):
        name = unused(region.id, taken) if n < 0 and region.id in own else region.id
        taken.add(name)
        made.append(region.model_copy(update={"id": name, "order": i + 1}))
    return made
