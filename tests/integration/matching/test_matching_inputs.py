"""What programs and profiles say, from the topics to proposals, reasons and those left over."""

from shared.contracts import ASSESSMENTS

WISHES = {
    "values": ["honesty"],
    "style_wanted": ["directive"],
    "style_offered": ["directive"],
    "support_wanted": ["networks"],
    "support_offered": ["networks"],
}


async def test_every_wish_weighs_and_affinity_is_seen_only_inside_program_fit(world):
    await world.person("m1", "e1", country="CA", region="QC", site="Plant", field="law")
    await world.person("m2", country="US", field="trade")
    await world.enroll("mentor", "m1", **WISHES, affinity=["token-1"])
    await world.enroll(
        "mentor", "m2", values=["order"], style_offered=["motivating"], support_offered=["career"]
    )
    await world.enroll("mentee", "e1", **WISHES, affinity=["token-1", "token-2"], boost=20_000)
    weights = {"values": 10, "style": 3, "support": 3, "location": 2, "field": 1, "affinity": 2}
    boost = {
        "points": 40_000,
        "label": "plants",
        "mentee": {"site": ["plant"]},
        "mentor": {"country": ["CA"]},
    }
    await world.program(weights=weights, boosts=[boost])
    await world.settled()
    assert await world.partners("proposed") == {"e1": "m1"}
    pair = await world.pair_of("e1")
    assert pair["assessment"]["score"] == 1_000_000
    terms = {each["term"]: each for each in pair["assessment"]["terms"]}
    assert set(terms) == {"values", "style", "support", "program_fit", "boost"}
    assert terms["program_fit"]["sentence"] == "The same field: law; The same place: Plant"
    assert terms["boost"]["sentence"] == "Boosted: plants, the mentee by a coordinator"
    assert sum(each["points"] for each in terms.values()) in range(1_000_000 - len(terms), 1_000_001)
    seen = await world.call("GET", f"/pairs/{pair['id']}", as_="e1")
    assert "The same field: law; The same place: Plant" in seen["why"]
    assert not any("oost" in line or "token" in line for line in seen["why"])
    ((_, body),) = (await world.published(ASSESSMENTS))[pair["id"]]
    assert body["score"] == 1_000_000
    assert "token" not in str(body)
    assert "affinity" not in str(body)


async def test_two_mentors_for_one_both_roles_for_another_and_competitors_never(world):
    await world.person("m1", "e1", "both")
    await world.person("m2", promotion_pool="heads")
    await world.person("e2", promotion_pool="heads")
    await world.enroll("mentor", "m1", "m2")
    await world.enroll("mentor", "both", skills_offered={"a": 5})
    await world.enroll("mentee", "e1", capacity=2)
    await world.enroll("mentee", "both")
    await world.enroll("mentee", "e2", skills_sought={"a": 5})
    await world.program()
    await world.settled()
    made = sorted(
        tuple(sorted((each["role"], each["participant"]) for each in pair["members"]))
        for pair in await world.pairs()
    )
    partners = {}
    for (_, mentee), (_, mentor) in made:
        partners.setdefault(mentee, []).append(mentor)
    # Three places for four wishes: e2 may only have "both", who may not have themselves.
    assert len(made) == 3
    assert partners["e2"] == ["both"]
    assert all(len(set(each)) == len(each) for each in partners.values())
    assert "both" not in partners.get("both", [])


async def test_nobody_is_paired_below_the_programs_minimum_and_a_boost_lifts_above_it(world):
    await world.person("m1", "m2", "e1", "e2")
    await world.enroll("mentor", "m1", "m2", skills_offered={"a": 1})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.enroll("mentee", "e2", skills_sought={"a": 5}, boost=100_000)
    await world.program(weights={"skills": 7}, minimum_score=250_000)
    await world.settled()
    assert set(await world.partners("proposed")) == {"e2"}
    left = (await world.call("GET", "/programs/p/unmatched"))["items"]
    reasons = {each["participant"]: each["reason"] for each in left if each["role"] == "mentee"}
    assert reasons == {"e1": "score"}
