"""The one place where the service meets its engine: a cohort's people in, its plan with reasons and proof out."""

from services.matching.domain.plan import Chosen, Cohort, Plan, explain
from services.matching.engine.match import match
from services.matching.engine.people import cohort as columns_of
from services.matching.engine.people import people


def make_plan(cohort: Cohort) -> Plan:
    """The pairing with the most people, then the most benefit (or the most benefit alone): exact, whole pool.

    Equal input gives an equal plan: people are taken in the order of their enrollment ids.
    """
    given = people(cohort.mentees, cohort.mentors, cohort.rules, cohort.now, cohort.managers, cohort.drafts)
    found = match(columns_of(given), cohort.rules.objective, given)
    chosen = [
        Chosen(given.mentees[mentee].enrollment, given.pool.mentors[mentor].enrollment, score)
        for (mentee, mentor), score in zip(found.pairs.tolist(), found.scores.tolist(), strict=True)
    ]
    return explain(cohort, chosen, found.gap)
