#!/bin/bash
# Stops the trainers of this machine when AWS is about to take it away. AWS says so two minutes before, in the metadata service. The
# container agent then starts no more tasks here (ECS_ENABLE_SPOT_INSTANCE_DRAINING), but it stops those of services alone, and AWS Batch
# has none. A trainer that gets SIGTERM saves a checkpoint and gives its job back.

METADATA=${METADATA_URL:-http://169.254.169.254}
# Those of ECS tasks; the container agent itself has no such label.
LABEL=com.amazonaws.ecs.task-arn
GRACE_SECONDS=100
POLL_SECONDS=${POLL_SECONDS:-5}
TOKEN_SECONDS=21600
ANSWER_SECONDS=2
token=

renew_token() {
  token=$(curl -sf -m "$ANSWER_SECONDS" -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: $TOKEN_SECONDS" \
    "$METADATA/latest/api/token")
}

# The HTTP status: 200 with a notice, 404 without, 401 where the token has expired.
ask() {
  curl -s -m "$ANSWER_SECONDS" -o /dev/null -w '%{http_code}' -H "X-aws-ec2-metadata-token: $token" \
    "$METADATA/latest/meta-data/spot/instance-action"
}

while true; do
  status=$(ask)
  if [ "$status" = 401 ]; then
    renew_token && status=$(ask)
  fi
  if [ "$status" = 200 ]; then
    ids=$(docker ps --quiet --filter "label=$LABEL")
    if [ -n "$ids" ]; then
      echo "AWS takes this machine away: the trainers are told to stop."
      # Unquoted, because each id is an argument.
      docker stop -t "$GRACE_SECONDS" $ids
    fi
  fi
  sleep "$POLL_SECONDS"
done
