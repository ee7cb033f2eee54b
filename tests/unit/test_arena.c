/* The arena: alignment, zeroed memory, copies, growth beyond the first room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/arena.h"

static void test_first_room_is_used_before_malloc(void **state)
{
    (void)state;
    _Alignas(16) uint8_t room[256];
    memset(room, 0xAA, sizeof room);
    struct arena arena;
    arena_init(&arena, room, sizeof room);
    uint8_t *taken = arena_alloc(&arena, 100);
    assert_ptr_equal(taken, room);
    for (int i = 0; i < 100; i++)
        assert_int_equal(taken[i], 0);
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_alloc(&arena, 1000));
    assert_true(arena.total >= 1000);
    arena_free(&arena);
    assert_int_equal(arena.total, 0);
}

static void test_pieces_are_aligned_apart_and_zeroed(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    uint8_t *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = arena_alloc(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)(i & 0xFF), i);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i & 0xFF);
    arena_free(&arena);
}

static void test_large_pieces(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (int i = 0; i < 4; i++)
        memset(arena_alloc(&arena, 1 << 20), 1, 1 << 20);
    assert_true(arena.total >= 4 << 20);
    arena_free(&arena);
}

static void test_copy_and_printf(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    assert_string_equal(arena_copy(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s[%d]", "events", 3), "events[3]");
    assert_string_equal(arena_printf(&arena, "%s", ""), "");
    char *wide = arena_printf(&arena, "%50000d", 7);
    assert_int_equal(strlen(wide), 50000);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_room_is_used_before_malloc),
        cmocka_unit_test(test_pieces_are_aligned_apart_and_zeroed),
        cmocka_unit_test(test_large_pieces),
        cmocka_unit_test(test_copy_and_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
