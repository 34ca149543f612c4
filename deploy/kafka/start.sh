#!/bin/sh
# Starts Kafka in the official image with a cluster id of its volume's own. Alert keeps its positions
# in Redis by cluster id; the image would give every new volume the same one, and all that a new
# volume holds would be skipped as old.
set -eu

made=/var/lib/kafka/data/meta.properties
if [ -f "$made" ]; then
    CLUSTER_ID=$(sed -n 's/^cluster.id=//p' "$made")
else
    CLUSTER_ID=$(/opt/kafka/bin/kafka-storage.sh random-uuid)
fi
export CLUSTER_ID
exec /etc/kafka/docker/run
