#!/bin/sh
# Follows a place with mosquitto_sub: one JSON object a line, as it comes; drop what you had by publicId and revision.
#     docs/examples/follow.sh HOST PORT ROLE/ID TOKEN-FILE CELL METRES
exec mosquitto_sub -V 5 -h "$1" -p "$2" -i follow-sh -u "$3" -P "$(cat "$4")" -q 1 -t "nb/v1/json/near/$5/$6/#"
