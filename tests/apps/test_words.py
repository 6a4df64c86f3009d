from analyses import analysis, without_extras

from sora.apps.analysis.content import Gap
from sora.apps.summary.times import clock
from sora.apps.summary.words import describe, plain_label
from sora.apps.tagging.tags import tags

JUMP, RUN, WAVE, NONE = [0.95, 0.0, 0.05], [0.2, 0.7, 0.1], [0.0, 0.1, 0.9], [0.4, 0.3, 0.3]


def told(given, language):
    return describe(given, tags(given), language)


def test_english_is_grammatical_for_one_and_for_many():
    one = analysis([JUMP], seconds=1)
    assert (
        told(one, "en")
        == 'The video lasts 1 second and is a single shot. The model recognises "jumping" throughout.'
    )
    assert told(analysis([JUMP], seconds=1.77), "en").startswith("The video lasts 1.8 seconds and")
    assert told(analysis([JUMP], seconds=1.77), "zh").startswith("视频时长 1.8 秒，")
    many = analysis([JUMP, WAVE, RUN, JUMP], seconds=21, shots=[0, 1, 2, 3], objects={999: [0, 0.9, 0, 0]})
    assert told(many, "en") == (
        "The video lasts 1 minute and 24 seconds and has 4 shots. "
        'The model recognises "jumping" (0:00–0:21, 1:03–1:24) and "waving hands" (0:21–0:42). '
        'It may also show "running" (0:42–1:03). '
        "Objects and scenes that seem to be in it: couch (0:21–0:42)."
    )


def test_chinese_names_labels_as_they_are_and_known_objects_only():
    given = analysis([JUMP, WAVE], shots=[0, 1], objects={5: [0.9, 0.9], 999: [0.9, 0.0]})
    assert told(given, "zh") == (
        "视频时长 8 秒，共有 2 个镜头。模型识别出“Jumping”（0:00–0:04）和“WavingHands”（0:04–0:08）。"
        "画面中似乎还有沙发（0:00–0:04）。"
    )
    assert told(analysis([RUN]), "zh") == "视频时长 4 秒，只有一个镜头。可能有“Running”（全程）。"


def test_what_is_not_known_is_said():
    given = without_extras(analysis([NONE, NONE], gaps=(Gap(8, 9.5, "dark"), Gap(9.5, 11, "dark"))))
    assert told(given, "en").endswith("The model is not sure of any of its labels. Not judged: 0:08–0:11.")
    assert told(given, "zh").endswith("模型对所有标签都没有把握。无法判断的部分：0:08–0:11。")


def test_labels_become_words():
    words = [plain_label(label) for label in ("WalkingWithDog", "push_ups", "NBA", "遛狗", "BBQ_Party")]
    assert words == ["walking with dog", "push ups", "NBA", "遛狗", "BBQ party"]


def test_clock():
    assert [clock(s) for s in (0, 7.9, 65, 3723)] == ["0:00", "0:07", "1:05", "1:02:03"]
