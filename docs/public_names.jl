# Is every public name of FluxGuard on a page of the reference? Documenter's own check knows, before Julia 1.11, only exported names.

const MODULE_NAMES = sort!(unique(values(FluxGuard.MODULE_OF)))

public_names() = Set(string(name) for name in Iterators.flatten((names(FluxGuard), keys(FluxGuard.MODULE_OF), FluxGuard.ALONE, MODULE_NAMES)))

"The names in a page's @docs blocks, without the module before them and the signature behind them."
function names_on(page)
    found = String[]
    inside = false
    for line in eachline(page)
        if startswith(line, "```")
            inside = startswith(line, "```@docs")
        elseif inside && !isempty(strip(line))
            push!(found, last(split(first(split(line, '(')), '.')))
        end
    end
    return found
end

function expect_all_public_names(folder)
    there = Set(Iterators.flatten(names_on(joinpath(folder, page)) for page in readdir(folder) if endswith(page, ".md")))
    lacking = sort!(collect(setdiff(public_names(), there)))
    isempty(lacking) || error("public names on no page of docs/src/reference: ", join(lacking, ", "), "; add each to a @docs block there")
    @info "The $(length(public_names())) public names are all on pages of the reference."
end
