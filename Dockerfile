# docker build -t onemo-emulator .
# docker run --rm -p 2217:2217 onemo-emulator ML307R          then open rfc2217://localhost:2217
# docs/container.md tells more.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
COPY profiles profiles
COPY docs docs
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/onemo \
    && python -m pip --python /opt/onemo/bin/python install --no-cache-dir /wheels/*.whl

FROM python:3.11-slim-bookworm
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
