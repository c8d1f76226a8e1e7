#!/bin/sh
# Starts the server of S3 over the volume /data, with keys that the first start makes.
set -eu
umask 077
credentials=/keys/credentials
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
field() { sed -n "s/^$1 = //p" "$credentials"; }

if [ ! -e "$credentials" ]; then
  printf '[default]\naws_access_key_id = fovea%s\naws_secret_access_key = %s\n' "$(random 8)" "$(random 24)" >"$credentials.new"
  sync "$credentials.new"
  # Whole or not at all, whenever this process is killed.
  mv "$credentials.new" "$credentials"
fi
# A folder of the volume is a bucket.
mkdir -p "/data/$FOVEA_BUCKET"

ROOT_ACCESS_KEY=$(field aws_access_key_id)
ROOT_SECRET_KEY=$(field aws_secret_access_key)
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
exec versitygw --port :9000 --region "$AWS_REGION" --health /health --quiet posix /data
