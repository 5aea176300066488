# The pages docs/*.md are written for a reader of the repository, and stay there. For the site they are copied, with what Documenter's Markdown
# needs: anchors as Documenter makes them, no comments, and links to the other pages.

const HEADING = r"^(#+)\s+(.*?)\s*$"
const LINK = r"(\]\()([^)\s#]*)(?:#([^)\s]*))?(\))"

plain(heading) = replace(heading, r"\[([^\]]*)\]\([^)]*\)" => s"\1", r"[`*]" => "")
"The anchor that the repository's viewer gives a heading."
viewer_anchor(heading) = replace(replace(lowercase(plain(heading)), r"[^\w\- ]" => ""), ' ' => '-')
site_anchor(heading) = Documenter.slugify(plain(heading))

"Lines outside of fenced code go through `f`."
function map_prose(f, lines)
    fenced = false
    return map(lines) do line
        fence = occursin(r"^\s*```", line)
        fenced = fenced ⊻ fence
        return fenced || fence ? line : f(line)
    end
end

function headings(lines)
    found = String[]
    map_prose(lines) do line
        m = match(HEADING, line)
        m === nothing || push!(found, m[2])
        return line
    end
    return found
end

without_comments(text) = replace(text, r"<!--.*?-->\n?"s => "")

"Copies the pages and pictures of `from` to the folder `to`, and gives the pages' paths for the menu, by title."
function copy_pages(from, to)
    rm(to; recursive = true, force = true)
    mkpath(to)
    foreach(name -> cp(joinpath(from, name), joinpath(to, name)), filter(endswith(".svg"), readdir(from)))
    pages = Dict(name => split(without_comments(read(joinpath(from, name), String)), '\n') for name in readdir(from) if endswith(name, ".md"))
    anchors = Dict(name => Dict(viewer_anchor(h) => site_anchor(h) for h in headings(lines)) for (name, lines) in pages)

    function relink(page, line)
        return replace(line, LINK => found -> begin
            m = match(LINK, found)
            target, anchor = m[2], m[3]
            occursin("://", target) && return found
            anchor === nothing && return found
            known = get(anchors, isempty(target) ? page : target, nothing)
            known === nothing && error("docs/$page: a link to $target, which is no page of docs")
            haskey(known, anchor) || error("docs/$page: a link to $target#$anchor, a heading that is not there")
            return string(m[1], target, '#', known[anchor], m[4])
        end)
    end

    for (name, lines) in pages
        write(joinpath(to, name), join(map_prose(line -> relink(name, line), lines), '\n'))
    end
    order = sort!(collect(keys(pages)); by = name -> (something(findfirst(==(name), FIRST), length(FIRST) + 1), name))
    return [joinpath("more", name) for name in order]
end

# These come first in the menu, in this order; the others by name.
const FIRST = ["overview.md", "tensor-to-alert.md", "limits.md", "false-alarms.md", "drift.md", "detectors.md", "ood.md", "sequences.md",
    "performance.md", "privacy.md", "private-training.md", "copies.md", "files.md", "c.md"]
