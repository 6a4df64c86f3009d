"""A plain text about a video, made from its tags and times; it says no more than the networks do."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from sora.apps.analysis.content import Analysis, Gap
from sora.apps.summary.chinese import NAMES
from sora.apps.summary.times import clock
from sora.apps.tagging.tags import Tag

Language = Literal["en", "zh"]

_SURE = 0.85
_THROUGHOUT = 0.95  # share of the video
_SHORT_SECONDS = 10  # told to a tenth
_MAX_NAMES = 8
_MAX_SPANS = 3


class _Named(NamedTuple):
    """What is seen under one name: all its spans, how sure it is there, and its share of the video."""

    name: str
    spans: list[tuple[float, float]]
    confidence: float
    seconds: float


def describe(analysis: Analysis, tags: Sequence[Tag], language: Language) -> str:
    """Tell what is in a video, in a few sentences, in English or Chinese.

    Labels stand there as the bundle has them, but for capitals and underscores in English; in Chinese,
    objects without a translation here are left out.
    """
    labels = _by_name([tag for tag in tags if tag.kind == "label"])
    objects = _by_name([tag for tag in tags if tag.kind != "label"])
    return (_chinese if language == "zh" else _english)(analysis, labels, objects)


def plain_label(label: str) -> str:
    """Return a label as words: WalkingWithDog and walking_with_dog are "walking with dog"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label).replace("_", " ")
    return " ".join(word if word.isupper() else word.lower() for word in spaced.split())


def _by_name(tags: Sequence[Tag]) -> list[_Named]:
    """Gather tags by name, those seen longest, by their first time."""
    found = []
    for name in dict.fromkeys(tag.name for tag in tags):
        own = [tag for tag in tags if tag.name == name]
        seconds = sum(tag.seconds for tag in own)
        confidence = sum(tag.confidence * tag.seconds for tag in own) / seconds
        found.append(_Named(name, [(tag.start_seconds, tag.end_seconds) for tag in own], confidence, seconds))
    longest = sorted(found, key=lambda named: -named.seconds)[:_MAX_NAMES]
    return [named for named in found if named in longest]


def _english(analysis: Analysis, labels: list[_Named], objects: list[_Named]) -> str:
    duration = analysis.facts.duration_seconds
    shots = "is a single shot" if analysis.num_shots == 1 else f"has {analysis.num_shots} shots"
    sentences = [f"The video lasts {_english_duration(duration)} and {shots}."]
    sure = [f'"{plain_label(one.name)}"{_when(one, duration)}' for one in labels if one.confidence >= _SURE]
    unsure = [f'"{plain_label(one.name)}"{_when(one, duration)}' for one in labels if one.confidence < _SURE]
    if sure:
        sentences.append(f"The model recognises {_english_list(sure)}.")
    if unsure:
        sentences.append(f"It may {'also ' if sure else ''}show {_english_list(unsure)}.")
    if not labels:
        sentences.append("The model is not sure of any of its labels.")
    if objects:
        names = [f"{one.name}{_when(one, duration)}" for one in objects]
        sentences.append(f"Objects and scenes that seem to be in it: {_english_list(names)}.")
    if analysis.gaps:
        sentences.append(f"Not judged: {_english_list(_gap_spans(analysis.gaps))}.")
    return " ".join(sentences)


def _chinese(analysis: Analysis, labels: list[_Named], objects: list[_Named]) -> str:
    duration = analysis.facts.duration_seconds
    shots = "只有一个镜头" if analysis.num_shots == 1 else f"共有 {analysis.num_shots} 个镜头"
    sentences = [f"视频时长 {_chinese_duration(duration)}，{shots}。"]
    sure = [f"“{one.name}”{_when_zh(one, duration)}" for one in labels if one.confidence >= _SURE]
    unsure = [f"“{one.name}”{_when_zh(one, duration)}" for one in labels if one.confidence < _SURE]
    if sure:
        sentences.append(f"模型识别出{_chinese_list(sure)}。")
    if unsure:
        sentences.append(f"可能{'还' if sure else ''}有{_chinese_list(unsure)}。")
    if not labels:
        sentences.append("模型对所有标签都没有把握。")
    names = [f"{NAMES[one.name]}{_when_zh(one, duration)}" for one in objects if one.name in NAMES]
    if names:
        sentences.append(f"画面中似乎还有{_chinese_list(names)}。")
    if analysis.gaps:
        sentences.append(f"无法判断的部分：{'、'.join(_gap_spans(analysis.gaps))}。")
    return "".join(sentences)


def _when(named: _Named, duration: float) -> str:
    return " throughout" if named.seconds >= _THROUGHOUT * duration else f" ({_spans(named, ', and more')})"


def _when_zh(named: _Named, duration: float) -> str:
    return "（全程）" if named.seconds >= _THROUGHOUT * duration else f"（{_spans(named, ' 等')}）"


def _spans(named: _Named, more: str) -> str:
    shown = ", ".join(f"{clock(start)}–{clock(end)}" for start, end in named.spans[:_MAX_SPANS])
    return shown + (more if len(named.spans) > _MAX_SPANS else "")


def _gap_spans(gaps: Sequence[Gap]) -> list[str]:
    """Return where gaps are, those that touch as one."""
    merged: list[tuple[float, float]] = []
    for gap in gaps:
        start = gap.start_seconds
        if merged and start - merged[-1][1] < 0.01:
            start = merged.pop()[0]
        merged.append((start, gap.end_seconds))
    return [f"{clock(start)}–{clock(end)}" for start, end in merged]


def _english_list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _chinese_list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{'、'.join(parts[:-1])}和{parts[-1]}"


def _english_duration(seconds: float) -> str:
    if seconds < _SHORT_SECONDS:
        return f"{_tenths(seconds)} second{'' if _tenths(seconds) == '1' else 's'}"
    values = [
        (number, unit) for number, unit in zip(_parts(seconds), ("hour", "minute", "second"), strict=True)
    ]
    words = [f"{number} {unit}{'s' if number != 1 else ''}" for number, unit in values if number]
    return _english_list(words)


def _chinese_duration(seconds: float) -> str:
    if seconds < _SHORT_SECONDS:
        return f"{_tenths(seconds)} 秒"
    values = zip(_parts(seconds), ("小时", "分钟", "秒"), strict=True)
    return " ".join(f"{number} {unit}" for number, unit in values if number)


def _tenths(seconds: float) -> str:
    return f"{max(seconds, 0.1):.1f}".removesuffix(".0")


def _parts(seconds: float) -> tuple[int, int, int]:
    whole = int(seconds)  # as clock does, so that a text does not contradict itself
    return whole // 3600, whole // 60 % 60, whole % 60
