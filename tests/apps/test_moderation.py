import re
from pathlib import Path

import pytest
from analyses import analysis, without_extras

from sora.apps.analysis.content import Gap
from sora.apps.analysis.object_export import object_names
from sora.apps.moderation.policy import LengthRule, NameRule, NsfwRule, Policy, check_policy, read_policy
from sora.apps.moderation.verdict import moderate
from sora.errors import SoraError

CALM, RUN = [0.8, 0.1, 0.1], [0.05, 0.9, 0.05]
EXAMPLE = """
nsfw:
  - {at_least: 0.8, action: block}
  - {at_least: 0.2, action: review, min_seconds: 2}
labels:
  - {names: [Running], at_least: 0.7, min_seconds: 6, action: review}
tags:
  - {names: [couch, dog], at_least: 0.5, action: review}
duration:
  - {longer_than_seconds: 600, action: review}
unseen:
  - {longer_than_seconds: 2, action: review}
"""


def written(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return path


def test_a_policy_file_is_read_whole(tmp_path):
    policy = read_policy(written(tmp_path, EXAMPLE))
    assert policy.nsfw == [NsfwRule(0.8, "block"), NsfwRule(0.2, "review", 2)]
    assert policy.labels == [NameRule(["Running"], 0.7, "review", 6)]
    assert policy.unseen == [LengthRule(2, "review")]
    assert policy.digest != Policy().digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nsfw:\n  - {at_least: 0.8, action: block, extra: 1}", r"nsfw\.0\.extra: unknown"),
        ("nsfw:\n  - {at_least: 80, action: block}", r"nsfw\.0\.at_least: .*less than or equal to 1"),
        ("nsfw:\n  - {at_least: 0.8, action: allow}", r"nsfw\.0\.action"),
        ("nsfv: []", "nsfv: unknown"),
        ("nsfw: []", "has no rule"),
        ("- a", "expected lists of rules"),
        ("{", "not valid YAML"),
    ],
)
def test_a_policy_with_a_fault_is_one_clear_error(tmp_path, text, message):
    with pytest.raises(SoraError, match=message) as caught:
        read_policy(written(tmp_path, text))
    assert "policy.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_policy_says_what_is_expected(tmp_path):
    with pytest.raises(SoraError, match="a moderation policy is expected there"):
        read_policy(tmp_path / "none.yaml")


def test_what_breaks_no_rule_is_allowed(tmp_path):
    policy = read_policy(written(tmp_path, EXAMPLE))
    verdict = moderate(analysis([CALM, CALM], nsfw=[0.1] * 8), policy)
    assert verdict.as_json() == {"action": "allow", "reasons": []}


def test_the_strictest_rule_decides_and_all_reasons_are_given_with_times(tmp_path):
    policy = read_policy(written(tmp_path, EXAMPLE))
    nsfw = [0.0, 0.0, 0.3, 0.9, 0.4, 0.0, 0.5, 0.0]
    verdict = moderate(analysis([CALM, CALM], nsfw=nsfw, objects={999: [0.0, 0.7]}), policy)
    found = [
        (r.about, r.action, r.name, r.start_seconds, r.end_seconds, round(r.score, 3))
        for r in verdict.reasons
    ]
    assert verdict.action == "block"
    assert found == [
        ("nsfw", "block", "", 3, 4, 0.9),
        ("nsfw", "review", "", 2, 5, 0.9),
        ("tag", "review", "couch", 4, 8, 0.7),
    ]
    assert verdict.reasons[0].text == "not safe for work at 3.0 to 4.0 s: 0.90, less than 0.8 allowed"


def test_a_label_must_last_and_its_times_add_up():
    policy = Policy(labels=[NameRule(["Running"], 0.7, "block", 6)])
    assert moderate(analysis([CALM, RUN, CALM], nsfw=[]), policy).action == "allow"
    apart = moderate(analysis([RUN, CALM, RUN], nsfw=[]), policy)
    assert [(r.start_seconds, r.end_seconds) for r in apart.reasons] == [(0, 4), (8, 12)]


def test_length_and_what_was_not_seen_count():
    policy = Policy(duration=[LengthRule(11, "block")], unseen=[LengthRule(2, "review")])
    gaps = (Gap(0, 1.5, "dark"), Gap(4, 5, "broken"))
    verdict = moderate(analysis([CALM] * 3, gaps=gaps), policy)
    assert [(r.about, r.score) for r in verdict.reasons] == [("duration", 12), ("unseen", 2.5)]
    assert moderate(analysis([CALM] * 2, gaps=gaps[:1]), policy).action == "allow"


def test_what_cannot_be_known_is_an_error_and_no_verdict():
    with pytest.raises(SoraError, match="nsfw, but pip install it"):
        moderate(without_extras(analysis([CALM])), Policy(nsfw=[NsfwRule(0.8, "block")]))
    with pytest.raises(SoraError, match="tags, but none here"):
        moderate(without_extras(analysis([CALM])), Policy(tags=[NameRule(["couch"], 0.5, "block")]))
    with pytest.raises(SoraError, match="there is no 'Runing'; there is 'Running'"):
        moderate(analysis([CALM]), Policy(labels=[NameRule(["Runing"], 0.5, "block")]))


def test_the_example_in_the_documentation_fits_every_model_and_its_own_example_the_default_one(tmp_path):
    path = Path(__file__).parents[2] / "docs" / "policy.yaml"
    policy = read_policy(path)
    assert {rule.action for rule in policy.nsfw} == {"block", "review"}
    check_policy(policy, labels=(), tags=(), no_tags="there are none", no_nsfw="")
    commented = re.sub(r"^# (?=tags:|  - )", "", path.read_text(), flags=re.MULTILINE)
    (rule,) = read_policy(written(tmp_path, commented)).tags
    assert set(rule.names) <= set(object_names())
