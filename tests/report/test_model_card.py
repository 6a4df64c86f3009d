import re

from report_samples import full_content

from sora.report.model_card import as_text, render_model_card


def lines(**changes) -> list[str]:
    return render_model_card(full_content(**changes)).replace("\N{NO-BREAK SPACE}", " ").splitlines()


def test_the_card_has_the_sections_of_the_paper_and_the_numbers_given():
    card = lines()
    assert [line for line in card if line.startswith("## ")] == [
        *("## Model details", "## Intended use", "## Data", "## Metrics", "## What the numbers say"),
        *("## Limitations", "## Ethical considerations", "## Lineage"),
    ]
    assert "| accuracy | 60.0 % |" in card
    assert "| 95 % interval of it | 12.0 % to 98.1 % (t interval over 5 groups) |" in card
    assert "| run | 100.0 % | 50.0 % | 66.7 % | 2 |" in card
    assert "| codec | mpeg4 | 60.0 % | 40.0 % to 80.0 % | 9 |" in card
    assert "| run | 17 | 0 | 2 |" in card
    limits = "\n".join(card[card.index("## Limitations") : card.index("## Ethical considerations")])
    assert "**Traces.** File metadata (fps) gives the label away" in limits
    assert "**Time.**" not in limits


def test_what_only_people_know_is_theirs_or_a_stated_blank():
    blank = "\n".join(lines())
    assert "*Not stated.* Write it in `package.intended_use`" in blank
    assert "*Not stated.* Write it in `package.ethical_considerations`" in blank
    told = "\n".join(lines(intended_use="Sorting gym clips.", ethical_considerations="All 12 people agreed."))
    assert "Sorting gym clips." in told
    assert "All 12 people agreed." in told
    assert "package." not in told


def test_no_text_becomes_markup():
    assert as_text("a|b\n# <b>*c*") == r"a\|b \# \<b\>\*c\*"
    card = render_model_card(full_content())
    assert re.findall(r"(?<!\\)<", card) == []
    for row in re.findall(r"^\|.*\|$", card, re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", row)) >= 3


def test_tables_are_whole():
    tables = re.findall(r"(?:^\|.*\|\n)+", render_model_card(full_content()), re.MULTILINE)
    assert len(tables) == 5
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
