"""The tables of words hold together: nothing is missing from one that another needs."""

from __future__ import annotations

import pytest

from schemas.case import (
    CASE_SCHEMA,
    COMPARED,
    DIGITAL_FLAGS,
    NULL_POLICY,
    POLICY,
    UNVERSIONED,
    FieldPolicy,
    check_policy,
)
from schemas.codes import (
    CHANNEL_LABELS,
    CITY_STATUS_WORDS,
    QUARANTINE_LABELS,
    STATUS_LABELS,
    Channel,
    Label,
    QuarantineReason,
    Side,
    Status,
)
from schemas.mismatch import KINDS, PRECEDENCE, VERDICT_LABELS, Kind, Verdict
from schemas.wire import FIELDS, WireType, columns

LABELS = [*STATUS_LABELS.items(), *CHANNEL_LABELS.items(), *QUARANTINE_LABELS.items(), *VERDICT_LABELS.items()]
LABELS += [(kind, info.label) for kind, info in KINDS.items()]


def test_every_word_has_a_label_in_both_languages() -> None:
    assert (set(STATUS_LABELS), set(CHANNEL_LABELS)) == (set(Status), set(Channel))
    assert (set(QUARANTINE_LABELS), set(VERDICT_LABELS)) == (set(QuarantineReason), set(Verdict))
    assert set(CITY_STATUS_WORDS.values()) == set(Status)
    assert all(isinstance(label, Label) and label.vi.strip() and label.en.strip() for _, label in LABELS)
    for language in ("vi", "en"):
        kinds = [getattr(info.label, language) for info in KINDS.values()]
        assert len(set(kinds)) == len(kinds), "two kinds that read alike cannot be told apart in a report"


def test_precedence_is_the_order_of_the_table() -> None:
    assert list(KINDS) == list(Kind) == sorted(Kind, key=lambda kind: PRECEDENCE[kind])
    assert sorted(PRECEDENCE.values()) == list(range(len(Kind)))


def test_kinds_name_fields_of_the_case() -> None:
    for info in KINDS.values():
        assert info.fields
        assert set(info.fields) <= set(CASE_SCHEMA.names)
    compared = {field for info in KINDS.values() for field in info.fields}
    assert set(COMPARED) <= compared, "a compared field that no kind names would differ without a name"


def test_the_canonical_case_names_its_own_columns_only() -> None:
    names = set(CASE_SCHEMA.names)
    assert set(COMPARED) | set(DIGITAL_FLAGS) | set(NULL_POLICY) | UNVERSIONED <= names
    assert set(DIGITAL_FLAGS) < set(COMPARED)
    assert set(NULL_POLICY) <= set(COMPARED)
    assert not UNVERSIONED & set(COMPARED)


def test_a_policy_that_names_an_unknown_column_is_an_error_at_start() -> None:
    check_policy(POLICY, COMPARED)
    for policy, compared, wrong in (
        ({**POLICY, "fee_totl": FieldPolicy()}, (*COMPARED, "fee_totl"), "fee_totl"),
        ({**POLICY, "due_at": FieldPolicy(precision="due_precison")}, COMPARED, "due_precison"),
        (POLICY, COMPARED[1:], COMPARED[0]),
        (POLICY, (*COMPARED, "record_id"), "record_id"),
    ):
        with pytest.raises(ValueError, match=wrong):
            check_policy(policy, compared)


@pytest.mark.parametrize("side", list(Side))
def test_wire_fields_are_named_once(side: Side) -> None:
    names = [field.name for field in FIELDS[side]]
    assert len(set(names)) == len(names)
    assert len(set(columns(side))) == len(columns(side))
    assert {"case_code", "record_id", "status_code", "received_at"} <= set(columns(side))
    assert set(columns(side, type=WireType.TIME)) >= {"received_at", "due_at", "finished_at", "returned_at"}
    assert {field.column for field in FIELDS[side] if field.personal} >= {"applicant_name", "applicant_id_no", "phone"}
