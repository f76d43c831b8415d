"""What people typed as HTML, and titles as addresses."""

import pytest
from markupsafe import Markup

from services.portal.language import words
from services.portal.pages import marked, paragraphs, slug
from services.portal.structured import of_sheet


def test_blank_lines_are_paragraphs_and_nothing_else_is_markup() -> None:
    assert paragraphs("un\ndeux\n\n <b>trois</b> ") == "<p>un<br>deux</p>\n<p>&lt;b&gt;trois&lt;/b&gt;</p>"


@pytest.mark.parametrize(
    ("highlight", "html"),
    [
        ("l’<mark>eau</mark> potable", "l’<mark>eau</mark> potable"),
        (
            "&lt;mark&gt;tapé&lt;&#x2F;mark&gt; &amp; <mark>trouvé</mark>",
            "&lt;mark&gt;tapé&lt;/mark&gt; &amp; <mark>trouvé</mark>",
        ),
        ("<script>alert(1)</script><mark>x</mark>", "&lt;script&gt;alert(1)&lt;/script&gt;<mark>x</mark>"),
        ('<mark onclick="x">', "&lt;mark onclick=&#34;x&#34;&gt;"),
    ],
)
def test_a_highlight_lets_through_its_marks_alone(highlight: str, html: str) -> None:
    assert isinstance(marked(highlight), Markup)
    assert marked(highlight) == html


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("L’école des charpentiers du Maramureș", "l-ecole-des-charpentiers-du-maramures"),
        ("بيوت الضيافة", "بيوت-الضيافة"),
        ("  ../../etc/passwd?x=1#y ", "etc-passwd-x-1-y"),
        ("!!!", ""),
        ("mot " * 40, "-".join(["mot"] * 17)),
    ],
)
def test_a_title_is_a_readable_part_of_an_address(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_structured_data_say_what_the_sheet_says() -> None:
    sheet = {
        "id": "0199",
        "title": "Eau </script>",
        "summary": "…",
        "themes": ["health"],
        "location": {"name": "Pikine", "lat": 14.7, "lon": -17.3},
        "period": {"start": "2027-03", "end": None},
        "countries": ["SN"],
        "authority": {"ref": "sn-pikine", "name": "Ville de Pikine", "country": "SN"},
        "budget": {"total": 5, "secured": 1, "currency": "EUR"},
    }
    project, trail = of_sheet(sheet, words("fr"), "https://b.example.org/")["@graph"]
    assert project["url"] == "https://b.example.org/fr/projects/0199/eau-script"
    assert project["areaServed"] == [{"@type": "Country", "name": "Sénégal", "identifier": "SN"}]
    assert project["funding"]["amount"]["value"] == 5
    assert "dissolutionDate" not in project
    assert trail["itemListElement"][-1]["item"] == project["url"]
