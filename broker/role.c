/* What a name says of its role. */
#include "broker/core.h"

static bool legal_id(struct text id)
{
    if (id.len == 0 || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                c == '_' || c == '-'))
            return false;
    }
    return true;
}

enum role role_of(struct text principal)
{
    static const struct {
        struct text name;
        enum role role;
    } roles[] = {{{"device/", 7}, ROLE_DEVICE}, {{"edge/", 5}, ROLE_EDGE}, {{"user/", 5}, ROLE_USER},
        {{"agency/", 7}, ROLE_AGENCY}, {{"operator/", 9}, ROLE_OPERATOR}, {{"node/", 5}, ROLE_NODE}};

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct text name = roles[i].name;
        if (principal.len > name.len && memcmp(principal.data, name.data, name.len) == 0 &&
            legal_id((struct text){principal.data + name.len, principal.len - name.len}))
            return roles[i].role;
    }
    return 0;
}
