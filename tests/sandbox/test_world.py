"""The world itself: repeatable, complete, and consistent with its own list of faults."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import orjson
import pytest

from sandbox.city.records import STATUS_WORDS
from sandbox.columns import wall_seconds
from sandbox.faults.planting import wanted_per_kind
from sandbox.world import World, build
from tests.sandbox.folding import assert_same, fold_city, fold_portal, read_time, visible

CASE_CODE = re.compile(r"^(?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(?:\.\d{2,3}){0,3}-(\d{6}|\d{8})-\d{4,7}$")
KINDS = {
    "missing_on_portal", "missing_in_city", "status_behind", "status_ahead", "status_rewritten", "phantom_overdue",
    "hidden_overdue", "received_differs", "due_differs", "finished_differs", "agency_differs", "procedure_differs",
    "channel_differs", "payment_differs", "digitisation_differs", "result_missing", "duplicate_on_portal",
    "duplicate_in_city", "ambiguous",
}  # fmt: skip
REASONS = {"bad_status", "due_before_received", "unparseable_time", "null_key", "note_too_long", "malformed_key"}


@pytest.fixture(scope="module")
def city(world: World) -> list[dict[str, Any]]:
    return world.city_records(np.arange(world.city_count))


@pytest.fixture(scope="module")
def portal(world: World) -> list[dict[str, Any]]:
    return world.portal_records(np.arange(world.portal_count))


def test_same_arguments_make_the_same_bytes(world: World) -> None:
    again = build(world.document["cases"], world.document["seed"])
    assert orjson.dumps(again.truth()) == orjson.dumps(world.truth())
    some = np.arange(0, world.portal_count, 7)
    assert orjson.dumps(again.city_records(some)) == orjson.dumps(world.city_records(some))
    assert orjson.dumps(again.portal_records(some)) == orjson.dumps(world.portal_records(some))
    assert build(world.document["cases"], 8).truth()["mismatches"] != world.truth()["mismatches"]


def test_every_kind_and_reason_is_planted(world: World) -> None:
    truth = world.truth()
    planted = Counter(m["kind"] for m in truth["mismatches"])
    assert set(planted) == KINDS
    assert all(count >= wanted_per_kind(truth["cases"]) for count in planted.values())
    assert {(b["side"], b["reason"]) for b in truth["bad_rows"]} == {
        (s, r) for s in ("city", "portal") for r in REASONS
    }
    assert len(truth["in_flight"]) >= 2
    assert truth["equal_pairs"] > 0.35 * truth["cases"]
    assert all(truth["equal_by_encoding"].values())


@pytest.mark.parametrize("cases", [20, 60, 150, 600])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_worlds_mostly_agree(cases: int, seed: int) -> None:
    truth = build(cases, seed).truth()
    affected = {m["case_code"] for m in truth["mismatches"]} | {b["case_code"] for b in truth["bad_rows"]}
    assert 0 < len(affected) < cases / 2


def test_codes_are_well_formed_and_unique(
    world: World, city: list[dict[str, Any]], portal: list[dict[str, Any]]
) -> None:
    for side, key, records in (("city", "dossierNo", city), ("portal", "MaHoSo", portal)):
        codes = Counter(record.get(key) for record in records)
        bad = {b["case_code"] for b in world.truth()["bad_rows"] if b["side"] == side and b["field"] == "case_code"}
        twice = {m["case_code"] for m in world.truth()["mismatches"] if m["kind"].startswith("duplicate_")}
        for code, count in codes.items():
            if code in bad:
                assert code is None or not CASE_CODE.fullmatch(code)
            else:
                assert CASE_CODE.fullmatch(code), code
                assert count == 1 or code in twice


def test_two_verdicts_are_in_the_list(world: World) -> None:
    """The consequence of every planted difference is listed, and due or finish time gives way to it."""
    kinds = defaultdict(set)
    for mismatch in world.truth()["mismatches"]:
        kinds[mismatch["case_code"]].add(mismatch["kind"])
    for found in kinds.values():
        assert not (found & {"phantom_overdue", "hidden_overdue"} and found & {"due_differs", "finished_differs"})
    settled = wall_seconds(world.now) - 72 * 3_600
    planted = np.concatenate([p.rows for p in world.draft.planted])
    assert (world.draft.background.modified[planted] < settled).all()


def test_honest_pairs_are_equal_after_folding(
    world: World, city: list[dict[str, Any]], portal: list[dict[str, Any]]
) -> None:
    """Whatever is not in the truth is the same on both sides once spelling is put aside."""
    truth = world.truth()
    apart = {m["case_code"] for m in truth["mismatches"]} | set(truth["in_flight"])
    apart |= {m["portal_value"] for m in truth["mismatches"] if m["kind"] == "ambiguous"}
    apart |= {visible(b["case_code"]) for b in truth["bad_rows"] if b["case_code"]}
    city_by_code = {visible(r.get("dossierNo")): fold_city(r) for r in city if r.get("dossierNo")}
    portal_by_code = {visible(r.get("MaHoSo")): fold_portal(r) for r in portal if r.get("MaHoSo")}
    honest_city = {c: f for c, f in city_by_code.items() if c not in apart and f["status"] != 1}
    honest_portal = {c: f for c, f in portal_by_code.items() if c not in apart}
    assert honest_city.keys() == honest_portal.keys()
    assert len(honest_city) > 0.9 * truth["cases"]
    for code, facts in honest_city.items():
        assert_same(facts, honest_portal[code])


def test_listed_differences_are_real(world: World) -> None:
    for mismatch in world.truth()["mismatches"]:
        city, portal = mismatch["city_value"], mismatch["portal_value"]
        if mismatch["kind"].startswith("duplicate_"):
            assert city == portal == mismatch["case_code"]
        elif mismatch["field"] == "status_code":
            assert str(STATUS_WORDS.index(city)) != portal
        elif mismatch["field"].endswith("_at"):
            assert read_time(city) != read_time(portal)
        else:
            assert city != portal
