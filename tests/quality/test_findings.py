from sora.quality.findings import Finding, Verdict, judge, lines_by_rule

BLACK, DARK = Finding("not_black", "is black", "a.mp4"), Finding("not_dark", "is dark", "a.mp4")
SHORT = Finding("duration", "is short", "b.mp4")
CONFOUND = Finding("no_confounds", "fps tells")
SEVERITY = {"not_black": "quarantine", "not_dark": "warn", "duration": "fail", "no_confounds": "warn"}


def test_each_finding_leads_to_what_its_rule_says():
    verdict = judge([BLACK, DARK, SHORT, CONFOUND], SEVERITY, released=())
    assert verdict == Verdict({"a.mp4": [BLACK]}, {}, [DARK, CONFOUND], [SHORT])


def test_a_released_video_is_neither_set_aside_nor_a_failure():
    verdict = judge([BLACK, DARK, SHORT], SEVERITY, released={"a.mp4", "b.mp4"})
    assert verdict == Verdict({}, {"a.mp4": [BLACK], "b.mp4": [SHORT]}, [DARK], [])


def test_verdicts_add_up_by_path():
    later = Finding("one_label", "has two labels", "a.mp4")
    both = Verdict({"a.mp4": [BLACK]}) + Verdict({"a.mp4": [later], "b.mp4": [SHORT]}, warnings=[DARK])
    assert both == Verdict({"a.mp4": [BLACK, later], "b.mp4": [SHORT]}, {}, [DARK], [])


def test_many_findings_of_a_rule_are_one_line():
    other = Finding("not_black", "is black", "c.mp4")
    assert lines_by_rule([BLACK, CONFOUND, other]) == [
        "not_black: 2 times, first a.mp4: is black",
        "no_confounds: fps tells",
    ]
