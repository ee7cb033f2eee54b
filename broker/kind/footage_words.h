/* What a footage request may not be about, by its words. */
#ifndef NEIGHBORS_BROKER_KIND_FOOTAGE_WORDS_H
#define NEIGHBORS_BROKER_KIND_FOOTAGE_WORDS_H

#include "proto/bytes.h"

/* The first word of the text, English or Spanish, that speaks of people who assemble or protest; a constant.
 * NULL: none. The list holds no word that is more often used of something else ("march" is a month, too). */
const char *footage_assembly_word(struct text text);

#endif
