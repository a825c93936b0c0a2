# syntax=docker/dockerfile:1
# docker build -t onemo-emulator .
# docker run --rm -p 2217:2217 onemo-emulator ML307R          then open rfc2217://localhost:2217
# docs/container.md tells more.

# By version: who has a registry at hand pins it by digest, --build-arg BASE=python@sha256:…
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY emulator emulator
COPY profiles profiles
COPY docs docs
COPY scripts/build_commit.py scripts/
# What --version tells: --build-arg ONEMO_COMMIT="$(git describe --always --dirty=+)"
ARG ONEMO_COMMIT=""
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --constraint constraints.txt hatchling \
    && python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/onemo \
    && set -- /wheels/*.whl \
    && python -m pip --python /opt/onemo/bin/python install --constraint constraints.txt "$1[control,tls]"

FROM ${BASE}
ARG ONEMO_COMMIT=""
LABEL org.opencontainers.image.title="onemo-emulator" \
      org.opencontainers.image.description="A software emulator of China Mobile OneMO cellular modules" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${ONEMO_COMMIT}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/onemo /opt/onemo
COPY scripts/container/ /usr/local/bin/
# What modules remember (--nv /data) and the sandbox's CA; nothing else is written but the ready file.
RUN install -d -o 10001 -g 10001 /data
ENV PATH=/opt/onemo/bin:$PATH \
    ONEMO_READY_FILE=/tmp/onemo-ready \
    XDG_DATA_HOME=/data
USER 10001:10001
EXPOSE 2217
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["healthy"]
ENTRYPOINT ["entrypoint"]
CMD ["ML307R"]
