"""
The handwritten digits, what can go wrong with them, and a small network that reads them, in plain Julia: the standard
library and nothing else, from Julia 1.5 on. The same seed gives the same numbers on every version of Julia.

An image is a column of 64 `Float32` in [0, 1]: 8x8 pixels, row by row from the top left, 0 paper, 1 ink. A batch is a
matrix of 64 x n, and the labels that belong to it are `n` integers from 0 to 9.
"""
module Digits

include("random.jl")
include("data.jl")
include("corrupt.jl")
include("network.jl")
include("classifier.jl")
include("progress.jl")
include("table.jl")
include("picture.jl")

end
