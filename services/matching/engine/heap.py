"""The best of many: a heap with the least of them first."""

from services.matching.engine.compile import Ints32, Longs, kernel


@kernel
def keep_best(values: Longs, who: Ints32, count: int, value: int, one: int) -> int:
    """Take `one` with its value into the heap of the first `count` entries. A full one (of len(values)) gives up its
    least, which must be below `value`. Returns how many it holds now."""
    keep = len(values)
    if count < keep:
        at = count
        count += 1
        while at > 0:
            parent = (at - 1) >> 1
            if values[parent] <= value:
                break
            values[at] = values[parent]
            who[at] = who[parent]
            at = parent
    else:
        at = 0
        while True:
            child = 2 * at + 1
            if child >= keep:
                break
            if child + 1 < keep and values[child + 1] < values[child]:
                child += 1
            if values[child] >= value:
                break
            values[at] = values[child]
            who[at] = who[child]
            at = child
    values[at] = value
    who[at] = one
    return count
