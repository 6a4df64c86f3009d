"""Lineage for people, as lines, and for programs, as plain values."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sora.provenance import here
from sora.provenance.checking import Checked
from sora.provenance.record import Link, Record
from sora.provenance.tracing import HERE, ModelTrace, Sighting, VideoTrace
from sora.provenance.videos import LEARNED, counts

# What each link was made from, last to first; of what is recorded no link is left out.
_TREE: dict[str, tuple[str, ...]] = {
    here.BENTO: (here.COMPRESSED,),
    here.COMPRESSED: (here.MODEL, "backbone"),
    here.MODEL: ("features", "splits", "parameters", here.CODE, "pipeline"),
    "features": ("input spec", "validated videos"),
    "validated videos": (here.SOURCES,),
}
_NUM_DIGITS = 12
_MARKS = {"matches": "ok", "differs": "DIFFERS", "is not here": "not here"}


def model_lines(found: ModelTrace, serving: str, checked: Sequence[Checked] = ()) -> list[str]:
    """Return what a model came from as a tree, with what was found where its hashes were recomputed."""
    record = found.record
    links = {link.name: link for link in record.links}
    states = {one.link.name: one for one in checked}
    tree = [
        f"{lead + name:<32} {_digits(links[name]):<20} {_said(links[name], found, states.get(name))}".rstrip()
        for lead, name in _walk(here.BENTO, links)
    ]
    about = video_lines(found.prediction, serving) if found.prediction else []
    return [_title(found, serving), *_parent(record), *tree, "", *_how_to_verify(found), *_after(about)]


def video_lines(found: VideoTrace, serving: str) -> list[str]:
    """Return which models saw a video, one a line."""
    title = f"video {found.content_hash[:_NUM_DIGITS] or 'of several contents'}"
    if not found.sightings:
        return [f"{title}: no known model saw it"]
    return [title, *(f"  {_sighting(one, serving)}" for one in found.sightings)]


def as_json(found: ModelTrace | VideoTrace, serving: str, checked: Sequence[Checked] = ()) -> dict[str, Any]:
    """Return plain values."""
    if isinstance(found, VideoTrace):
        sightings = [asdict(one) | {"serves": one.version == serving} for one in found.sightings]
        return {"content_hash": found.content_hash, "seen_by": sightings}
    record = found.record
    return {
        **record.as_json(),
        "serves": bool(record.version) and record.version == serving,
        "videos": counts(found.videos),
        **({"prediction": as_json(found.prediction, serving)} if found.prediction else {}),
        **({"checks": [asdict(one) for one in checked]} if checked else {}),
    }


def _walk(name: str, known: Collection[str], lead: str = "", below: str = "") -> list[tuple[str, str]]:
    """Return the tree from ``name`` on, depth first, each with what is drawn before it."""
    rows, children = [(lead, name)], _children(name, known)
    for number, child in enumerate(children, start=1):
        branch, under = ("└─ ", "   ") if number == len(children) else ("├─ ", "│  ")
        rows += _walk(child, known, below + branch, below + under)
    return rows


def _children(name: str, known: Collection[str]) -> list[str]:
    """Return what a link was made from, past links that were not recorded."""
    return [
        each
        for child in _TREE.get(name, ())
        for each in ([child] if child in known else _children(child, known))
    ]


def _title(found: ModelTrace, serving: str) -> str:
    record = found.record
    if not record.version:
        return f"model {record.bundle_version} ({record.variant}), which is here and was not promoted"
    serves = ", serves" if record.version == serving else ""
    return f"model {record.version} ({record.variant}{serves}), git tag {record.tag}"


def _parent(record: Record) -> list[str]:
    if not record.parent_digest:
        return []
    known = (
        record.parent
        or f"{record.parent_digest[:_NUM_DIGITS]}, which is not known here: what it saw is not told"
    )
    return [f"trained on from {known}"]


def _digits(link: Link) -> str:
    end = here.UNCOMMITTED if link.digest.endswith(here.UNCOMMITTED) else ""
    return link.digest[:_NUM_DIGITS] + end or "no commit"


def _said(link: Link, found: ModelTrace, checked: Checked | None) -> str:
    what = {"videos": f"{link.path}  {_counted(found)}", "git": "git commit"}.get(link.kind, link.path)
    if checked is None:
        return what
    remark = f": {checked.remark}" if checked.remark else ""
    return f"{what}  {_MARKS[checked.state]}{remark}".strip()


def _counted(found: ModelTrace) -> str:
    return ", ".join(f"{role} {number}" for role, number in counts(found.videos).items() if number)


def _how_to_verify(found: ModelTrace) -> list[str]:
    record = found.record
    if found.is_here:
        return ["verify: sora lineage --check"]
    return [
        f"verify: git checkout {record.tag} && dvc checkout && sora lineage --check",
        "make it again: dvc repro --force train evaluate",
    ]


def _sighting(one: Sighting, serving: str) -> str:
    name = "the model that is here" if one.version == HERE else one.version
    serves = " (serves)" if one.version == serving else ""
    views = f", {one.num_views} views" if one.num_views > 1 else ""
    through = f", by {one.through}, which it was trained on from" if one.through else ""
    learned = "learned" if one.role in LEARNED else "not learned"
    reason = f": {one.reason}" if one.reason else ""
    return f"{name}{serves}: {one.role}, {learned}{views}{through}, as {one.path} ({one.label}){reason}"


def _after(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
