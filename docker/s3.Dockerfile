# The server of S3: Versity's gateway over a folder, built from its module. The hash is that of the whole module, and its own go.sum
# has the hashes of everything that it is made of. docs/docker.md says why it is this one.
#
# The build takes no secrets. Behind a proxy with a certificate authority of its own, put that into extra-ca.pem beside
# package.json.
ARG BASE=node:24-bookworm-slim
ARG GO_BASE=golang:1.26-bookworm

FROM ${GO_BASE} AS build
ARG MODULE=github.com/versity/versitygw@v1.8.0
ARG MODULE_HASH=h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=
WORKDIR /src
# COPY wants a file that is there.
COPY LICENSE extra-ca.pe[m] /ca/
RUN if [ -f /ca/extra-ca.pem ]; then export SSL_CERT_FILE=/ca/extra-ca.pem; fi; \
    go mod download -json "$MODULE" >module.json && \
    grep -qF "\"Sum\": \"$MODULE_HASH\"" module.json || { echo "$MODULE is not the one of $MODULE_HASH:"; cat module.json; exit 1; } && \
    cd "$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' module.json)" && \
    CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags '-s -w' -o /versitygw ./cmd/versitygw && \
    cp LICENSE NOTICE /src/

FROM ${BASE}
LABEL org.opencontainers.image.title="Fovea S3" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /versitygw /usr/local/bin/versitygw
COPY --from=build /src/LICENSE /src/NOTICE /usr/local/share/versitygw/
COPY docker/start-s3.sh /usr/local/bin/start-s3
# A new volume takes the owner of the folder that it is put on.
RUN mkdir /data /keys && chown node /data /keys && chmod 700 /data /keys
USER node
EXPOSE 9000
ENTRYPOINT ["start-s3"]
