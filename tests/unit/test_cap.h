/* What the tests of CAP share: files read whole, and a document read in one call. */
#ifndef NEIGHBORS_TESTS_UNIT_TEST_CAP_H
#define NEIGHBORS_TESTS_UNIT_TEST_CAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bridge/cap/cap.h"

/* A sanitizer's build takes so many times as much memory, and some thirty times as long. */
#if defined(__SANITIZE_ADDRESS__)
enum { CAP_WIDENING = 50 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { CAP_WIDENING = 50 };
#else
enum { CAP_WIDENING = 1 };
#endif
#else
enum { CAP_WIDENING = 1 };
#endif

#define CAP_DATA "tests/data/cap/"
#define CAP_SHARED "../shared/data/cap/"

/* A whole file with a NUL behind it; data NULL: there is none. The caller frees data. */
struct bytes cap_load(const char *path);
/* The first finding of that breach; NULL: none. */
const struct cap_finding *cap_find(const struct cap_findings *findings, const char *breach);
/* Prints all findings, for a test that fails. */
void cap_print(const struct cap_findings *findings);
/* Fails unless the message, written, is accepted strictly and says the same. Returns what was written. */
struct bytes cap_assert_round_trip(const struct cap_message *message, struct arena *arena, const char *what);

/* What this process has used of the processor, in milliseconds. */
double cap_cpu_ms(void);
/* Fails when a hostile document took so long that its cost must grow with more than its size: ten seconds.
 * How little each takes is measured, not tested: the longest is printed, and bench/run cap reads it. */
void cap_assert_bounded(const char *what, double took_ms);

#endif
