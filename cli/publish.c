/* One PUBLISH at QoS 1, and what its PUBACK says. */
#include "cli/publish.h"

#include <string.h>

static void ignore(void *arg, const struct link_message *message)
{
    (void)arg, (void)message;
}

/* What the broker says beside the reason. Counts the parts (events of a batch) that were refused while the
 * others were stored. */
static size_t print_properties(const struct link_answer *answer)
{
    size_t index, count = 0;
    json_t *pair;
    json_array_foreach(answer->properties, index, pair)
    {
        const char *name = json_string_value(json_array_get(pair, 0));
        fprintf(stderr, "neighbors: %s: %s\n", name, json_string_value(json_array_get(pair, 1)));
        count += strcmp(name, "refused") == 0;
    }
    return count;
}

enum exit_code publish_tell(const struct invocation *invocation, struct link_answer *answer,
    const char *label, const char *id, const char *file)
{
    bool refused = link_refused(answer);
    size_t partly = print_properties(answer);
    json_t *properties = answer->properties ? answer->properties : json_array();
    answer->properties = NULL;
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:i, s:s, s:s, s:s*, s:o}", "ok", !refused && !partly, "reason",
            answer->reason, "text", answer->text, "id", id, "file", file, "properties", properties));
    else
        json_decref(properties);
    if (!invocation->common.json && refused)
        fprintf(stderr, "neighbors: %s refused, 0x%02x: %s\n", label, (unsigned)answer->reason, answer->text);
    if (!invocation->common.json && !refused && !partly)
        printf("%s stored\n", label);
    return refused || partly ? EXIT_REFUSED : EXIT_DONE;
}

enum exit_code publish_once(const struct invocation *invocation, const struct identity *identity,
    const struct link_publish *publish, const char *label, const char *id)
{
    struct link *link;
    struct link_answer answer;
    enum exit_code code = link_open(invocation, identity, false, ignore, NULL, &link);
    if (code != EXIT_DONE)
        return code;
    if (link_publish(link, publish, &answer))
        code = publish_tell(invocation, &answer, label, id, NULL);
    else
        code = cli_fail(invocation, EXIT_UNREACHABLE,
            "the connection ended before the broker said that it stored the %s", label);
    link_close(link);
    return code;
}
