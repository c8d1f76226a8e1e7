#!/bin/sh
# Prints what a shell outside of the containers needs to use the API and the bucket:
#
#   eval "$(docker compose exec -T api access)"
set -eu
field() { sed -n "s/^$1 = //p" "$AWS_SHARED_CREDENTIALS_FILE"; }
key=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.env.FOVEA_API_KEYS_FILE, "utf8")).default')
printf "export %s='%s'\n" \
  AWS_ACCESS_KEY_ID "$(field aws_access_key_id)" \
  AWS_SECRET_ACCESS_KEY "$(field aws_secret_access_key)" \
  AWS_DEFAULT_REGION "$AWS_REGION" \
  AWS_ENDPOINT_URL_S3 "$FOVEA_PUBLIC_S3_ENDPOINT" \
  FOVEA_URL "$FOVEA_PUBLIC_URL" \
  FOVEA_API_KEY "$key"
