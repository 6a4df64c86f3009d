"""A figure as a list of soft shapes hung on its skeleton: which bone carries what thickness and colour."""

from dataclasses import dataclass

from sora.demo.appearance import Colour, Look
from sora.demo.figure import SIDES, Body


@dataclass(frozen=True)
class Circle:
    """A circle on the line between two joints; ``share`` 0 is at the first, 1 at the second."""

    first: str
    second: str
    share: float
    radius: float  # body heights


@dataclass(frozen=True)
class Part:
    """The convex hull of circles, in one colour. Parts of one group are outlined together, without seams."""

    group: str
    colour: Colour
    circles: tuple[Circle, ...]


def dress(body: Body, look: Look) -> tuple[Part, ...]:
    """Return the parts of a clothed figure; within a group, later ones lie on top."""
    limbs = [part for side, _ in SIDES for part in (*_leg(side, body, look), *_arm(side, body, look))]
    return (*limbs, *_trunk(body, look), *_head(body, look))


def _at(joint: str, radius: float) -> Circle:
    return Circle(joint, joint, 0.0, radius)


def _leg(side: str, body: Body, look: Look) -> list[Part]:
    hip, knee, ankle = f"{side}_hip", f"{side}_knee", f"{side}_ankle"
    wide, middle, narrow = (body.stoutness * radius for radius in (0.056, 0.040, 0.025))
    below_knee = look.trousers if look.long_trousers else look.skin
    loose = 1.15 if look.long_trousers else 1.0
    group = f"{side} leg"
    return [
        Part(group, look.shoes, (_at(f"{side}_heel", 0.021), _at(f"{side}_toe", 0.019), _at(ankle, 0.024))),
        Part(
            group,
            below_knee,
            (_at(knee, middle * 0.95), Circle(knee, ankle, 0.35, middle), _at(ankle, narrow * loose)),
        ),
        Part(group, look.trousers, (Circle(hip, knee, 0.1, wide), _at(knee, middle))),
    ]


def _arm(side: str, body: Body, look: Look) -> list[Part]:
    shoulder, elbow, wrist = f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"
    wide, middle, narrow = (body.stoutness * radius for radius in (0.037, 0.028, 0.021))
    lower = look.shirt if look.long_sleeves else look.skin
    sleeve = 1.0 if look.long_sleeves else 0.55
    upper_group, lower_group = f"{side} upper arm", f"{side} forearm"
    return [
        Part(upper_group, lower, (_at(shoulder, wide), _at(elbow, middle))),
        Part(
            upper_group,
            look.shirt,
            (_at(shoulder, wide * 1.06), Circle(shoulder, elbow, sleeve, middle * 1.1)),
        ),
        Part(lower_group, look.skin, (_at(wrist, 0.021), _at(f"{side}_fingers", 0.019))),
        Part(lower_group, lower, (_at(elbow, middle), _at(wrist, narrow))),
    ]


def _trunk(body: Body, look: Look) -> list[Part]:
    stout = body.stoutness
    hips = [_at(f"{side}_hip", 0.058 * stout) for side, _ in SIDES]
    waist = [_at(f"{side}_waist", 0.05 * stout) for side, _ in SIDES]
    shoulders = [_at(f"{side}_shoulder", 0.036 * stout) for side, _ in SIDES]
    hem = [Circle(f"{side}_hip", f"{side}_waist", 0.45, 0.055 * stout) for side, _ in SIDES]
    return [
        Part("trunk", look.skin, (_at("neck", 0.03 * stout), Circle("neck", "head", 0.6, 0.03))),
        Part("trunk", look.trousers, (*hips, *waist)),
        Part("trunk", look.shirt, (*hem, *waist)),
        Part(
            "trunk", look.shirt, (*waist, *shoulders, _at("neck", 0.03 * stout), _at("chest", 0.062 * stout))
        ),
    ]


def _head(body: Body, look: Look) -> list[Part]:
    radius = body.head_radius
    face = [
        Part("head", look.skin, (_at("head", 0.78 * radius), _at("chin", 0.52 * radius))),
        Part("head", look.skin, (_at("nose", 0.13 * radius), Circle("head", "nose", 0.8, 0.2 * radius))),
    ]
    eyes = [Part("head", (36, 28, 28), (_at(f"{side}_eye", 0.105 * radius),)) for side, _ in SIDES]
    return [*_hair_behind(radius, look), *face, *eyes, *_hair_on_top(radius, look)]


def _hair_behind(radius: float, look: Look) -> list[Part]:
    skull = (_at("head", 0.84 * radius), _at("crown", 0.88 * radius))
    if look.hair_style == "bald":
        return [Part("head", look.skin, skull)]
    if look.hair_style == "long":
        falling = (_at("nape", 0.72 * radius), Circle("nape", "neck", 0.7, 0.5 * radius))
        return [Part("falling hair", look.hair, falling), Part("head", look.hair, skull)]
    if look.hair_style == "bun":
        bun = Part("head", look.hair, (Circle("chin", "crown", 2.0, 0.4 * radius),))
        return [bun, Part("head", look.hair, (*skull, _at("nape", 0.5 * radius)))]
    return [Part("head", look.hair, (*skull, _at("nape", 0.42 * radius)))]


def _hair_on_top(radius: float, look: Look) -> list[Part]:
    if look.hair_style == "bald":
        return []
    colour = look.shoes if look.hair_style == "cap" else look.hair
    temples = [f"{side}_temple" for side, _ in SIDES]
    top = Part(
        "head",
        colour,
        (Circle("chin", "crown", 1.5, 0.52 * radius), *(_at(temple, 0.3 * radius) for temple in temples)),
    )
    if look.hair_style != "cap":
        return [top]
    rim = (_at("brow", 0.12 * radius), *(_at(temple, 0.14 * radius) for temple in temples))
    return [top, Part("head", colour, rim)]
