/* The lists, English and Spanish, each in alphabetical order. To add a word is to add it here and a line to
 * tests/unit/alert_rules.tsv. */
#include "broker/kind/alert_words.h"

static const char *const persons[] = {"adolescent", "adolescente", "adult", "adulto", "african", "africana",
    "africano", "africanos", "afro", "afroamericano", "alguien", "american", "americano", "arab", "arabe",
    "arabes", "arabs", "asian", "asians", "asiatica", "asiatico", "asiaticos", "black", "blacks", "blanca",
    "blancas", "blanco", "blancos", "blonde", "boy", "boys", "brown", "caucasian", "caucasico", "chica",
    "chicas", "chico", "chicos", "chinese", "chino", "christian", "colored", "coloured", "descendant",
    "descendiente", "descent", "desconocida", "desconocido", "desconocidos", "dominicano", "dude", "dudes",
    "eastern", "elderly", "ethnic", "european", "extranjera", "extranjeras", "extranjero", "extranjeros",
    "extrano", "female", "females", "femenina", "femenino", "foreign", "foreigner", "foreigners", "gender",
    "gentleman", "girl", "girls", "gitana", "gitanas", "gitano", "gitanos", "guy", "guys", "gypsies", "gypsy",
    "haitian", "haitiano", "hispana", "hispanas", "hispanic", "hispanics", "hispano", "hispanos", "hombre",
    "hombres", "homeless", "immigrant", "immigrants", "indian", "indigena", "indio", "individual",
    "individuals", "individuo", "individuos", "inmigrante", "inmigrantes", "jew", "jewish", "joven",
    "jovenes", "judia", "judio", "judios", "kid", "kids", "ladies", "lady", "latin", "latina", "latinas",
    "latino", "latinos", "male", "males", "man", "masculino", "men", "mexican", "mexicana", "mexicanas",
    "mexicano", "mexicanos", "mexicans", "minority", "morena", "morenas", "moreno", "morenos", "muchacha",
    "muchacho", "muchachos", "mujer", "mujeres", "muslim", "muslims", "musulman", "musulmana", "musulmanes",
    "negra", "negras", "negro", "negros", "nina", "nino", "ninos", "oriental", "people", "person", "persona",
    "personas", "persons", "piel", "race", "raza", "religioso", "religious", "rican", "romani", "senor",
    "senora", "skin", "skinned", "somebody", "someone", "stranger", "strangers", "teen", "teenage",
    "teenager", "teenagers", "teens", "tez", "varon", "varones", "vieja", "viejo", "white", "whites", "woman",
    "women", "youngster", "youth", "youths"};

static const char *const colours[] = {"age", "aged", "amarillo", "anos", "apariencia", "appearing", "aspecto",
    "azul", "beige", "blue", "dark", "edad", "gray", "green", "grey", "gris", "light", "looking", "marron",
    "middle", "mixed", "native", "old", "older", "orange", "origen", "origin", "pink", "puerto", "purple",
    "red", "rojo", "rosa", "tan", "verde", "year", "years", "yellow", "young"};

static const char *const judgements[] = {"bad", "belong", "belongs", "creep", "creepy", "dangerous", "dudoso",
    "extrana", "feo", "fishy", "funny", "good", "look", "looked", "looks", "mala", "malas", "malo", "no",
    "not", "odd", "parece", "parecia", "parecian", "peligrosa", "peligroso", "pinta", "rara", "raro", "raros",
    "scary", "seemed", "seems", "shady", "sketchy", "sospecha", "sospechosa", "sospechosamente",
    "sospechosas", "sospechoso", "sospechosos", "strange", "sus", "suspect", "suspects", "suspicion",
    "suspicious", "suspiciously", "thug", "thugs", "ugly", "uneasy", "unfamiliar", "up", "ve", "veia",
    "weird", "weirdo", "wrong"};

static const char *const fillers[] = {"a", "again", "ahi", "al", "alert", "alerta", "all", "an", "and",
    "andaba", "andando", "aqui", "are", "area", "around", "as", "at", "barrio", "be", "been", "being",
    "beware", "block", "calle", "caminaba", "caminando", "careful", "casa", "con", "cuidado", "de", "del",
    "does", "doesn", "don", "dos", "down", "el", "ella", "ellos", "en", "es", "esquina", "esta", "estaba",
    "estaban", "estan", "este", "fue", "group", "grupo", "had", "hanging", "has", "have", "hay", "he", "her",
    "here", "him", "his", "home", "hood", "house", "i", "in", "is", "it", "just", "la", "las", "lo", "los",
    "lots", "lurking", "mas", "me", "mi", "more", "muchos", "muy", "my", "near", "neighborhood",
    "neighbourhood", "new", "nuestro", "of", "on", "one", "our", "out", "outside", "over", "parada", "parado",
    "parados", "pasando", "pasar", "passing", "por", "que", "really", "s", "sat", "saw", "se", "see", "seen",
    "sentado", "she", "sitting", "so", "some", "spotted", "standing", "stood", "street", "su", "t", "that",
    "the", "their", "them", "there", "these", "they", "this", "those", "three", "to", "today", "tres", "two",
    "un", "una", "unas", "uno", "unos", "va", "vecindario", "vi", "vimos", "visto", "walk", "walked",
    "walking", "walks", "wandering", "was", "watch", "we", "were", "who", "with", "y", "yo", "you"};

static const struct {
    enum word_kind kind;
    const char *const *words;
    size_t count;
} lists[] = {
    {WORD_PERSON, persons, sizeof persons / sizeof *persons},
    {WORD_COLOUR, colours, sizeof colours / sizeof *colours},
    {WORD_JUDGEMENT, judgements, sizeof judgements / sizeof *judgements},
    {WORD_FILLS, fillers, sizeof fillers / sizeof *fillers},
};

enum word_kind alert_word(struct text word)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (size_t w = 0; w < lists[i].count; w++) {
            if (text_equal(word, text_of(lists[i].words[w])))
                return lists[i].kind;
        }
    }
    return WORD_TELLS;
}

/* The letters that stand behind 0xC3 in UTF-8, U+00C0 to U+00FF, without their accents; 0: not one letter. */
static const char unaccented[64] =
    "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0\0aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y";

bool alert_next_word(struct text text, size_t *at, char room[ALERT_WORD], size_t *len)
{
    for (*len = 0; *at < text.len; ++*at) {
        uint8_t c = (uint8_t)text.data[*at];
        char letter = 0;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            letter = (char)c;
        else if (c >= 'A' && c <= 'Z')
            letter = (char)(c | 0x20);
        else if (c == 0xC3 && *at + 1 < text.len && unaccented[text.data[*at + 1] & 0x3F])
            letter = unaccented[text.data[++*at] & 0x3F];
        else if (c >= 0x80)
            letter = '?'; /* a letter of a script that has no list: such a word tells something */
        if (letter && *len < ALERT_WORD - 1)
            room[(*len)++] = letter;
        else if (!letter && *len)
            return true;
    }
    return *len > 0;
}
