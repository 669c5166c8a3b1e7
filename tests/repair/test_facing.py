"""Some cases together are seen as each alone."""

from __future__ import annotations

from contextlib import closing

import pandas as pd

import settings
from tasks.facing import Facing, Seen
from tasks.sources.push import PushTarget
from tasks.warehouse import repairs
from tests.repair.conftest import Ground


def same(one: Seen | None, other: Seen | None) -> bool:
    if one is None or other is None:
        return one is other
    alike = pd.Series(dict(one.facts)).astype(str).equals(pd.Series(dict(other.facts)).astype(str))
    return (
        alike and one.hash == other.hash and one.case.reset_index(drop=True).equals(other.case.reset_index(drop=True))
    )


def test_together_as_alone(ground: Ground) -> None:
    knobs = settings.current()
    codes = [push["case_code"] for push in ground.read()["pushes"]]
    with ground.transaction() as connection:
        facing = Facing(connection, knobs, ground.as_of)
        cases = repairs.cases_of(connection, codes)
    with closing(PushTarget(knobs)) as target:
        records = [record for code in cases["portal_code"] for record in target.records(code)]
    assert len(records) > 3
    records[1] |= {"TrangThaiHoSo": "xyz"}
    records[2] = {name: value for name, value in records[2].items() if name != "NgayTiepNhan"}
    seen = facing.on_portal(records)
    assert [number for number, one in enumerate(seen) if one is None] == [1, 2]
    assert all(same(one, facing.on_portal([record])[0]) for one, record in zip(seen, records, strict=True))

    gone = cases.assign(landing_file=cases["landing_file"].mask(cases.index == 0, "data/landing/gone.parquet"))
    found = facing.in_city(gone)
    assert [number for number, one in enumerate(found) if one is None] == [0]
    for place, one in enumerate(found):
        alone = facing.in_city(gone.iloc[[place]])[0]
        assert one is alone is None or (one and alone and same(one[0], alone[0]) and one[1].keys() == alone[1].keys())
        if one and alone:
            assert str(one[1]) == str(alone[1])

    by_code = {str(one[0].facts["case_code"]): one[0] for one in found if one}
    pairs = [(by_code[str(one.facts["case_code"])], one) for one in seen if one and one.facts["case_code"] in by_code]
    assert facing.kinds(pairs) == [facing.kinds([pair])[0] for pair in pairs]
    assert len(pairs) > 1
    assert all(facing.kinds(pairs))
