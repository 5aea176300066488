# The recipe of a JLL, for BinaryBuilder: libfluxguard with its C face, for all platforms that Rust builds for there. The jlrs face is not in it: it
# is built for one version of Julia, and FluxGuard.build() makes it.
#
#     julia build_tarballs.jl --verbose --debug x86_64-linux-gnu
#
# Before a release: `url` and `commit` are those of the release; the version is that of Cargo.toml.
using BinaryBuilder

name = "libfluxguard"
version = v"0.1.0"

# Where the sources are: an address of a git repository, and a commit of it.
url = get(ENV, "FLUXGUARD_GIT", "")
commit = get(ENV, "FLUXGUARD_COMMIT", "")
(isempty(url) || isempty(commit)) && error("name the repository in FLUXGUARD_GIT and the commit in FLUXGUARD_COMMIT")
sources = [GitSource(url, commit)]

script = raw"""
cd ${WORKSPACE}/srcdir/*/
cargo build --release --locked --package fluxguard
install_license LICENSE
if [[ ${target} == *-mingw* ]]; then
    install -Dvm 755 target/${rust_target}/release/fluxguard.dll "${libdir}/libfluxguard.dll"
else
    install -Dvm 755 target/${rust_target}/release/libfluxguard.${dlext} "${libdir}/libfluxguard.${dlext}"
fi
install -Dvm 644 include/fluxguard.h "${includedir}/fluxguard.h"
"""

# Systems of 32 bits were never tried.
platforms = filter(p -> nbits(p) == 64, supported_platforms())
# Rust has no toolchain for these in BinaryBuilder.
filter!(p -> !(Sys.isfreebsd(p) && arch(p) == "aarch64") && arch(p) != "riscv64", platforms)

products = [LibraryProduct("libfluxguard", :libfluxguard)]

build_tarballs(ARGS, name, version, sources, script, platforms, products, Dependency[]; compilers = [:c, :rust], julia_compat = "1.10")
