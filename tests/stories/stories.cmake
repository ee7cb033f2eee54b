# Stories: the core with scripted clients, a scripted store and a clock that the story moves.
set(stories ${CMAKE_CURRENT_LIST_DIR})
add_library(neighbors_stage OBJECT ${stories}/stage.c ${stories}/stage_alerts.c ${stories}/stage_words.c
  ${stories}/stage_store.c ${stories}/stage_store_alerts.c ${stories}/stage_store_channels.c ${stories}/stage_store_footage.c ${stories}/stage_store_tip.c ${stories}/stage_store_push.c ${stories}/../recipient.c
  ${stories}/stage_store_household.c ${stories}/stage_store_places.c
  ${stories}/stage_store_principals.c ${stories}/stage_store_sessions.c)
target_link_libraries(neighbors_stage PUBLIC neighbors_core cmocka)

file(GLOB story_files CONFIGURE_DEPENDS ${stories}/test_story_*.c)
foreach(story ${story_files})
  get_filename_component(name ${story} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  # The stage is linked as objects, so that its store is found before the real one.
  neighbors_test(NAME ${name} SOURCES ${story} $<TARGET_OBJECTS:neighbors_stage>
    LIBS neighbors_core neighbors_bridge)
endforeach()
