"""About 300 administrative procedures, drawn once from the fields and the same in every world.

Codes imitate the national form ``d.dddddd`` (first digit 1, 2 or 3) and result codes ``KQ.G07.000122``. What a case
looks like follows from its procedure: the time limit, the fee, the documents and whether a paper is returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from sandbox.catalogue.agencies import Level
from sandbox.catalogue.fields import COMMUNE_FIELDS, PROVINCE_FIELDS, Field

CATALOGUE_SEED = 766
MOST_OF_A_FIELD = 8
FEES = (8_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000, 200_000, 500_000, 1_200_000)
EXTRA_FEES = (2_000, 5_000, 10_000, 80_000)
COMPONENT_NAMES = (
    "Tờ khai theo mẫu",
    "Đơn đề nghị",
    "Bản sao giấy tờ tùy thân",
    "Bản sao văn bằng, chứng chỉ",
    "Giấy ủy quyền",
    "Sơ đồ vị trí, bản vẽ",
    "Hợp đồng thuê địa điểm",
    "Ảnh chân dung",
)


@dataclass(frozen=True)
class Procedure:
    code: str
    name: str
    field_code: str
    field_name: str
    level: Level
    offices: tuple[int, ...]
    max_days: int
    fee: int
    extra_fee: int
    result_code: str
    result_name: str
    population: bool
    components: tuple[tuple[str, str], ...]


def list_procedures() -> tuple[Procedure, ...]:
    """All procedures, province level first."""
    rng = np.random.default_rng(CATALOGUE_SEED)
    numbers = iter(rng.choice(np.arange(100, 14_000), size=600, replace=False))
    drawn: list[Procedure] = []
    for level, fields in ((Level.PROVINCE, PROVINCE_FIELDS), (Level.COMMUNE, COMMUNE_FIELDS)):
        for field in fields:
            for action, target in islice(product(field.actions, field.objects), MOST_OF_A_FIELD):
                drawn.append(_draw(field, level, f"{action} {target}", int(next(numbers)), rng))
    return tuple(drawn)


def _draw(field: Field, level: Level, name: str, number: int, rng: np.random.Generator) -> Procedure:
    ministry = field.code[:3]
    fee = int(rng.choice(FEES)) if rng.random() < field.fee_share else 0
    returns_paper = rng.random() < field.paper_share
    picked = sorted(rng.choice(len(COMPONENT_NAMES), size=rng.integers(2, 5), replace=False))
    lowest, highest = field.days
    return Procedure(
        code=f"{rng.choice((1, 2, 3), p=(0.6, 0.3, 0.1))}.{number:06d}",
        name=name,
        field_code=field.code,
        field_name=field.name,
        level=level,
        offices=field.offices,
        max_days=int(rng.integers(lowest, highest + 1)),
        fee=fee,
        extra_fee=int(rng.choice(EXTRA_FEES)) if fee and rng.random() < 0.2 else 0,
        result_code=f"KQ.{ministry}.{number % 1_000_000:06d}" if returns_paper else "",
        result_name=f"Kết quả: {name}" if returns_paper else "",
        population=field.population,
        components=tuple((f"000.00.00.{ministry}-KQ{number * 10 + int(i):06d}", COMPONENT_NAMES[i]) for i in picked),
    )
