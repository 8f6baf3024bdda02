"""A find's first stage is what one index answers whole; everything else comes after."""

from shared.delivery import Index
from shared.delivery.query import page, stages

BY_PROGRAM = Index((("state.program", 1), ("state.cohort", 1), ("id", 1)))
BY_PERSON = Index((("state.person", 1),))
PARTIAL = Index((("state.person", 1), ("state.kind", 1)), partial={"state.kind": "x"})
ALIVE = {"erased": None}


def split(where, after=None, indexes=(BY_PROGRAM, BY_PERSON, PARTIAL)):
    return [each["$match"] for each in stages(indexes, "acme", where, ALIVE, after)]


def test_what_an_index_covers_comes_first_and_the_rest_after():
    assert split({"state.person": "a", "state.kind": "x"}) == [
        {"organization": "acme", "state.person": "a"},
        {"state.kind": "x", **ALIVE},
    ]


def test_the_longest_leading_part_of_an_index_is_taken_and_a_page_goes_on_within_it():
    where = {"state.program": "p", "state.cohort": "c", "state.person": "a"}
    assert split(where, after="k") == [
        {"organization": "acme", "state.program": "p", "state.cohort": "c", "id": {"$gt": "k"}},
        {"state.person": "a", **ALIVE},
    ]
    assert split({"state.cohort": "c"}) == [{"organization": "acme"}, {"state.cohort": "c", **ALIVE}]


def test_a_range_ends_what_the_index_is_used_for():
    where = {"state.program": {"$in": ["p", "q"]}, "state.cohort": "c"}
    assert split(where) == [
        {"organization": "acme", "state.program": {"$in": ["p", "q"]}},
        {"state.cohort": "c", **ALIVE},
    ]


def test_without_conditions_pages_go_by_id():
    assert split({}, after="k") == [{"organization": "acme", "id": {"$gt": "k"}}, ALIVE]
    assert split({"$or": [{"state.person": "a"}]}) == [
        {"organization": "acme"},
        {"$or": [{"state.person": "a"}], **ALIVE},
    ]


def test_a_page_is_in_order_of_ids_and_bounded():
    assert page(stages((), "acme", {}, ALIVE), 7)[2:] == [{"$sort": {"id": 1}}, {"$limit": 7}]
