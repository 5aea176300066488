# What it was measured on, and what the system knows of this process. Linux tells; elsewhere it is `nothing`.

readable(path) = try read(path, String) catch; nothing end

function field(path, name)
    text = readable(path)
    text === nothing && return nothing
    found = match(Regex("^" * name * "\\s*:\\s*(.*)\$", "m"), text)
    return found === nothing ? nothing : strip(found.captures[1])
end

cpu_model() = something(field("/proc/cpuinfo", "model name"), Sys.cpu_info()[1].model)
load_average() = join(round.(Sys.loadavg(); digits = 1), " ")

"Resident memory of this process in bytes."
function resident()
    text = field("/proc/self/status", "VmRSS")
    return text === nothing ? nothing : 1024 * parse(Int, first(split(text)))
end

"Nanoseconds of processor time that the background thread has used so far."
function worker_time()
    isdir("/proc/self/task") || return nothing
    for thread in readdir("/proc/self/task")
        name = readable("/proc/self/task/$thread/comm")
        name !== nothing && strip(name) == "fluxguard" || continue
        text = readable("/proc/self/task/$thread/schedstat")
        return text === nothing ? nothing : parse(Float64, first(split(text)))
    end
    return nothing
end
