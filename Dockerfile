# The container: one bundle of the program and the packages that it uses, nothing else; no root, no writable file.
#   docker build -t rdb-archiver:0.1.0 .
#   docker run --rm --read-only --env-file .env rdb-archiver:0.1.0
# The base is pinned by its version; pin it by digest too where your registry tells you one:
#   --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# The second image, for restore tests (docs/drill.md): the same program beside a server, on the server's own base.
#   docker build --target drill -t rdb-archiver-drill:0.1.0 .
# Valkey 8.1 loads what TencentDB offers today: Redis 2.8 to 7.2 and Valkey 8.0. For dumps of Redis 7.4 and newer, or of Valkey 9, take a server
# that is as new, for instance --build-arg SERVER_IMAGE=redis:7.4.5-bookworm (docs/drill.md has the table).
ARG SERVER_IMAGE=valkey/valkey:8.1.3-bookworm

# Bundle the program with the packages that it uses. Install scripts stay off: no package of ours needs one to build or to run.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY rolldown.config.ts third-party.ts LICENSE ./
COPY src ./src
RUN npm run build
# What a start would compile, compiled beforehand: a start takes a sixth less processor time. A run that reaches nobody loads it all, and ends
# with 11. Good for this Node, heap and user, and for processors like this one; any other starts as without it.
RUN mkdir cache && chown 1000:1000 cache
USER 1000:1000
RUN NODE_COMPILE_CACHE=/app/cache no_proxy=127.0.0.1 NO_PROXY=127.0.0.1 \
    TENCENTCLOUD_SECRET_ID=none TENCENTCLOUD_SECRET_KEY=none ARCHIVER_SOURCE_REGIONS=ap-guangzhou ARCHIVER_SOURCE_ENDPOINT=http://127.0.0.1:9 \
    AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none ARCHIVER_DESTINATION=s3://none ARCHIVER_S3_ENDPOINT=http://127.0.0.1:9 \
    node --max-semi-space-size=2 dist/main.js run || [ $? -eq 11 ] && chmod -R a+rX cache

FROM ${SERVER_IMAGE} AS drill
LABEL org.opencontainers.image.title="rdb-archiver-drill" \
      org.opencontainers.image.description="rdb-archiver with a server to load archives into: restore tests" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY config ./config
# What messages and `--help` name.
COPY docs ./docs
COPY deploy ./deploy
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app/dist ./dist
USER 1000:1000
# Without the small heap of the other image: here the server takes the memory. The server's own start script is not wanted.
ENTRYPOINT ["sh", "-c", "unset NODE_DEBUG; ulimit -c 0 && exec node --disable-sigusr1 --no-report-on-signal --no-report-on-fatalerror --no-report-uncaught-exception dist/main.js \"$@\"", "rdb-archiver"]
CMD ["drill", "--sample", "3"]

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="rdb-archiver" \
      org.opencontainers.image.description="Archives TencentDB for Redis backups into S3-compatible storage before the cloud deletes them" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/cache
# Bytes from which the C library gives memory back as soon as it is free. It would raise this to the largest buffer that was ever let go, and then hold
# on to all between those that live: 75 MB of a worker (`npm run soak` measures with this).
ENV MALLOC_MMAP_THRESHOLD_=262144
WORKDIR /app
COPY package.json LICENSE ./
COPY config ./config
# What messages and `--help` name.
COPY docs ./docs
COPY deploy ./deploy
COPY --from=build /app/dist ./dist
COPY --from=build --chown=0:0 /app/cache ./cache
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
# A small heap that is swept often keeps the peak low at no cost worth telling (`npm run bench:memory` measures with these).
# A core file, a diagnostic report or a debugger opened by a signal would show keys and dumps, Node's own debug lines every request: all of
# them are off.
ENTRYPOINT ["sh", "-c", "unset NODE_DEBUG; ulimit -c 0 && exec node --max-semi-space-size=2 --disable-sigusr1 --no-report-on-signal --no-report-on-fatalerror --no-report-uncaught-exception dist/main.js \"$@\"", "rdb-archiver"]
CMD ["run"]
