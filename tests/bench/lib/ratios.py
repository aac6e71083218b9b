"""Ratios of two cases of a group, the bars they are held to, and the stored ones they are compared with.

A speed is how many times as fast ours is: theirs / ours of the same round, then the median over the
rounds. A size is ours / theirs. Seconds are never compared with those of another day."""

import statistics
from dataclasses import dataclass

# How much worse than the stored ratio is a regression. Sizes do not depend on what else runs.
SPEED_WORSE = 0.10
SIZE_WORSE = 0.02


@dataclass
class Pair:
    """Two cases that are compared. `work` is how many times as much ours has to do."""

    group: str
    ours: str
    theirs: str
    work: float = 1
    size: bool = True  # whether their outputs can be compared, too

    def key(self):
        return f"{self.group}/{self.ours}/{self.theirs}"


@dataclass
class Bar:
    """What a ratio must reach: a speed of at least, or a size of at most `limit`."""

    title: str
    key: str
    kind: str
    limit: float


def measured(pairs, results):
    """{key: {"speed": ..., "size": ...}} of the pairs whose two cases ran."""
    ratios = {}
    for pair in pairs:
        ours = results.get(pair.group, {}).get(pair.ours)
        theirs = results.get(pair.group, {}).get(pair.theirs)
        if not ours or not theirs:
            continue
        rounds = [pair.work * b / a for a, b in zip(ours.seconds, theirs.seconds)]
        ratio = {"speed": round(statistics.median(rounds), 3)}
        if pair.size and ours.output_bytes and theirs.output_bytes:
            ratio["size"] = round(ours.output_bytes / theirs.output_bytes, 4)
        ratios[pair.key()] = ratio
    return ratios


def judge(bars, ratios):
    """The bars with what was measured; "reached" is None where nothing was."""
    judged = []
    for bar in bars:
        got = ratios.get(bar.key, {}).get(bar.kind)
        reached = None
        if got is not None:
            reached = got >= bar.limit if bar.kind == "speed" else got <= bar.limit
        judged.append({"title": bar.title, "ratio": bar.key, "kind": bar.kind, "limit": bar.limit,
                       "got": got, "reached": reached})
    return judged


def compare(stored, ratios, kinds):
    """What is worse than stored, as rows of (key, kind, stored, now, worse by), the worst first; and the
    keys of stored ratios that were not measured this time."""
    worse = []
    gone = []
    for key, ratio in sorted(stored.items()):
        for kind in sorted(set(ratio) & set(kinds)):
            now = ratios.get(key, {}).get(kind)
            if now is None:
                gone.append(f"{key} {kind}")
                continue
            by = 1 - now / ratio[kind] if kind == "speed" else now / ratio[kind] - 1
            if by > (SPEED_WORSE if kind == "speed" else SIZE_WORSE):
                worse.append((key, kind, ratio[kind], now, by))
    worse.sort(key=lambda row: (-row[4], row[0]))
    return worse, gone
