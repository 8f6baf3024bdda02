"""A whole cohort: prices first, one exact solve, then only the rows that the prices do not yet prove.

Raw scores choose the wrong candidates where mentors are popular (56 % below the optimum at eight each, measured),
so a few approximate auctions find prices, and each mentee's row is what is best *at these prices*.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.auction import auction
from services.matching.engine.candidates import Candidates
from services.matching.engine.columns import Cohort
from services.matching.engine.compile import Flags, Longs, kernel
from services.matching.engine.exact import exact
from services.matching.engine.graph import Graph, Ints, Objective
from services.matching.engine.people import People
from services.matching.engine.prices import parts, weight
from services.matching.engine.sources import OfCohort, Source
from services.matching.engine.thresholds import OUTSIDE

ROUNDS = 3
KEEP_ROUGH = 12
KEEP = 24
STEP = 10_000
"""ε of the rounds' auctions, 1 % of the scale."""
FINE = 1_000
"""ε of the last one, from which the exact search starts."""
REPAIRS = 12

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Matching:
    """What the engine answers, in positions of the cohort's people."""

    pairs: Ints
    """(k, 2) mentee, mentor; by mentee."""
    scores: Ints
    """(k,) raw scores."""
    drafts_kept: int
    welfare: int
    """Σ score with the bonus of kept drafts: what bound and gap are about."""
    raw_welfare: int
    upper_bound: int
    """Over the whole pool, with bonus: no matching (under participation: of as many pairs) has more."""
    people_bound: int
    """No matching makes more pairs (participation); the number made (score)."""
    prices: Ints
    """(mentors,) points that one more place there is worth."""
    graph: Graph
    """The candidates, with bonus: what repairs and reasons work on."""
    looked: int
    """Rows that were fetched, over all passes; mentees · passes would be everything every time."""
    rounds: int
    found: "Found"
    """What lies behind it: where a standing solution goes on (`Proved`)."""

    @property
    def gap(self) -> float:
        """Share of the bound that is not proved; 0.0: optimal over the whole pool; 1.0: people may be missing."""
        if self.people_bound > len(self.pairs):
            return 1.0
        return (self.upper_bound - self.welfare) / max(1, self.upper_bound)


@dataclass
class Found:
    """An assignment on candidates, with what is proved over everybody."""

    rows: Candidates
    graph: Graph
    chosen: Ints
    """Edges of `graph`."""
    heads: Ints
    """(mentors,) people part of the prices; 0 under score."""
    points: Ints
    """(mentors,) the other part."""
    bound: int
    people_bound: int
    rounds: int

    @property
    def pairs(self) -> Ints:
        """(k, 2) mentee, mentor; by mentee."""
        return np.stack([self.graph.rows()[self.chosen], self.graph.indices[self.chosen]], axis=1)


def search(
    source: Source, objective: Objective, *, threads: int = 1, progress: Progress = lambda text: None
) -> Found:
    """Prices by rough auctions, an exact solve, then again only what is not proved, until everything is."""
    participation = objective == "participation"
    shift = source.first if participation else 0
    rows = Candidates(source, threads)
    nobody = np.zeros(source.mentees, np.bool_)
    warm = np.zeros(source.mentors, np.int64)
    for number in range(ROUNDS):
        progress(f"prices, round {number + 1} of {ROUNDS}")
        rows.fetch(warm, KEEP_ROUGH, nobody)
        warm = auction(rows.graph, STEP if number < ROUNDS - 1 else FINE)
    heads = np.zeros_like(warm)
    rounds = 0
    least: int | None = None
    standing = np.zeros(0, np.int64)
    keep = max(KEEP, int(source.demands.max(initial=0)))
    while True:
        rounds += 1
        progress(f"exact assignment on {len(rows.keys)} candidates")
        graph = rows.graph
        unit = weight(graph) if participation else 0
        held = None if rounds == 1 else np.searchsorted(rows.keys, standing)
        start = heads * unit + warm
        raised = participation and rounds > 1
        chosen, warm = exact(graph, participation=participation, prices=start, raised=raised, held=held)
        standing = rows.keys[chosen]
        prices = warm
        if participation:  # kept apart: the weight of a pair changes with the largest score among candidates
            heads, warm = parts(warm, unit)
            prices = np.maximum(0, heads * source.first + np.clip(warm, -source.most, source.most))
        reached = int(graph.scores[chosen].sum()) + shift * len(chosen)
        bound, proved = pool_bound(graph, prices, rows.outside(prices), shift)
        if bound > reached and not proved.all():
            progress(f"{int((~proved).sum())} people looked for better mentors")
            rows.fetch(prices, keep, proved)
            bound, proved = pool_bound(rows.graph, prices, rows.outside(prices), shift)
        least = bound if least is None else min(least, bound)
        made = len(chosen)
        people_bound = _people_bound(rows, heads, made, keep) if participation else made
        done = least <= reached and people_bound == made
        if done or rounds == REPAIRS or len(rows.keys) == len(graph.indices):
            break
    if len(rows.keys) > len(graph.indices):  # what the proof looked at belongs to the candidates
        graph, chosen = rows.graph, np.searchsorted(rows.keys, standing)
    return Found(rows, graph, chosen, heads, warm, least - shift * made, people_bound, rounds)


def match(
    cohort: Cohort,
    objective: Objective = "participation",
    people: People | None = None,
    *,
    threads: int = 1,
    progress: Progress = lambda text: None,
) -> Matching:
    """The best matching of a whole cohort, with its proof over everybody.

    `people` is needed only where a program has terms without a kernel. Deterministic; `threads` changes nothing
    but the time. `progress` is told what happens, in words without names.
    """
    source = OfCohort(cohort, people)
    found = search(source, objective, threads=threads, progress=progress)
    graph, chosen, columns = found.graph, found.chosen, cohort.columns
    owner = np.repeat(np.arange(cohort.mentees, dtype=np.int64), np.diff(columns.draft_at))
    drafts = owner * max(1, cohort.mentors) + columns.draft
    kept = np.isin(_keys(graph)[chosen], drafts)
    raw = graph.scores[chosen] - columns.bonus * kept
    return Matching(
        pairs=found.pairs,
        scores=raw,
        drafts_kept=int(kept.sum()),
        welfare=int(graph.scores[chosen].sum()),
        raw_welfare=int(raw.sum()),
        upper_bound=found.bound,
        people_bound=found.people_bound,
        prices=np.maximum(0, found.heads * source.first + np.clip(found.points, -source.most, source.most)),
        graph=graph,
        looked=found.rows.looked,
        rounds=found.rounds,
        found=found,
    )


def _keys(graph: Graph) -> Ints:
    return graph.rows() * max(1, graph.mentors) + graph.indices


def pool_bound(graph: Graph, prices: Ints, outside: Ints, shift: int) -> tuple[int, npt.NDArray[np.bool_]]:
    """(upper bound over the whole pool of Σ (score + shift), whether each row has all it needs)."""
    proved = np.zeros(graph.mentees, np.bool_)
    total = _tops(graph.indptr, graph.indices, graph.scores, graph.demands, prices, outside, shift, proved)
    places = np.minimum(graph.capacities, graph.mentees)
    return int(total) + int((places * prices).sum()), proved


@kernel
def _tops(
    indptr: Longs,
    indices: Longs,
    scores: Longs,
    demands: Longs,
    prices: Longs,
    outside: Longs,
    shift: int,
    proved: Flags,
) -> int:
    """Σᵢ the dᵢ largest positive gains, where anyone outside the row may bring `outside`."""
    total = 0
    widest = 0
    for i in range(len(indptr) - 1):
        widest = max(widest, indptr[i + 1] - indptr[i])
    best = np.empty(widest, np.int64)
    for i in range(len(indptr) - 1):
        count = 0
        beyond = outside[i] + shift
        wanted = demands[i]
        if wanted == 1:  # nearly everybody: no need to sort
            top = max(beyond, 0)
            for e in range(indptr[i], indptr[i + 1]):
                top = max(top, scores[e] + shift - prices[indices[e]])
            total += top
            proved[i] = top > beyond or beyond <= 0
            continue
        for e in range(indptr[i], indptr[i + 1]):
            gain = scores[e] + shift - prices[indices[e]]
            if gain > beyond and gain > 0:
                best[count] = gain
                count += 1
        if count > wanted:
            best[:count].sort()
        for k in range(min(count, wanted)):
            total += best[count - 1 - k]
        if count < wanted and beyond > 0:
            total += (wanted - count) * beyond
        proved[i] = count >= wanted or beyond <= 0
    return total


def _people_bound(rows: Candidates, heads: Ints, made: int, keep: int) -> int:
    """No matching makes more pairs than this.

    Everyone's wishes and everyone's places bound it; where those are not reached, prices of people alone do
    (`heads`: 1 at a mentor whose place would bring one more pair): a mentee counts with the mentors that cost
    nothing, everyone possible looked at, and so new candidates may come in.
    """
    graph = rows.graph
    wishes = np.where(rows.complete, np.minimum(np.diff(graph.indptr), graph.demands), graph.demands)
    places = np.minimum(graph.capacities, graph.mentees)
    if made >= min(int(wishes.sum()), int(places.sum())):
        return made
    people_only = heads * rows.source.first
    thresholds = rows.thresholds.widened(0, 0)  # what is known at the full prices is worth more later
    free = np.bincount(graph.rows(), weights=heads[graph.indices] == 0, minlength=graph.mentees)
    rows.fetch(people_only, keep, rows.complete | (free >= graph.demands))
    graph = rows.graph
    free = np.bincount(graph.rows(), weights=heads[graph.indices] == 0, minlength=graph.mentees)
    wishes = np.where(rows.outside(people_only) < 0, np.minimum(free, graph.demands), graph.demands)
    thresholds.rest[rows.complete] = OUTSIDE
    rows.thresholds = thresholds
    return max(made, int(wishes.sum()) + int((places * heads).sum()))
