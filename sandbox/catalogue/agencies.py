"""The agencies of Hanoi (H26): city departments and their units, and the 126 wards and communes.

Codes follow the short form that begins with the level-1 code (Decision 20/2020/QD-TTg): ``H26.nn`` for departments,
``H26.nnn`` for wards and communes. Hanoi's own annexes were not available, so the numbers are invented; only H26 and
the wards themselves (Resolution 1656/NQ-UBTVQH15, in force since July 2025) are real.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vietnam_provinces import ProvinceCode, Ward

CITY_CODE = "H26"


class Level(StrEnum):
    """``CAPTHUCHIEN`` of the national procedure catalogue; districts (2) were abolished in July 2025."""

    PROVINCE = "1"
    COMMUNE = "3"


@dataclass(frozen=True)
class Agency:
    unit: str
    name: str
    level: Level

    @property
    def code(self) -> str:
        return f"{CITY_CODE}.{self.unit}"


DEPARTMENTS = (
    "Sở Tư pháp",
    "Sở Xây dựng",
    "Sở Nông nghiệp và Môi trường",
    "Sở Tài chính",
    "Sở Nội vụ",
    "Sở Y tế",
    "Sở Giáo dục và Đào tạo",
    "Sở Công Thương",
    "Sở Văn hóa và Thể thao",
    "Sở Khoa học và Công nghệ",
    "Sở Du lịch",
    "Sở Ngoại vụ",
    "Sở Quy hoạch - Kiến trúc",
    "Sở Dân tộc và Tôn giáo",
    "Văn phòng UBND Thành phố",
    "Thanh tra Thành phố",
    "Trung tâm Phục vụ hành chính công Thành phố",
    "Ban Quản lý các khu công nghệ cao và khu công nghiệp",
    "Văn phòng Đăng ký đất đai Hà Nội",
    "Chi nhánh Văn phòng Đăng ký đất đai khu vực Hà Đông",
    "Chi nhánh Văn phòng Đăng ký đất đai khu vực Đống Đa",
    "Chi nhánh Văn phòng Đăng ký đất đai khu vực Đông Anh",
    "Chi nhánh Văn phòng Đăng ký đất đai khu vực Sơn Tây",
    "Chi nhánh Văn phòng Đăng ký đất đai khu vực Ứng Hòa",
    "Chi cục Kiểm lâm",
    "Chi cục Bảo vệ môi trường",
    "Chi cục Quản lý đất đai",
    "Chi cục Chăn nuôi và Thú y",
    "Chi cục Trồng trọt và Bảo vệ thực vật",
    "Chi cục Thủy lợi và Phòng, chống thiên tai",
    "Chi cục Chất lượng và Phát triển nông thôn",
    "Chi cục An toàn vệ sinh thực phẩm",
    "Chi cục Dân số",
    "Chi cục Quản lý thị trường",
    "Chi cục Tiêu chuẩn Đo lường Chất lượng",
    "Chi cục Giám định xây dựng",
    "Trung tâm Quản lý và Điều hành giao thông",
    "Trung tâm Dịch vụ việc làm",
    "Phòng Đăng ký kinh doanh",
    "Phòng Quản lý vận tải",
)


def list_agencies() -> tuple[Agency, ...]:
    """Departments first, then every ward and commune of the capital in the order of the official list."""
    departments = [Agency(f"{number:02d}", name, Level.PROVINCE) for number, name in enumerate(DEPARTMENTS, start=1)]
    wards = Ward.iter_by_province(ProvinceCode.P_01)
    communes = [Agency(str(number), f"UBND {ward.name}", Level.COMMUNE) for number, ward in enumerate(wards, start=101)]
    return tuple(departments + communes)
