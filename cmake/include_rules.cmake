# Stops the build when a file includes what its room may not (ARCHITECTURE.md has the rules in words).
# Run as: cmake -DROOT=<source folder> -P include_rules.cmake

function(forbid room pattern why)
  set(globs)
  foreach(folder ${room})
    list(APPEND globs ${ROOT}/${folder}/*.c ${ROOT}/${folder}/*.h)
  endforeach()
  file(GLOB files ${globs})
  list(REMOVE_ITEM files ${ROOT}/broker/main.c) # the one file that knows both sides and joins them
  foreach(file ${files})
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"](${pattern})")
    foreach(line ${lines})
      file(RELATIVE_PATH name ${ROOT} ${file})
      message(SEND_ERROR "${name}: ${line}\n  ${why}")
    endforeach()
  endforeach()
endfunction()

set(libraries "ev\\.h|openssl/|hiredis|mosquitto|libwebsockets|curl/|libxml|xmlsec|sqlite3|libconfig")
forbid("geo" "${libraries}|jansson|protobuf-c|proto/|broker/|bridge/" "geo/ depends on nothing")
forbid("proto" "${libraries}|broker/|bridge/|geo/" "proto/ depends on protobuf-c and jansson alone")
forbid("broker;broker/session;broker/step;broker/kind" "${libraries}|jansson|protobuf-c|broker/net/"
  "the core of broker/ knows no library and no socket: use the interfaces in bridge/store.h and broker/transport.h")
set(edge bridge/edge)
foreach(room mapping memory intake spool back setup settings status)
  list(APPEND edge bridge/edge/${room})
endforeach()
forbid("bridge;bridge/cap;${edge};bridge/client;bridge/mqtt;bridge/feed;bridge/owner;bridge/push" "broker/step/|broker/kind/|broker/session/" "bridge/ knows nothing of policy")
forbid("bridge/edge/mapping;bridge/edge/memory" "${libraries}|sys/socket"
  "the edge's mappings and memory are pure: they know jansson alone, no socket and no file")
forbid("bridge/client;bridge/mqtt" "ev\\.h|hiredis|libwebsockets|curl/|libxml|xmlsec|sqlite3|jansson|broker/|bridge/edge/"
  "bridge/client and bridge/mqtt know brokers by MQTT alone: libmosquitto, OpenSSL and libconfig, no store")
forbid("bridge/owner" "ev\\.h|hiredis|mosquitto|libwebsockets|curl/|sqlite3|libconfig|jansson|broker/"
  "bridge/owner is what every owner's client shares: it knows OpenSSL, no socket, no file and no store")
forbid("bridge/feed" "ev\\.h|hiredis|mosquitto|libwebsockets|broker/"
  "bridge/feed follows feeds: it knows libcurl, libxml2, SQLite and libconfig, and of the broker only its HTTP")
forbid("bridge/push" "hiredis|mosquitto|libwebsockets|libxml|xmlsec|sqlite3|libconfig|broker/"
  "bridge/push sends what it is given: it knows libcurl, libev and OpenSSL, nothing of subscriptions and their store")
forbid("bridge/cap" "ev\\.h|hiredis|mosquitto|libwebsockets|curl/|sqlite3|libconfig|broker/"
  "bridge/cap reads and writes documents: it knows libxml2, xmlsec and OpenSSL, no socket and nothing of the broker")
