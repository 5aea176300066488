# The head of the table: what it was measured on.

# Julia 1.5 cannot say it itself.
blas_threads() = isdefined(BLAS, :get_num_threads) ? something(BLAS.get_num_threads(), "?") :
    ccall((BLAS.@blasfunc(openblas_get_num_threads), Base.libblas_name), Cint, ())

function describe_machine()
    v = FluxGuard.versions()
    println("date         ", Dates.format(now(), "yyyy-mm-dd HH:MM"))
    println("machine      ", cpu_model(), ", ", Sys.CPU_THREADS, " cores, ", round(Int, Sys.total_memory() / 2^30), " GiB, ", Sys.MACHINE)
    println("load average ", load_average(), " (1, 5, 15 minutes, before; what else ran disturbs the tails more than the medians)")
    println("Julia        ", VERSION, ", ", Threads.nthreads(), " threads, ", blas_threads(), " BLAS threads")
    println("FluxGuard    binding ", v.binding, ", 1 background thread")
    flush(stdout)
end
