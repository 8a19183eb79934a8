ARG BASE
# Named once: a purge of another installation may take the tag away while this compiles, never an image that is built upon.
FROM ${BASE} AS base
FROM base AS build
LABEL io.nodeyard.stage=bitcoind
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
         build-essential cmake libboost-dev libevent-dev libsqlite3-dev libzmq3-dev pkgconf
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
COPY images/bitcoind/source.txt images/bitcoind/backend.txt /tmp/
# pip asks a source package for its metadata before it saves it, so its build backend comes first, locked as well.
RUN python3 -m venv /tmp/venv \
    && /tmp/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/backend.txt \
    && /tmp/venv/bin/pip download --no-cache-dir --no-build-isolation --no-deps --no-binary py-bitcoinkernel \
         --require-hashes -r /tmp/source.txt -d /tmp/source \
    && mkdir /src \
    && tar -xzf /tmp/source/py_bitcoinkernel-*.tar.gz -C /src --strip-components=3 --wildcards '*/depend/bitcoin/*'
WORKDIR /src
RUN cmake -B build -DBUILD_TESTS=OFF -DBUILD_BENCH=OFF -DBUILD_GUI=OFF -DENABLE_WALLET=ON -DWITH_ZMQ=ON -DENABLE_IPC=OFF
RUN cmake --build build --parallel "$(nproc)" --target bitcoind bitcoin-cli \
    && mkdir /out && cp build/bin/bitcoind build/bin/bitcoin-cli /out/ && strip /out/*

FROM base
COPY --from=build /out /out
