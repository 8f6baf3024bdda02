"""Decisions of matching: load, decide, save. One function for each kind of work, registered here."""

from services.matching.store import Store
from services.matching.work.cohorts import Cohorts
from services.matching.work.pages import Pages
from services.matching.work.pairs import Pairs
from services.matching.work.standing import Plans
from shared.delivery import Fanout, Work


def work(store: Store, pairs: Pairs, plans: Plans) -> tuple[Work, ...]:
    """Every kind of decision."""
    cohorts = Cohorts(store, plans)
    return (
        Work("participant", pairs.participant),
        Work("enrollment", pairs.enrollment),
        Work("program", pairs.program),
        Work("pair", pairs.pair),
        Work("changed", cohorts.changed),
        Work("joined", cohorts.joined),
        Work("cohort", cohorts.carry_out, prepare=cohorts.prepare),
        Work("page", Pages(store).page),
    )


def fanouts(pairs: Pairs) -> tuple[Fanout, ...]:
    """Facts about many: a program's rules, a move in the reporting tree."""
    return (
        Fanout("program_pairs", pairs.of_program, "pair"),
        Fanout("moved", pairs.below, "participant"),
    )
