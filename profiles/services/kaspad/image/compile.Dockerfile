ARG BASE
# Named once: a purge of another installation may remove the tag while this compiles, but never an image that is built upon.
FROM ${BASE} AS base
# The source, before a compiler is there: crate.sha256 is of the file that `cargo fetch` of `kaspad = "=2.1.0"` saved in its
# registry cache (2026-11-29), and equals the checksum in the registry's index. A build script of another file never runs.
FROM base AS source
LABEL io.nodeyard.stage=kaspad
WORKDIR /tmp
COPY images/kaspad/crate.sha256 .
RUN python3 -c 'import urllib.request as u; u.urlretrieve("https://static.crates.io/crates/kaspad/kaspad-2.1.0.crate", "kaspad-2.1.0.crate")' \
    && sha256sum --check --strict crate.sha256 \
    && tar -xzf kaspad-2.1.0.crate

FROM base AS build
LABEL io.nodeyard.stage=kaspad
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential clang libclang-dev protobuf-compiler
# kaspad 2.1.0 needs rustc 1.91 or later. trixie has 1.85; its backports have 1.97, compiled against trixie's own libc, so
# that the program runs on the base (sid's rustc would bring sid's libc with it). Only the compiler comes from there, from
# the mirror that the base itself uses.
# hadolint ignore=SC2016
RUN apt-get indextargets --format 'deb $(REPO_URI) trixie-backports main' 'Created-By: Packages' 'Release: trixie' \
         > /tmp/mirrors \
    && sort -u /tmp/mirrors > /etc/apt/sources.list.d/backports.list \
    && printf 'Package: cargo rustc libstd-rust-*\nPin: release n=trixie-backports\nPin-Priority: 500\n' \
         > /etc/apt/preferences.d/backports \
    && apt-get update \
    && apt-get install -y --no-install-recommends cargo
# --locked holds every dependency to the checksums of the lock file inside the crate; cargo checks each before it builds it.
COPY --from=source /tmp/kaspad-2.1.0 /tmp/kaspad-2.1.0
RUN cargo install --path /tmp/kaspad-2.1.0 --locked --root /tmp/kaspad \
    && mkdir /out && cp /tmp/kaspad/bin/kaspad /out/ && strip /out/kaspad

FROM base
COPY --from=build /out /out
