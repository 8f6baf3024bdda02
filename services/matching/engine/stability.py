"""How stable a matching is: two who would both rather have each other are a blocking pair."""

import numpy as np

from services.matching.engine.graph import Graph, Ints


def blocking(graph: Graph, pairs: Ints) -> int:
    """How many candidates score higher than the worst that both sides have now, an open wish or place being worst.

    A matching of the most benefit may have some: they would gain less than those whom they would leave. A metric,
    not an error; counted among the candidates.
    """
    mentors = max(1, graph.mentors)
    keys = graph.rows() * mentors + graph.indices
    taken = np.isin(keys, pairs[:, 0] * mentors + pairs[:, 1])
    none = np.iinfo(np.int64).max
    worst_of_mentee = np.full(graph.mentees, none)
    worst_of_mentor = np.full(graph.mentors, none)
    np.minimum.at(worst_of_mentee, graph.rows()[taken], graph.scores[taken])
    np.minimum.at(worst_of_mentor, graph.indices[taken], graph.scores[taken])
    served = np.bincount(pairs[:, 0], minlength=graph.mentees)
    load = np.bincount(pairs[:, 1], minlength=graph.mentors)
    worst_of_mentee[(served < graph.demands) & (graph.demands > 0)] = -1
    worst_of_mentor[(load < graph.capacities) & (graph.capacities > 0)] = -1
    both = np.minimum(
        graph.scores - worst_of_mentee[graph.rows()], graph.scores - worst_of_mentor[graph.indices]
    )
    return int(((both > 0) & ~taken).sum())
