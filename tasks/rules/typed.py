"""Landing text to typed columns: what each text means, and whether it can be read at all.

Nothing is dropped or defaulted here. A text that cannot be read leaves a null and raises a flag, and the flags are what
the expectations look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from schemas.codes import CITY_STATUS_WORDS, Side, Status
from schemas.wire import WireType, columns
from tasks.rules.keys import probable_code, well_formed
from tasks.rules.nested import summarise
from tasks.rules.references import NO_FORMS, new_form
from tasks.rules.times import Precision, parse

_CODE_LISTS: Final = {
    "channel": {"1": 1, "2": 2, "3": 3},
    "online_payment": {"0": 0, "1": 1, "2": 2, "3": 0},  # 3 = an unpaid fee row in one client (not confirmed)
    "has_digitised_component": {"0": 0, "1": 1},
    "account_verified_vneid": {"0": 0, "1": 1},
}
_FREE_CODES: Final = ("agency_code", "procedure_code")
_CONTROL: Final = r"[\x00-\x1f\x7f]"
"""No code has one, and the text under a hash keeps values apart by such characters."""
_UNRECEIVED: Final = [int(status) for status in (Status.REGISTERED, Status.REFUSED, Status.WITHDRAWN)]
_UNIT: Final = {Precision.SECOND: "1us", Precision.MINUTE: "1min", Precision.DAY: "1D"}


def typed(
    side: Side,
    landed: pd.DataFrame,
    city_words: Mapping[str, int] = CITY_STATUS_WORDS,
    forms: pd.DataFrame = NO_FORMS,
) -> pd.DataFrame:
    """`landed` (text columns of `schemas.wire`) with typed columns in place of text, and flags.

    - times: `<name>` as UTC microseconds, `<name>_precision`, and `time_bad` = some time cannot be read
    - `status_code`: Int16 1..10, null when the text is no status
    - codes: Int16, null when empty; `code_bad` = some code is outside its list, or that of an agency or a procedure has
      a control character
    - the facts of `nested.summarise`; `list_bad`, `amount_bad`
    - `key_bad`: the case code is there and malformed; `received_absent`: received by its status, without a received
      time (a case can be refused or withdrawn before it was received)
    - `due_latest_at`, `received_latest_at`: the last instant that the text can mean (a day lasts until its end)
    - `case_code`: in its new form by the reference table `forms`; `own_code`: as written, where that is another
    - `probable_code`: what the case code most probably means, for rows whose code is malformed
    """
    frame = landed.copy()
    frame["case_code"] = frame["case_code"].replace("", pd.NA)
    own, frame["case_code"] = frame["case_code"], new_form(frame["case_code"], forms)
    frame["own_code"] = own.mask((own == frame["case_code"]).fillna(True).astype(bool))
    frame["probable_code"] = new_form(probable_code(frame["case_code"]), forms)
    frame["key_bad"] = frame["case_code"].notna() & ~well_formed(frame["case_code"])
    frame["status_code"] = _status(side, frame["status_code"], city_words)
    facts = summarise(side, frame)
    frame = frame.drop(columns=[name for name in facts.columns if name in frame.columns]).join(facts)
    frame["time_bad"] = frame.pop("supplement_time_bad")
    for name in columns(side, type=WireType.TIME):
        parsed = parse(frame[name])
        frame[name] = parsed["at"]
        frame[f"{name}_precision"] = parsed["precision"]
        frame["time_bad"] |= parsed["bad"]
    unreceived = frame["status_code"].isna() | frame["status_code"].isin(_UNRECEIVED)
    frame["received_absent"] = ~unreceived.fillna(True) & frame["received_at"].isna() & ~frame["time_bad"]
    for name in ("due", "received"):
        frame[f"{name}_latest_at"] = latest(frame[f"{name}_at"], frame[f"{name}_at_precision"])
    frame["code_bad"] = False
    for name in _FREE_CODES:
        if name in frame.columns:
            frame["code_bad"] |= frame[name].str.contains(_CONTROL, regex=True).fillna(False).astype(bool)
    for name, meanings in _CODE_LISTS.items():
        text = frame[name].replace("", pd.NA)
        frame[name] = text.map(meanings).astype("Int16")
        frame["code_bad"] |= frame[name].isna() & text.notna()
    return frame


def _status(side: Side, text: pd.Series, city_words: Mapping[str, int]) -> pd.Series:
    codes = {str(int(status)): int(status) for status in Status}
    meanings = {word: int(code) for word, code in city_words.items()} if side is Side.CITY else codes
    return text.map(meanings).astype("Int16")


def latest(at: pd.Series, precision: pd.Series) -> pd.Series:
    """The last microsecond of the minute or day that begins at `at`; a time with seconds is an instant.

    `at` is datetime64[us, UTC], `precision` a `Precision`, null where `at` is; result like `at`.
    """
    spans = {int(p): pd.Timedelta(unit) for p, unit in _UNIT.items()}
    return at + precision.map(spans).astype("timedelta64[us]") - pd.Timedelta(1, "us")
