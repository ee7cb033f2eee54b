# Stories: the core with scripted clients, a scripted store and a clock that the story moves.
set(stories ${CMAKE_CURRENT_LIST_DIR})
file(GLOB stage_files CONFIGURE_DEPENDS ${stories}/stage*.c)
add_library(neighbors_stage OBJECT ${stage_files} ${stories}/../recipient.c)
target_link_libraries(neighbors_stage PUBLIC neighbors_core cmocka)

file(GLOB story_files CONFIGURE_DEPENDS ${stories}/test_story_*.c)
foreach(story ${story_files})
  get_filename_component(name ${story} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  # The stage is linked as objects, so that its store is found before the real one.
  neighbors_test(NAME ${name} SOURCES ${story} $<TARGET_OBJECTS:neighbors_stage>
    LIBS neighbors_core neighbors_bridge)
endforeach()
