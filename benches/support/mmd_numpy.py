"""numpy's side of MMD: one RBF kernel matrix (median heuristic), then permutations.

    kernel       nanoseconds of the kernel matrix and its statistic
    reindex N    nanoseconds of N permutations by re-indexing the matrix, as alibi-detect does
    product N    nanoseconds of N permutations by one product of the matrix with N indicator vectors
"""

import sys
import time

import numpy

path, features, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
z = numpy.fromfile(path).reshape(2 * size, features)
z = z / z.std(axis=0)
random = numpy.random.default_rng(1)


def kernel_matrix():
    norms = (z * z).sum(axis=1)
    squared = norms[:, None] + norms[None, :] - 2 * z @ z.T
    numpy.maximum(squared, 0, out=squared)
    median = numpy.median(squared[numpy.triu_indices(len(z), 1)])
    return numpy.exp(-squared / median)


def unbiased(k, m):
    n = len(k) - m
    a, b, c = k[:m, :m], k[m:, m:], k[:m, m:]
    return (a.sum() - numpy.trace(a)) / (m * (m - 1)) + (b.sum() - numpy.trace(b)) / (n * (n - 1)) - 2 * c.mean()


K = kernel_matrix()
print(numpy.__version__, flush=True)
for line in sys.stdin:
    question, *count = line.split()
    start = time.perf_counter_ns()
    if question == "kernel":
        unbiased(kernel_matrix(), size)
    elif question == "reindex":
        for _ in range(int(count[0])):
            order = random.permutation(len(K))
            unbiased(K[order][:, order], size)
    else:
        indicators = numpy.zeros((len(K), int(count[0])))
        for column in indicators.T:
            column[random.permutation(len(K))[:size]] = 1
        within = (indicators * (K @ indicators)).sum(axis=0)
        sums = K.sum(axis=1) @ indicators
        within, between, other = within, sums - within, K.sum() - 2 * sums + within
        (within - size) / (size * (size - 1)) + (other - size) / (size * (size - 1)) - 2 * between / size**2
    print(time.perf_counter_ns() - start, flush=True)
