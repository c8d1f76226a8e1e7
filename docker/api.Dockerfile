# The API on Node, from the code of the function. Its first layers are those of the trainer's image (batch-job/Dockerfile).
#
# The build takes no secrets. Behind a proxy with a certificate authority of its own, put that into extra-ca.pem beside
# package.json.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc extra-ca.pe[m] ./
# ONNX Runtime's package carries every platform.
RUN if [ -f extra-ca.pem ]; then export NODE_EXTRA_CA_CERTS=/app/extra-ca.pem; fi; \
    npm ci --omit=dev && npm cache clean --force && \
    cd node_modules/onnxruntime-node/bin/napi-v* && \
    find . -mindepth 2 -maxdepth 2 ! -path "./linux/$(node -p process.arch)" -exec rm -rf {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="Fovea API" org.opencontainers.image.licenses="Apache-2.0"
# The last one keeps ONNX Runtime from telling Microsoft what is run.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY package.json tsconfig.json LICENSE THIRD-PARTY-NOTICES.md ./
COPY LICENSES LICENSES
COPY core core
COPY api api
COPY client client
COPY functions functions
COPY docker/access.sh /usr/local/bin/access
# A new volume takes the owner of the folder that it is put on.
RUN mkdir /api-keys && chown node /api-keys && chmod 700 /api-keys
USER node
# node itself gets SIGTERM: no shell and no npm in between.
ENTRYPOINT ["node", "--import", "tsx", "functions/container.ts"]
