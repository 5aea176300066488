"""The crate's generator, and what it picks: so that scripts and tests make the same data."""

MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self):
        return ((self.next() >> 12) + 0.5) / (1 << 52)

    def below(self, n):
        return (self.next() * n) >> 64


def by_content(ranks):
    """The rows of a sample in the crate's order, which hangs on what is in them alone: `ranks` of their values among both samples'."""
    mixed = lambda a, b: SplitMix64(a ^ b).next()
    keys, seen = [], {}
    for row in ranks:
        key = 0
        for rank in row:
            key = mixed(key, int(rank))
        seen[key] = seen.get(key, -1) + 1
        keys.append(mixed(key, seen[key]))
    return sorted(range(len(keys)), key=keys.__getitem__)


def picked(size, most, seed):
    """The rows that the crate picks."""
    order = list(range(size))
    if size <= most:
        return order
    random = SplitMix64(seed)
    for place in range(most):
        other = place + random.below(size - place)
        order[place], order[other] = order[other], order[place]
    return order[:most]
