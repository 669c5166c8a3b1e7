"""Applicants: Vietnamese names, identity and telephone numbers, e-mail addresses. All invented.

Identity numbers have the real shape (Circular 59/2021/TT-BCA): province of birth, a digit for century and sex, year
of birth, six random digits. About one applicant in ten is an enterprise with a ten-digit tax code.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from sandbox.columns import Background, Ids, Ints, Rows

# fmt: off
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý",
            "Đinh", "Trịnh")
SURNAME_SHARES = np.array([38, 11, 9.5, 7, 5, 4.5, 4, 2.5, 3, 2.5, 2, 2, 2, 2, 2.5, 2.5])
MIDDLES = ("Văn", "Thị", "Hữu", "Đức", "Minh", "Thanh", "Ngọc", "Quang", "Thu", "Xuân", "Hồng", "Anh", "Gia", "Bảo",
           "Thị Thu", "Đình")
GIVENS = ("Anh", "Bình", "Châu", "Cường", "Dũng", "Duyên", "Hà", "Hải", "Hạnh", "Hiếu", "Hoa", "Hòa", "Hùng", "Hương",
          "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Phương", "Quân", "Sơn", "Thảo", "Thủy", "Trang", "Tuấn",
          "Tú", "Yến")
# fmt: on
COMPANY_FORMS = ("Công ty TNHH", "Công ty Cổ phần", "Công ty TNHH MTV", "Doanh nghiệp tư nhân")
COMPANY_WORDS = ("Thương mại", "Xây dựng", "Dịch vụ", "Đầu tư", "Công nghệ", "Vận tải", "Dược phẩm", "Thực phẩm")
NOTES = (
    *[""] * 6,
    "Nộp bổ sung bản chính khi nhận kết quả",
    "Đã đối chiếu bản gốc",
    "Trả kết quả qua bưu chính",
)


def _without_diacritics(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


SURNAME_ASCII = tuple(map(_without_diacritics, SURNAMES))
GIVEN_ASCII = tuple(map(_without_diacritics, GIVENS))

BIRTH_PROVINCES = np.array([1, 1, 1, 1, 30, 33, 34, 35, 36, 37, 38, 40, 25, 26, 27])


def draw_background(content: Ids, modified: Ints, rng: np.random.Generator) -> Background:
    """Applicants for as many cases as ``content`` has; about half give an e-mail address, most a telephone number."""
    count = len(content)
    enterprise = (rng.random(count) < 0.1).astype(np.int8)
    person = _identity_numbers(count, rng)
    company = 100_000_000 + rng.integers(0, 10_000_000, count)
    return Background(
        content=content,
        modified=modified,
        enterprise=enterprise,
        surname=rng.choice(len(SURNAMES), size=count, p=SURNAME_SHARES / SURNAME_SHARES.sum()).astype(np.int8),
        middle=rng.integers(0, len(MIDDLES), count, dtype=np.int8),
        given=rng.integers(0, len(GIVENS), count, dtype=np.int8),
        identity=np.where(enterprise == 1, company, person),
        phone=np.where(rng.random(count) < 0.93, 300_000_000 + rng.integers(0, 699_999_999, count), 0),
        mail=np.where(rng.random(count) < 0.55, rng.integers(1, 9_999, count), 0),
        note=rng.integers(0, len(NOTES), count, dtype=np.int8),
    )


def _identity_numbers(count: int, rng: np.random.Generator) -> Ints:
    province = rng.choice(BIRTH_PROVINCES, count).astype(np.int64)
    year = rng.integers(1945, 2008, count)
    century_and_sex = rng.integers(0, 2, count) + np.where(year >= 2000, 2, 0)
    return ((province * 10 + century_and_sex) * 100 + year % 100) * 1_000_000 + rng.integers(0, 1_000_000, count)


@dataclass(frozen=True)
class Applicants:
    """Text of a page's applicants."""

    names: list[str]
    identities: list[str]
    phones: list[str]
    mails: list[str]
    notes: list[str]
    enterprise: list[int]

    @classmethod
    def of(cls, page: Background) -> Applicants:
        enterprise = page.enterprise.tolist()
        surname, middle, given = page.surname.tolist(), page.middle.tolist(), page.given.tolist()
        people = zip(enterprise, surname, middle, given, strict=True)
        return cls(
            names=[_company(s, m, g) if e else f"{SURNAMES[s]} {MIDDLES[m]} {GIVENS[g]}" for e, s, m, g in people],
            identities=[
                f"{i:010d}" if e else f"{i:012d}" for e, i in zip(enterprise, page.identity.tolist(), strict=True)
            ],
            phones=[f"0{p}" if p else "" for p in page.phone.tolist()],
            mails=[
                f"{GIVEN_ASCII[g]}.{SURNAME_ASCII[s]}{m}@gmail.com" if m else ""
                for s, g, m in zip(surname, given, page.mail.tolist(), strict=True)
            ],
            notes=[NOTES[n] for n in page.note.tolist()],
            enterprise=enterprise,
        )


def _company(surname: int, middle: int, given: int) -> str:
    form, word = COMPANY_FORMS[surname % len(COMPANY_FORMS)], COMPANY_WORDS[middle % len(COMPANY_WORDS)]
    return f"{form} {word} {GIVENS[given]} {MIDDLES[middle]}"


def redraw(background: Background, rows: Rows, rng: np.random.Generator) -> None:
    """Put other applicants into ``rows``."""
    other = draw_background(background.content[rows], background.modified[rows], rng)
    for name in ("enterprise", "surname", "middle", "given", "identity", "phone", "mail"):
        getattr(background, name)[rows] = getattr(other, name)
