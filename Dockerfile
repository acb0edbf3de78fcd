# The container: one bundle of the program and its production dependencies, nothing else; no root, no writable file.
#   docker build -t rdb-archiver:0.1.0 .
#   docker run --rm --read-only --env-file .env rdb-archiver:0.1.0
# The base is pinned by its version; pin it by digest too where your registry tells you one:
#   --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# Bundle the program with its production dependencies. Install scripts stay off: no package of ours needs one to build or to run.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY rolldown.config.ts ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="rdb-archiver" \
      org.opencontainers.image.description="Archives TencentDB for Redis backups into S3-compatible storage before the cloud deletes them" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY config ./config
COPY --from=build /app/dist ./dist
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
# A small heap that is swept often keeps the peak low at no cost worth telling (`npm run bench:memory` measures with these).
# A core file, a diagnostic report or a debugger opened by a signal would show keys and dumps: all of them are off.
ENTRYPOINT ["sh", "-c", "ulimit -c 0 && exec node --max-semi-space-size=1 --optimize-for-size --disable-sigusr1 --no-report-on-signal --no-report-on-fatalerror --no-report-uncaught-exception dist/main.js \"$@\"", "rdb-archiver"]
CMD ["run"]
