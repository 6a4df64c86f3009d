"""What checks find, and what becomes of it: a warning, a video set aside, or a stage that fails."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["warn", "quarantine", "fail"]
WholeSetSeverity: TypeAlias = Literal["warn", "fail"]  # no single video is to blame
CertainSeverity: TypeAlias = Literal["quarantine", "fail"]  # such a video cannot go on


@dataclass(frozen=True)
class Finding:
    """One rule that is broken, by the video at ``path`` (empty: by the set as a whole)."""

    rule: str
    reason: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


@dataclass(frozen=True)
class Verdict:
    """Findings by what they lead to. ``quarantined``: path to findings; ``released``: likewise, let go on."""

    quarantined: dict[str, list[Finding]] = field(default_factory=dict)
    released: dict[str, list[Finding]] = field(default_factory=dict)
    warnings: list[Finding] = field(default_factory=list)
    failures: list[Finding] = field(default_factory=list)

    def __add__(self, later: "Verdict") -> "Verdict":
        return Verdict(
            _joined(self.quarantined, later.quarantined),
            _joined(self.released, later.released),
            self.warnings + later.warnings,
            self.failures + later.failures,
        )


def judge(findings: list[Finding], severity: Mapping[str, Severity], released: Container[str]) -> Verdict:
    """Return what each finding leads to by its rule's severity; what is ``released`` is not set aside.

    A set as a whole cannot be set aside: its rules warn or fail.
    """
    verdict = Verdict()
    for finding in findings:
        if severity[finding.rule] == "warn":
            verdict.warnings.append(finding)
        elif finding.path in released:
            verdict.released.setdefault(finding.path, []).append(finding)
        elif severity[finding.rule] == "fail":
            verdict.failures.append(finding)
        else:
            verdict.quarantined.setdefault(finding.path, []).append(finding)
    return verdict


def lines_by_rule(findings: list[Finding]) -> list[str]:
    """Return one line for each rule: the finding, or how many there are and the first."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return [_line(rule, found) for rule, found in by_rule.items()]


def _line(rule: str, found: list[Finding]) -> str:
    return f"{rule}: {found[0]}" if len(found) == 1 else f"{rule}: {len(found)} times, first {found[0]}"


def _joined(first: dict[str, list[Finding]], later: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
    return {path: first.get(path, []) + later.get(path, []) for path in [*first, *later]}
