neighbors_test(NAME seal SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_seal.c LIBS neighbors_bridge)
neighbors_test(NAME place_seal SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_place_seal.c LIBS neighbors_bridge)
neighbors_test(NAME redis_url SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_redis_url.c LIBS neighbors_bridge)
neighbors_test(NAME seal_cms SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_seal_cms.c
  ${CMAKE_CURRENT_LIST_DIR}/../recipient.c LIBS neighbors_bridge crypto)
neighbors_test(NAME voucher SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_voucher.c LIBS neighbors_bridge crypto)
