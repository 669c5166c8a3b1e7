"""The scorecard of the service index (Decision 766/QĐ-TTg, 100 points): one table of its groups and indicators.

Sources: the group maxima are those of the decision; the indicators, their maxima and their rules are the portal's of
2026, transcribed from its own calculation description ("Mô tả công thức tính chỉ số 766") and checked against published
numerators, denominators and points (public repositories ChippedTopaz/qd766 and duynghiaqn/Crawler-766). "n
observations" in `evidence` counts published pairs that the rule reproduced within 0.015 points, which is what rounding
to two decimals allows. It is a numerical fit: the portal's published score stays authoritative.

A site that knows better replaces one line: `dataclasses.replace(INDICATORS["3.3"], threshold=Decimal("0.8"))`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.codes import Label


class Shape(StrEnum):
    """How a ratio becomes points. The portal knows these two only; the payment and online ratios use them as well."""

    PROPORTIONAL = "proportional"
    """`maximum * n/d`."""
    THRESHOLD = "threshold"
    """`min(maximum, maximum * (n/d) / threshold)`: full points once the ratio reaches the threshold."""


class ZeroDenominator(StrEnum):
    """What the portal gives when nothing was there to be counted (d = 0)."""

    ZERO = "zero"
    FULL = "full"
    NULL_COUNTS_AS_ZERO = "null_counts_as_zero"
    """The indicator is published without a score, and the group counts it as 0."""


@dataclass(frozen=True)
class Group:
    """One of the six groups; `published_as` lists other names under which it is published."""

    code: str
    label: Label
    maximum: Decimal
    published_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Indicator:
    """One scored ratio; `maximum` in points, `threshold` a share in (0, 1] and set for THRESHOLD alone."""

    code: str
    group: str
    label: Label
    maximum: Decimal
    zero: ZeroDenominator
    evidence: str
    threshold: Decimal | None = None

    @property
    def shape(self) -> Shape:
        return Shape.PROPORTIONAL if self.threshold is None else Shape.THRESHOLD


_GROUPS = (
    Group("CKMB", Label("Công khai, minh bạch", "transparency"), Decimal(18)),
    Group("TDGQ", Label("Tiến độ giải quyết", "progress of handling"), Decimal(20)),
    # One public client swaps CLGQ and TTTT; two others agree with this order. The sum of both is the same either way.
    Group("CLGQ", Label("Dịch vụ công trực tuyến", "online services"), Decimal(12), ("ONLINE",)),
    Group("TTTT", Label("Thanh toán trực tuyến", "online payment"), Decimal(10)),
    Group("MDSH", Label("Mức độ số hoá", "digitisation"), Decimal(22)),
    Group("MDHL", Label("Mức độ hài lòng", "satisfaction"), Decimal(18)),
)

_ZERO, _FULL, _NULL = ZeroDenominator.ZERO, ZeroDenominator.FULL, ZeroDenominator.NULL_COUNTS_AS_ZERO
_TRANSPARENCY = "2,290 observations over the four indicators of the group"
_DIGITISATION = "492 to 984 observations"
_ONLINE = "weak: 6 observations; the portal's group score belongs beside it"
_PAYMENT = "984 observations of the group's sum, worst error 0.0138"
_SATISFACTION = "492 observations"

_INDICATORS = (
    Indicator("PUBLISH_ON_TIME", "CKMB", Label("Công bố TTHC đúng hạn", "procedures announced on time"),
              Decimal(6), _NULL, _TRANSPARENCY),
    Indicator("PUBLIC_UPDATE_ON_TIME", "CKMB", Label("Công khai TTHC đúng hạn", "procedures published on time"),
              Decimal(4), _NULL, _TRANSPARENCY),
    Indicator("PUBLIC_CONTENT_FULL", "CKMB", Label("TTHC công khai đủ nội dung", "procedures published in full"),
              Decimal(2), _NULL, _TRANSPARENCY),
    Indicator("DOSSIER_SYNC", "CKMB", Label("Hồ sơ đồng bộ lên Cổng", "cases synchronised to the portal"),
              Decimal(6), _NULL, _TRANSPARENCY + "; the portal calls its denominator provisional in 2026"),
    Indicator("ON_TIME", "TDGQ", Label("Hồ sơ xử lý đúng hạn", "cases handled on time"),
              Decimal(20), _ZERO, "984 observations; none had a zero denominator, so 0 is not confirmed there"),
    Indicator("3.1", "CLGQ", Label("Độ phủ dịch vụ trực tuyến", "procedures offered online"),
              Decimal(2), _ZERO, _ONLINE, Decimal("0.8")),
    Indicator("3.2", "CLGQ", Label("Dịch vụ có hồ sơ trực tuyến", "services with online cases"),
              Decimal(4), _ZERO, _ONLINE),
    Indicator("3.3", "CLGQ", Label("Hồ sơ nộp trực tuyến", "online share of cases"),
              Decimal(6), _ZERO, _ONLINE, Decimal("0.5")),
    Indicator("payment_A", "TTTT", Label("Hồ sơ thanh toán trực tuyến", "cases paid online"),
              Decimal(6), _ZERO, _PAYMENT),
    Indicator("payment_B", "TTTT", Label("TTHC có thanh toán trực tuyến", "procedures with online payments"),
              Decimal(2), _ZERO, _PAYMENT, Decimal("0.8")),
    # One description writes 2.5 C without a cap, the other names the 80 % threshold: they differ above 80 % only.
    Indicator("payment_C", "TTTT", Label("TTHC tích hợp thanh toán", "procedures with the payment integrated"),
              Decimal(2), _ZERO, _PAYMENT, Decimal("0.8")),
    Indicator("ORIGINAL_RESULT_AVAILABLE", "MDSH", Label("Cấp kết quả điện tử", "electronic result issued"),
              Decimal(6), _ZERO, _DIGITISATION),
    # The description has a threshold of 80 % here; the published points follow the plain ratio.
    Indicator("SO_HOA_GIAY_TO_GIAI_QUYET", "MDSH", Label("Số hoá hồ sơ", "case files digitised"),
              Decimal(4), _ZERO, _DIGITISATION),
    Indicator("ELECTRONIC_CERTIFIED_COPY", "MDSH", Label("Bản sao chứng thực điện tử", "certified electronic copies"),
              Decimal(2), _ZERO, "published without numerator and denominator"),
    Indicator("REUSED_DIGITIZED_DATA", "MDSH", Label("Sử dụng lại dữ liệu số hoá", "digitised data reused"),
              Decimal(2), _ZERO, _DIGITISATION, Decimal("0.8")),
    Indicator("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", "MDSH", Label("Đồng bộ kho cá nhân", "shared with personal store"),
              Decimal(4), _ZERO, "later snapshots agree: 165/2996 published as 0.22, 38/3020 as 0.05"),
    Indicator("CITIZEN_DATA_CONNECTED_DOSSIER", "MDSH", Label("Hồ sơ dùng CSDL dân cư", "population data used, cases"),
              Decimal(2), _ZERO, _DIGITISATION),
    Indicator("CITIZEN_DATA_CONNECTED_FORMALITY", "MDSH",
              Label("TTHC dùng CSDL dân cư", "population data used, procedures"),
              Decimal(2), _ZERO, _DIGITISATION),
    Indicator("DOSSIER_RECEIVING_SATISFACTION", "MDHL",
              Label("Hài lòng về tiếp nhận, giải quyết", "satisfied with reception and handling"),
              Decimal(6), _ZERO, _SATISFACTION, Decimal("0.9")),
    Indicator("PETITION_PROCESSING_ON_TIME", "MDHL",
              Label("Phản ánh, kiến nghị xử lý đúng hạn", "petitions handled on time"),
              Decimal(6), _FULL, _SATISFACTION),
    Indicator("PETITION_HANDLING_SATISFACTION", "MDHL",
              Label("Hài lòng về xử lý phản ánh, kiến nghị", "satisfied with petition handling"),
              Decimal(6), _FULL, _SATISFACTION),
)  # fmt: skip

GROUPS: Final = MappingProxyType({group.code: group for group in _GROUPS})
"""Groups by code, in the order of the index."""

INDICATORS: Final = MappingProxyType({indicator.code: indicator for indicator in _INDICATORS})
"""Indicators by code, in the order of the index. The portal's own codes where it has one; `ON_TIME`, `3.1`-`3.3` and
`payment_A`-`payment_C` are names of ours, after the items of the calculation description."""

_MEMBERS: Final = {code: tuple(i for i in _INDICATORS if i.group == code) for code in GROUPS}

TOTAL_MAXIMUM: Final = Decimal(100)


@dataclass(frozen=True)
class Band:
    """A name for totals of at least `least` points."""

    least: Decimal
    label: Label


BANDS: Final = (
    Band(Decimal(90), Label("Xuất sắc", "excellent")),
    Band(Decimal(80), Label("Tốt", "good")),
    Band(Decimal(70), Label("Khá", "fair")),
    Band(Decimal(50), Label("Trung bình", "average")),
    Band(Decimal(0), Label("Yếu", "weak")),
)
"""Bands of the total, best first. The outer two are in press articles on the decision, the inner limits secondary."""


def band(total: Decimal) -> Band:
    """The band of a total between 0 and 100. Raises ValueError for a total outside them."""
    if not 0 <= total <= TOTAL_MAXIMUM:
        raise ValueError(f"{total} is no total of the index")
    return next(each for each in BANDS if total >= each.least)


def members(group: str) -> tuple[Indicator, ...]:
    """The indicators of a group, in order; KeyError when there is no such group."""
    return _MEMBERS[group]
