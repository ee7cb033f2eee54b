/* Which form of a file a client prefers. */
#include <string.h>
#include <strings.h>

#include "broker/net/portal.h"

static struct text trimmed(struct text text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (struct text){text.data + 1, text.len - 1};
    }
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* Cuts off what is before the next `separator`. */
static struct text cut(struct text *rest, char separator)
{
    const char *end = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    struct text part = {rest->data, len};
    *rest = end ? (struct text){end + 1, rest->len - len - 1} : (struct text){0};
    return trimmed(part);
}

static bool is(struct text text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

/* The weight of a coding in thousandths, of what stands behind its name; 1000 where nothing readable does. */
static int weight_of(struct text parameters)
{
    while (parameters.len) {
        struct text value = cut(&parameters, ';'), name = cut(&value, '=');
        value = trimmed(value);
        if (!is(name, "q") || !value.len) {
            continue;
        }
        int weight = value.data[0] == '1' ? 1000 : 0, unit = 100;
        for (size_t i = 2; i < value.len && unit && weight < 1000; i++, unit /= 10) {
            weight += value.data[i] >= '0' && value.data[i] <= '9' ? unit * (value.data[i] - '0') : 0;
        }
        return weight;
    }
    return 1000;
}

bool portal_takes_gzip(struct text accept_encoding)
{
    int gzip = -1, plain = -1, others = -1;
    while (accept_encoding.len) {
        struct text parameters = cut(&accept_encoding, ','), name = cut(&parameters, ';');
        int weight = weight_of(parameters);
        if (is(name, "gzip") || is(name, "x-gzip")) {
            gzip = weight;
        } else if (is(name, "identity")) {
            plain = weight;
        } else if (is(name, "*")) {
            others = weight;
        }
    }
    gzip = gzip < 0 ? others : gzip;
    return gzip > 0 && gzip >= plain;
}
