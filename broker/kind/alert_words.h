/* Words that say what somebody is or looks like and nothing of what happened: the data of alert_rules.c. */
#ifndef NEIGHBORS_BROKER_KIND_ALERT_WORDS_H
#define NEIGHBORS_BROKER_KIND_ALERT_WORDS_H

#include "proto/bytes.h"

/* What a word tells. */
enum word_kind {
    WORD_TELLS,     /* anything that is in no list: it may help */
    WORD_PERSON,    /* race, origin, religion, sex, "person" */
    WORD_COLOUR,    /* a colour, "old": of somebody or of something */
    WORD_JUDGEMENT, /* "suspicious", "weird": what the writer thinks */
    WORD_FILLS,     /* articles, "was", "seen", "street": in every report */
};

/* Of one word in lower case without accents ("negro", "sospechoso"). English and Spanish in one list. */
enum word_kind alert_word(struct text word);

/* The next word of the text in lower case without accents, cut to the room, behind *at; false behind the last
 * one. */
enum { ALERT_WORD = 32 };
bool alert_next_word(struct text text, size_t *at, char room[ALERT_WORD], size_t *len);

#endif
