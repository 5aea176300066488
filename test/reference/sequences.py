"""Reference values of the n-gram model and of Markov chains: writes sequences.json beside this file. Needs nltk, numpy.

nltk's interpolated Kneser-Ney has one discount and no mass for unseen words; below its unigrams we put the uniform
distribution over words, end and unseen. The modified form is written from Chen and Goodman's paper."""

import collections
import json
import math
import pathlib
import sys

import nltk
import numpy as np
from nltk.lm import KneserNeyInterpolated
from nltk.lm.smoothing import KneserNey
from nltk.util import ngrams

rng = np.random.default_rng(7)
WORDS = 60
words = [f"w{i}" for i in range(WORDS)]


def text(n, follow):
    out, at = [], 0
    for _ in range(n):
        at = int(rng.choice(WORDS, p=follow[at]))
        out.append(words[at])
    return out


# Few frequent words and many rare ones.
follow = rng.dirichlet(8 / np.arange(1, WORDS + 1) ** 1.3, size=WORDS)
reference = [text(int(n), follow) for n in rng.integers(1, 14, size=100)]
probe = [text(6, follow) for _ in range(4)] + [text(8, rng.dirichlet(np.ones(WORDS), size=WORDS)), ["w0", "new", "w3", "w3"], ["new"], []]
vocabulary = sorted({w for s in reference for w in s})
OUTCOMES = len(vocabulary) + 2
END = "</s>"


def predicted(sentence, order):
    """For each word and the end: all its contexts up to order - 1, after order - 1 starts."""
    padded = ["<s>"] * (order - 1) + sentence + [END]
    for i in range(order - 1, len(padded)):
        yield tuple(padded[i - order + 1 : i]), padded[i]


class Smoothed(KneserNey):
    def unigram_score(self, word):
        count, total = self._continuation_counts(word)
        types = sum(1 for w in self.counts.unigrams if self._continuation_counts(w)[0] > 0)
        return max(count - self.discount, 0) / total + self.discount * types / total / OUTCOMES


def by_nltk(order, discount):
    model = KneserNeyInterpolated(order, discount)
    model.estimator = Smoothed(model.vocab, model.counts, discount=discount, order=order)
    grams = [[(c + (w,))[-k:] for c, w in predicted(s, order) for k in range(1, order + 1)] for s in reference]
    model.fit(grams, vocabulary_text=vocabulary + [END, "<s>"])
    known = lambda w: w if w in vocabulary or w == END else "<UNK>"
    score = lambda c, w: model.unmasked_score(known(w), tuple(known(x) if x != "<s>" else x for x in c))
    return [[-math.log(score(c, w)) for c, w in predicted(s, order)] for s in probe]


def modified(order):
    """p by its definition, on dictionaries of all counts."""
    counts = [collections.Counter() for _ in range(order + 1)]
    top = collections.Counter(c + (w,) for s in reference for c, w in predicted(s, order))
    counts[order] = top
    for k in range(order - 1, 0, -1):
        counts[k] = collections.Counter(g[1:] for g in counts[k + 1])

    def discounts(k):
        n = collections.Counter(counts[k].values())
        y = n[1] / (n[1] + 2 * n[2])
        if all(n[i] for i in (1, 2, 3, 4)):
            three = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
            if all(0 < x < i for i, x in enumerate(three) if i):
                return three
        return [0, y, y, y]  # what the detector documents for counts that have no estimate

    d = {k: discounts(k) for k in range(1, order + 1)}
    assert len(set(d[order])) == 4, d

    def p(gram):
        k = len(gram)
        if k == 0:
            return 1 / OUTCOMES
        followers = [c for g, c in counts[k].items() if g[:-1] == gram[:-1]]
        if not followers:
            return p(gram[1:])
        total, c = sum(followers), counts[k][gram]
        gamma = sum(d[k][min(x, 3)] for x in followers) / total
        below = p(gram[1:]) if k > 1 else 1 / OUTCOMES
        return max(c - d[k][min(c, 3)], 0) / total + gamma * below

    return [[-math.log(p(c + (w,))) for c, w in predicted(s, order)] for s in probe]


def markov(order, a):
    pairs = collections.Counter((c, w) for s in reference for c, w in predicted(s, order + 1) if w != END)
    total = collections.Counter()
    for (c, _), n in pairs.items():
        total[c] += n
    p = lambda c, w: (pairs[c, w] + a) / (total[c] + a * (len(vocabulary) + 1))
    return [[-math.log(p(c, w)) for c, w in predicted(s, order + 1) if w != END] for s in probe]


out = {
    "versions": {"python": sys.version.split()[0], "nltk": nltk.__version__, "numpy": np.__version__},
    "reference": reference,
    "probe": probe,
    "cases": [
        {"detector": "ngram", "options": {"order": n, "discount": d}, "surprisals": by_nltk(n, d)} for n, d in ((2, 0.75), (2, 0.1), (3, 0.6))
    ] + [
        {"detector": "ngram", "options": {"order": n}, "surprisals": modified(n)} for n in (2, 3)
    ] + [
        {"detector": "markov", "options": {"order": k, "smoothing": a}, "surprisals": markov(k, a)} for k, a in ((1, 0.5), (2, 1.0), (0, 0.5))
    ],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
