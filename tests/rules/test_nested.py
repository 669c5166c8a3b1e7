from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pytest

from schemas.codes import Side
from tasks.rules.nested import summarise
from tests.rules.landed import landed

KEYS: dict[Side, dict[str, str]] = {
    Side.CITY: {
        "dig": "digitised", "reuse": "reused", "store": "fromStore", "amount": "amount", "url": "url",
        "asked": "requestedAt", "answered": "answeredAt",
    },
    Side.PORTAL: {
        "dig": "DuocSoHoa", "reuse": "DuocTaiSuDung", "store": "DuocLayTuKhoDMQG", "amount": "Gia",
        "url": "DuongDanTepTinKetQua", "asked": "NgayBoSung", "answered": "NgayTiepNhanBoSung",
    },
}  # fmt: skip


def facts(side: Side, *rows: dict[str, Any]) -> pd.DataFrame:
    """Facts of rows given by their lists, with keys translated to the side's own."""

    def own(value: Any) -> Any:
        if isinstance(value, list):
            return [own(item) for item in value]
        return {KEYS[side].get(k, k): v for k, v in value.items()} if isinstance(value, dict) else value

    texts = [{name: own(value) for name, value in row.items()} for row in rows]
    if side is Side.CITY:
        return summarise(side, landed(side, *({"site_extension": orjson.dumps(row).decode()} for row in texts)))
    as_text = [{k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in row.items()} for row in texts]
    return summarise(side, landed(side, *as_text))


pytestmark = pytest.mark.parametrize("side", list(Side))


def test_flags_of_any_component(side: Side) -> None:
    rows = [{"components": items} for items in (
        [{"dig": "1"}], [{"dig": "0"}, {"reuse": "2"}], [{"store": 1}], [{"dig": "", "reuse": "0", "store": None}], [],
    )]  # fmt: skip
    found = facts(side, *rows)[["any_digitised", "any_reused", "any_stored"]]
    expected = [[True, False, False], [False, True, False], [False, False, True], [False] * 3, [False] * 3]
    assert found.to_numpy().tolist() == expected


def test_fees_add_up(side: Side) -> None:
    rows = [[], [{"amount": "0"}], [{"amount": "15.000"}, {"amount": 2000}, {"amount": "500.0"}], [{"amount": ""}]]
    found = facts(side, *({"fees": fees} for fees in rows))
    assert found["fee_total"].fillna(-1).tolist() == [-1, 0, 17_500, -1], "no fee is not a fee of nothing"
    assert not found["amount_bad"].any()
    bad = facts(side, {"fees": [{"amount": "1,5"}, {"amount": "5"}]}, {"fees": [{"amount": [1]}]}, {})
    assert bad["amount_bad"].tolist() == [True, True, False]


def test_results_need_an_address(side: Side) -> None:
    rows = [[{"url": "https://a.example/1.pdf"}], [{"url": ""}], [{}], [{"url": None}, {"url": "x"}], []]
    assert facts(side, *({"results": r} for r in rows))["has_result"].tolist() == [True, False, False, True, False]


def test_supplements_count_the_latest_and_the_waiting(side: Side) -> None:
    asked, answered, again = "20250604080000", "20250605100000", "20250606080000"
    found = facts(
        side,
        {"supplements": [{"asked": again, "answered": ""}, {"asked": asked, "answered": answered}]},
        {"supplements": [{"asked": asked, "answered": answered}]},
        {"supplements": [{"asked": asked}]},
        {},
    )
    assert found["supplement_requests"].tolist() == [2, 1, 1, 0]
    assert found["supplement_answered"].tolist() == [False, True, False, False]
    assert found["supplement_waiting_s"].tolist() == [26 * 3_600, 26 * 3_600, 0, 0]
    assert found["supplement_requested_at"].dt.tz_convert("Asia/Ho_Chi_Minh").dt.day.fillna(0).tolist() == [6, 4, 4, 0]
    bad = facts(side, {"supplements": [{"asked": "abc"}]}, {"supplements": [{"answered": asked}]})
    assert bad["supplement_time_bad"].all(), "a request without a time cannot stop a clock"


def test_an_answer_before_its_request_adds_no_waiting_and_the_coarsest_time_is_told(side: Side) -> None:
    asked, before, day = "20250604080000", "20250603080000", "20250606"
    pairs = [{"asked": asked, "answered": before}, {"asked": asked, "answered": day}]
    found = facts(side, {"supplements": pairs}, {"supplements": pairs[:1]}, {})
    assert found["supplement_waiting_s"].tolist() == [40 * 3_600, 0, 0]
    assert found["supplement_precision"].astype(object).where(lambda p: p.notna(), None).tolist() == [2, 0, None]


@pytest.mark.parametrize("name", ["components", "fees", "results", "supplements"])
def test_what_is_no_list_of_objects_is_bad(side: Side, name: str) -> None:
    wrong: list[Any] = ["x", {"a": 1}, [1], [None], 7]
    found = facts(side, *({name: value} for value in wrong), {name: []}, {name: ""}, {name: "[]"}, {name: None})
    assert found["list_bad"].tolist() == [True] * len(wrong) + [False] * 4


@pytest.mark.parametrize("value", [[], {}, ["1"], {"1": 1}, 1.5, False])
def test_a_flag_of_another_type_is_not_set(side: Side, value: Any) -> None:
    found = facts(side, {"components": [{"dig": value, "reuse": value, "store": value}]})
    assert not found[["any_digitised", "any_reused", "any_stored", "list_bad"]].to_numpy().any()


def test_a_list_sent_as_its_json_text_is_the_same_list(side: Side) -> None:
    text = orjson.dumps([{KEYS[side]["amount"]: "15000"}]).decode()
    found = facts(side, {"fees": text}, {"fees": [{"amount": "15000"}]})
    assert found["fee_total"].tolist() == [15_000, 15_000]


def test_index_and_types_hold_for_no_rows_and_empty_lists(side: Side) -> None:
    types = {"fee_total": "Int64", "supplement_requests": "int16", "supplement_waiting_s": "int64"}
    types |= {"has_result": "bool", "supplement_requested_at": "datetime64[us, UTC]"}
    frame = landed(side, {}, {}).set_axis([7, 9])
    found = summarise(side, frame)
    assert found.index.tolist() == [7, 9]
    assert {name: str(found[name].dtype) for name in types} == types
    assert summarise(side, landed(side)).empty


def test_the_citys_extension_must_be_an_object(side: Side) -> None:
    if side is Side.PORTAL:
        assert summarise(side, landed(side, {"components": "["}))["list_bad"].all()
        return
    texts = ["[]", "7", '"x"', "{", "null", "", None, "{}"]
    found = summarise(side, landed(side, *({"site_extension": text} for text in texts)))
    assert found["list_bad"].tolist() == [True] * 5 + [False] * 3
