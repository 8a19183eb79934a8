ARG BASE
# Named once: a purge of another installation may take the tag away while this compiles, never an image that is built upon.
FROM ${BASE} AS base
FROM base AS build
LABEL io.nodeyard.stage=kaspad
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential cargo clang libclang-dev protobuf-compiler
# crate.sha256 is what `cargo fetch` of `kaspad = "=0.15.0"` saved in its registry cache (2026-11-21); --locked holds every
# dependency to the checksums of the lock file inside the crate.
WORKDIR /tmp
COPY images/kaspad/crate.sha256 .
RUN cargo install kaspad --version 0.15.0 --locked --root /tmp/kaspad \
    && cp /root/.cargo/registry/cache/*/kaspad-0.15.0.crate . && sha256sum --check crate.sha256 \
    && mkdir /out && cp kaspad/bin/kaspad /out/ && strip /out/kaspad

FROM base
COPY --from=build /out /out
