"""Points of the service index against published units, an independent reading of the rules, and hostile input."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scorecard import GROUPS, INDICATORS, TOTAL_MAXIMUM, Shape, members
from tasks.rules.score import group_points, main, points, read_units, rounded, score_unit

TOLERANCE = Decimal("0.015")

_SHARED: dict[str, tuple[list[int], str]] = {
    "PUBLISH_ON_TIME": ([1, 47], "0.13"),
    "PUBLIC_UPDATE_ON_TIME": ([43, 47], "3.66"),
    "PUBLIC_CONTENT_FULL": ([47, 47], "2"),
    "PETITION_PROCESSING_ON_TIME": ([0, 0], "6"),
    "PETITION_HANDLING_SATISFACTION": ([0, 0], "6"),
}
DEPARTMENT: dict[str, tuple[list[int], str]] = _SHARED | {
    "DOSSIER_SYNC": ([547, 547], "6"),
    "ON_TIME": ([653, 654], "19.97"),
    "ORIGINAL_RESULT_AVAILABLE": ([610, 654], "5.6"),
    "SO_HOA_GIAY_TO_GIAI_QUYET": ([603, 654], "3.69"),
    "REUSED_DIGITIZED_DATA": ([636, 654], "2"),
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": ([0, 654], "0"),
    "CITIZEN_DATA_CONNECTED_DOSSIER": ([220, 654], "0.67"),
    "CITIZEN_DATA_CONNECTED_FORMALITY": ([16, 147], "0.22"),
    "DOSSIER_RECEIVING_SATISFACTION": ([653, 654], "6"),
}
COMMUNE: dict[str, tuple[list[int], str]] = _SHARED | {
    "DOSSIER_SYNC": ([1869, 1869], "6"),
    "ON_TIME": ([2541, 2618], "19.41"),
    "ORIGINAL_RESULT_AVAILABLE": ([2497, 2618], "5.72"),
    "SO_HOA_GIAY_TO_GIAI_QUYET": ([1520, 2618], "2.32"),
    "REUSED_DIGITIZED_DATA": ([1543, 2618], "1.47"),
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": ([2, 2618], "0"),
    "CITIZEN_DATA_CONNECTED_DOSSIER": ([1105, 2618], "0.84"),
    "CITIZEN_DATA_CONNECTED_FORMALITY": ([28, 388], "0.14"),
    "DOSSIER_RECEIVING_SATISFACTION": ([2540, 2618], "6"),
}
UNITS: list[dict[str, Any]] = [
    {
        "code": "H21.17",
        "ratios": {code: ratio for code, (ratio, _) in DEPARTMENT.items()},
        "payment_A": [145, 165],
        "payment_B": [8, 12],
        "published": {code: float(score) for code, (_, score) in DEPARTMENT.items()}
        | {"ELECTRONIC_CERTIFIED_COPY": 2, "total": 79.27, "CKMB": 11.79, "TDGQ": 19.97, "ONLINE": 6.72}
        | {"TTTT": 8.61, "MDSH": 14.18, "MDHL": 18.0},
    },
    {
        "code": "H21.227",
        "ratios": {code: ratio for code, (ratio, _) in COMMUNE.items()},
        "payment_A": [2352, 2489],
        "payment_B": [20, 42],
        "published": {code: float(score) for code, (_, score) in COMMUNE.items()}
        | {"ELECTRONIC_CERTIFIED_COPY": 2, "total": 75.34, "CKMB": 11.79, "TDGQ": 19.41, "ONLINE": 6.31}
        | {"TTTT": 7.34, "MDSH": 12.49, "MDHL": 18.0},
    },
]


def score(*units: dict[str, Any]) -> list[dict[str, Any]]:
    return [score_unit(unit) for unit in read_units(json.dumps({"units": units}))]


def test_the_table_adds_up() -> None:
    assert sum(group.maximum for group in GROUPS.values()) == TOTAL_MAXIMUM
    for code, group in GROUPS.items():
        assert sum(indicator.maximum for indicator in members(code)) == group.maximum
    assert all((i.threshold is None) == (i.shape is Shape.PROPORTIONAL) for i in INDICATORS.values())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit["code"]))
def test_published_units_are_reproduced(unit: dict[str, Any]) -> None:
    (result,) = score(unit)
    computed = set(unit["ratios"]) | {"CKMB", "TDGQ", "MDSH", "MDHL"}
    assert set(result["differences"]) == computed
    assert max(map(abs, result["differences"].values())) == 0  # all 18 to the cent, well within the tolerance
    assert result["as_published"] == ["ELECTRONIC_CERTIFIED_COPY"]
    # Without payment_C and the online ratios neither their groups nor the total can be known.
    assert result["groups"]["TTTT"] is result["groups"]["CLGQ"] is result["total"] is None
    assert result["points"]["payment_C"] is result["points"]["3.1"] is None


def test_a_group_with_an_unknown_split_is_taken_as_published() -> None:
    for unit, total, named in zip(UNITS, ("79.27", "75.34"), ("Khá", "Khá"), strict=True):
        (result,) = score(unit)
        assert (result["index"]["total"], result["index"]["band"]) == (Decimal(total), named)
        assert result["index"]["as_published"] == ["CLGQ", "TTTT"]
    (alone,) = score(UNITS[0] | {"published": {}})
    assert alone["index"]["total"] is alone["index"]["band"] is None
    assert alone["index"]["as_published"] == []


PROVINCE: dict[str, tuple[int, int, str]] = {
    "PUBLISH_ON_TIME": (0, 0, "0"),
    "PUBLIC_UPDATE_ON_TIME": (0, 0, "0"),
    "PUBLIC_CONTENT_FULL": (87, 89, "1.96"),
    "DOSSIER_SYNC": (138_744, 138_744, "6.00"),
    "ON_TIME": (144_625, 184_513, "15.68"),
    "3.1": (31 + 21, 56, "2.00"),
    "3.2": (406, 1_968, "0.83"),
    "3.3": (150_956, 152_595, "6.00"),
    "payment_A": (82_913, 98_459, "5.05"),
    "payment_B": (93, 310, "0.75"),
    "payment_C": (56, 310, "0.45"),
    "ORIGINAL_RESULT_AVAILABLE": (133_274, 184_513, "4.33"),
    "SO_HOA_GIAY_TO_GIAI_QUYET": (21_233, 184_513, "0.46"),
    "ELECTRONIC_CERTIFIED_COPY": (1, 1, "2.00"),
    "REUSED_DIGITIZED_DATA": (3_160, 184_513, "0.04"),
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": (0, 184_513, "0"),
    "CITIZEN_DATA_CONNECTED_DOSSIER": (85_644, 184_513, "0.93"),
    "CITIZEN_DATA_CONNECTED_FORMALITY": (297, 1_301, "0.46"),
    "PETITION_PROCESSING_ON_TIME": (182, 247, "4.42"),
    "PETITION_HANDLING_SATISFACTION": (137, 247, "3.33"),
    "DOSSIER_RECEIVING_SATISFACTION": (144_574, 184_513, "5.22"),
}
PROVINCE_GROUPS = {"CKMB": "7.96", "TDGQ": "15.68", "CLGQ": "8.83", "TTTT": "6.25", "MDSH": "8.22", "MDHL": "12.97"}


def test_a_whole_province_is_reproduced() -> None:
    (result,) = score({"code": "PHU_THO", "ratios": {code: [n, d] for code, (n, d, _) in PROVINCE.items()}})
    assert set(PROVINCE) == set(INDICATORS)
    for code, (_, _, published) in PROVINCE.items():
        assert abs(result["points"][code] - Decimal(published)) <= TOLERANCE, code
    assert result["groups"] == {code: Decimal(published) for code, published in PROVINCE_GROUPS.items()}
    assert result["total"] == Decimal("59.91")


def test_groups_are_sums_of_rounded_parts() -> None:
    """Which rounding is the portal's: parts rounded, then added; and up at the half, not cut off."""
    assert len(UNITS) == 2
    for unit, published, exact_sum in zip(UNITS, ("14.18", "12.49"), ("14.17", "12.51"), strict=True):
        parts = {i.code: points(i, *unit["ratios"].get(i.code, (1, 1))) for i in members("MDSH")}
        assert group_points("MDSH", parts) == Decimal(published)
        assert rounded(sum(parts.values(), Fraction(0))) == Decimal(exact_sum)
    assert rounded(points(INDICATORS["PUBLISH_ON_TIME"], 1, 47)) == Decimal("0.13")  # 0.1277: cutting off gives 0.12
    # No published pair lies on a half exactly; it goes up, as for a reader with a pencil.
    assert [str(rounded(Fraction(n, 1000))) for n in (125, 135, -125, 4)] == ["0.13", "0.14", "-0.13", "0.00"]


def oracle(code: str, n: int, d: int) -> Fraction:
    """The rules once more, written from the text of the sources and not from the table."""
    r = Fraction(n, d) if d else Fraction(0)
    if code.startswith("PETITION") and d == 0:
        return Fraction(6)
    cut = {"REUSED_DIGITIZED_DATA": (2, 80), "3.1": (2, 80), "3.3": (6, 50), "payment_B": (2, 80), "payment_C": (2, 80)}
    cut["DOSSIER_RECEIVING_SATISFACTION"] = (6, 90)
    if code in cut:
        maximum, percent = cut[code]
        return Fraction(maximum) if 100 * n >= percent * d > 0 else maximum * 100 * r / percent
    six = ("PUBLISH_ON_TIME", "DOSSIER_SYNC", "ORIGINAL_RESULT_AVAILABLE", "payment_A")
    four = ("PUBLIC_UPDATE_ON_TIME", "3.2", "SO_HOA_GIAY_TO_GIAI_QUYET", "SYNCED_WITH_DVCQG_PERSONAL_STORAGE")
    if code.startswith("PETITION") or code in six:
        return 6 * r
    return (4 if code in four else 20 if code == "ON_TIME" else 2) * r


ratios = st.integers(0, 10**9).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))


@given(st.sampled_from(sorted(INDICATORS)), ratios)
def test_points_follow_the_text_exactly(code: str, ratio: tuple[int, int]) -> None:
    indicator = INDICATORS[code]
    assert points(indicator, *ratio) == oracle(code, *ratio)
    assert 0 <= points(indicator, *ratio) <= indicator.maximum


@given(st.fractions(-200, 200))
def test_rounding_is_to_the_nearest_cent(value: Fraction) -> None:
    result = rounded(value)
    assert abs(Fraction(result) - value) <= Fraction(1, 200)
    assert result.as_tuple().exponent == -2
    assert rounded(-value) == -result


def test_parts_above_their_whole_are_refused() -> None:
    indicator = INDICATORS["ON_TIME"]
    for ratio in ((2, 1), (-1, 1), (0, -1)):
        with pytest.raises(ValueError, match="/"):
            points(indicator, *ratio)
    assert points(INDICATORS["DOSSIER_SYNC"], 5, 0) == 0  # cases over a national report that was never filed


def test_published_null_counts_as_zero_in_transparency_only() -> None:
    published = {"PUBLISH_ON_TIME": None, "ON_TIME": None}
    (result,) = score({"code": "X", "ratios": {"DOSSIER_SYNC": [1, None]}, "published": published})
    assert result["points"]["PUBLISH_ON_TIME"] == 0
    assert result["points"]["ON_TIME"] is result["points"]["DOSSIER_SYNC"] is None


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "not JSON"),
        ("[]", "units"),
        ('{"units": [{}]}', "units[0]: code"),
        ('{"units": [{"code": "A", "ratios": {"ON_TIM": [1, 2]}}]}', "unit A: ratios: ON_TIM"),
        ('{"units": [{"code": "A", "ratios": {"ON_TIME": [1, 2, 3]}}]}', "unit A: ON_TIME"),
        ('{"units": [{"code": "A", "ratios": {"ON_TIME": [1.5, 2]}}]}', "unit A: ON_TIME"),
        ('{"units": [{"code": "A", "ratios": {"ON_TIME": [true, 2]}}]}', "unit A: ON_TIME"),
        ('{"units": [{"code": "A", "ratios": {"ON_TIME": [3, 2]}}]}', "unit A: ON_TIME"),
        ('{"units": [{"code": "A", "ratios": []}]}', "unit A: ratios"),
        ('{"units": [{"code": "A", "reported": -1}]}', "unit A: reported"),
        ('{"units": [{"code": "A", "payment_A": "1/2"}]}', "unit A: payment_A"),
        ('{"units": [{"code": "A", "payment_A": [1, 2], "ratios": {"payment_A": [1, 2]}}]}', "unit A: payment_A"),
        ('{"units": [{"code": "A", "published": {"total": "79"}}]}', "unit A: published: total"),
        ('{"units": [{"code": "A", "published": {"total": NaN}}]}', "unit A: published: total"),
    ],
)
def test_malformed_input_names_unit_and_field(
    content: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "units.json"
    file.write_text(content, encoding="utf-8")
    assert main(["--units", str(file)]) == 2
    out, err = capsys.readouterr()
    assert named in err
    assert out == ""


def test_as_a_command(tmp_path: Path) -> None:
    file = tmp_path / "units.json"
    file.write_text(json.dumps({"units": UNITS}), encoding="utf-8")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tasks.rules.score", "--units", str(file)]
    run = subprocess.run(command, cwd=root, capture_output=True, check=True)
    first, second = json.loads(run.stdout)
    assert (first["code"], second["code"]) == ("H21.17", "H21.227")
    assert (first["groups"]["MDSH"], second["groups"]["MDSH"]) == (14.18, 12.49)
    assert main(["--units", str(tmp_path / "absent.json")]) == 2
