/* Words of protest and assembly. */
#include "broker/kind/footage_words.h"

#include "broker/kind/alert_words.h"

static const char *const assembly[] = {"activist", "activists", "activista", "activistas", "assembly",
    "asamblea", "boicot", "boycott", "counterprotest", "demonstration", "demonstrations", "demonstrator",
    "demonstrators", "huelga", "huelgas", "huelguistas", "manifestacion", "manifestaciones", "manifestante",
    "manifestantes", "marchers", "marching", "mitin", "picket", "picketers", "picketing", "pickets",
    "planton", "protest", "protesta", "protestan", "protestas", "protested", "protester", "protesters",
    "protesting", "protestor", "protestors", "protests", "rallies", "rally", "sindicato", "strikers", "vigil",
    "vigilia", "vigils", "worshipers", "worshippers"};

const char *footage_assembly_word(struct text text)
{
    char room[ALERT_WORD];
    size_t at = 0, len;

    while (alert_next_word(text, &at, room, &len)) {
        for (size_t i = 0; i < sizeof assembly / sizeof *assembly; i++) {
            if (text_equal((struct text){room, len}, text_of(assembly[i])))
                return assembly[i];
        }
    }
    return NULL;
}
