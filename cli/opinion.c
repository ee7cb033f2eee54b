/* An opinion is one small message; its name is that of the alert. */
#include "cli/opinion.h"

const char *opinion_about(const struct invocation *invocation)
{
    if (invocation->argument_count == 1 && *invocation->arguments[0])
        return invocation->arguments[0];
    cli_fail(invocation, EXIT_USAGE, "say which alert, by its public id, as watch --json tells it: %s ID",
        invocation->command->name);
    return NULL;
}

enum exit_code opinion_send(const struct invocation *invocation, const char *const *wishes, const char *topic,
    struct bytes payload, const char *public_id)
{
    struct identity identity;
    char label[120];
    const struct link_publish publish = {
        .topic = topic, .content_type = "application/x-protobuf", .payload = payload};
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    snprintf(label, sizeof label, "%.40s of %.40s", invocation->command->name, public_id);
    return publish_once(invocation, &identity, &publish, label, public_id);
}
