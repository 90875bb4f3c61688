# The example's web app, the worker that runs its tasks and the operator's command, in one image, from which
# docker-compose.yml starts all three.

FROM debian:12-slim AS builder
WORKDIR /src
COPY scripts/ scripts/
RUN scripts/install-dependencies build
COPY . .
# $ORIGIN: the programs find their libraries beside them, wherever they are copied.
RUN cmake --preset release -D AFTERCOMMIT_BUILD_TESTS=OFF -D CMAKE_BUILD_RPATH_USE_ORIGIN=ON \
 && cmake --build --preset release --target worker aftercommit_cli signup_web signup_tasks \
 && mkdir -p /out/bin /out/lib \
 && cp build/release/bin/worker build/release/bin/aftercommit build/release/bin/signup_web /out/bin/ \
 && cp -P build/release/lib/*.so* /out/lib/ \
 && strip /out/bin/* /out/lib/*.so

FROM debian:12-slim
# Libraries that the programs need to run, and curl and redis-cli for the health checks.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates curl libcpp-httplib0.11 libdate-tz3 libfmt9 libhiredis0.14 libpqxx-6.4 libprometheus-cpp-core1.0 \
      libspdlog1.10 libssl3 redis-tools \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --user-group --no-create-home --shell /usr/sbin/nologin aftercommit
COPY --from=builder /out/ /opt/aftercommit/
# A library missing from the list above is found here, not by the first job.
RUN ! ldd /opt/aftercommit/bin/* /opt/aftercommit/lib/*.so | grep 'not found'
ENV PATH=/opt/aftercommit/bin:$PATH
WORKDIR /opt/aftercommit
USER aftercommit
