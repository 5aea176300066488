# Run by Pkg.build("FluxGuard"). A package that is installed stays installed where the library cannot be built: what to do is said, here and by the
# first call that needs the library.
using FluxGuard

if get(ENV, "FLUXGUARD_LIBRARY", "") == ""
    try
        println("FluxGuard: built ", FluxGuard.build())
    catch error
        error isa FluxGuardError || rethrow()
        @warn "FluxGuard has no library yet: $(error.message)"
    end
end
