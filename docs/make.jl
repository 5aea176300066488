# Builds the documentation site into docs/build; `make docs` runs it (scripts/docs).
#
# Every block of code on its pages is run and every doctest is checked. It fails where a link leads nowhere, a block or a doctest fails, or a
# public name of FluxGuard is on no page of docs/src/reference.

using Documenter, Flux, FluxGuard

include("more.jl")
include("public_names.jl")

const MODULES = [FluxGuard; [getfield(FluxGuard, name) for name in MODULE_NAMES]]

howto(name) = joinpath("howto", "$name.md")
reference(name) = joinpath("reference", "$name.md")

expect_all_public_names(joinpath(@__DIR__, "src", "reference"))
more = copy_pages(@__DIR__, joinpath(@__DIR__, "src", "more"))

DocMeta.setdocmeta!(FluxGuard, :DocTestSetup, :(using FluxGuard); recursive = true)
makedocs(
    sitename = "FluxGuard.jl",
    modules = MODULES,
    remotes = nothing, # where the repository is hosted is not this file's business: there are no links to source lines
    doctest = true,
    checkdocs = :public,
    checkdocs_ignored_modules = [FluxGuard.Native, FluxGuard.JSON], # their names are for FluxGuard itself
    format = Documenter.HTML(
        prettyurls = false, # pages can be read from the disk
        inventory_version = string(pkgversion(FluxGuard)),
        edit_link = nothing,
        repolink = nothing,
        search_size_threshold_warn = 1_000_000,
        size_threshold_ignore = [joinpath("more", name) for name in ("detectors-evaluation.md", "false-alarms-table.md")], # long tables
    ),
    pages = [
        "Home" => "index.md",
        "Tutorial" => "tutorial.md",
        "How to" => [
            howto("classifier"), howto("regression"), howto("segmentation"), howto("sequences"), howto("drift-test"),
            howto("private-training"), howto("detectors"), howto("alerts"), howto("deploy"),
        ],
        "What is guaranteed" => "guarantees.md",
        "Reference" => [
            reference("guards"), reference("shared"), reference("outliers"), reference("sequences"), reference("drift"),
            reference("performance"), reference("sketches"), reference("privacy"), reference("audits"), reference("errors"),
            reference("names"),
        ],
        "In depth" => more,
    ],
)
