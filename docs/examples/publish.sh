#!/bin/sh
# Publishes an alert with mosquitto_pub.
#     docs/examples/publish.sh HOST PORT ROLE/ID TOKEN-FILE LAT-E7 LON-E7 CATEGORY HEADLINE
exec mosquitto_pub -V 5 -h "$1" -p "$2" -i publish-sh -u "$3" -P "$(cat "$4")" -q 1 -t nb/v1/alert -m "{
  \"senderAlertId\": \"$(cat /proc/sys/kernel/random/uuid)\", \"category\": \"$7\", \"headline\": \"$8\",
  \"place\": {\"point\": {\"latE7\": $5, \"lonE7\": $6}}
}"
