#include "cli/setup_answers.h"

#include <string.h>
#include <unistd.h>

#include "bridge/owner/ask.h"
#include "bridge/redis_url.h"
#include "broker/settings_portal.h"
#include "cli/authority.h"

/* ---- the rules; values stand in quotes in the file ---- */

/* As maps and people write it, "34.0768, -118.0316": without the blanks beside a comma and at the ends. */
static void close_up(char *text)
{
    char *out = text;
    for (const char *at = text; *at; at++) {
        size_t blanks = strspn(at, " \t");
        bool idle = blanks && (out == text || out[-1] == ',' || at[blanks] == ',' || at[blanks] == '\0');
        at += idle ? blanks : 0;
        if (!*at)
            break;
        *out++ = *at;
    }
    *out = '\0';
}

static const char *host_fault(char *answer, char error[REDIS_URL_ERROR])
{
    char names[AUTHORITY_NAMES];
    (void)error;
    close_up(answer);
    bool good = *answer && *answer != ',' && strlen(answer) < COMMAND_FIELD && !strpbrk(answer, " \t\"\\") &&
                authority_names(answer, names);
    return good ? NULL
                : "the host is a name or address, without https:// and port, as alerts.example.org; more "
                  "with commas between";
}

static const char *name_fault(char *answer, char error[REDIS_URL_ERROR])
{
    (void)error;
    if (strpbrk(answer, "\"\\"))
        return "the name has no quotes and no backslashes";
    return strlen(answer) <= 64 ? NULL : "the name has at most 64 bytes";
}

static const char *place_fault(char *answer, char error[REDIS_URL_ERROR])
{
    double latitude, longitude;
    (void)error;
    close_up(answer);
    return *answer == '\0' || settings_portal_center(answer, &latitude, &longitude)
               ? NULL
               : "the place has the form LAT,LON in degrees, as 34.0768,-118.0316";
}

static const char *contact_fault(char *answer, char error[REDIS_URL_ERROR])
{
    (void)error;
    close_up(answer);
    return strchr(answer, '@') && strlen(answer) < COMMAND_FIELD && !strpbrk(answer, " \t\"\\")
               ? NULL
               : "the contact is a mail address";
}

static const char *store_fault(char *answer, char error[REDIS_URL_ERROR])
{
    struct redis_url url;
    return strcmp(answer, "here") == 0 || redis_url_read(answer, &url, error) ? NULL : error;
}

/* ---- the questions ---- */

static const struct question {
    const char *text, *otherwise;
    const char *(*fault)(char *answer, char error[REDIS_URL_ERROR]); /* may tidy it up; NULL: it is good */
} questions[SETUP_ANSWERS] = {
    [SETUP_HOST] = {"By which name do phones and cameras reach this machine?", "localhost", host_fault},
    [SETUP_NAME] = {"What shall residents see as its name?", "Neighbors", name_fault},
    [SETUP_AT] = {"Where is the neighborhood (latitude,longitude)?", "", place_fault},
    [SETUP_CONTACT] = {"At which mail address are you reached?", "root@localhost", contact_fault},
    [SETUP_STORE] = {"Where is Redis (here, or an address)?", "here", store_fault},
};

static enum exit_code take(
    const struct invocation *invocation, enum setup_answer which, const char *otherwise, char out[SETUP_TEXT])
{
    const char *given = invocation->value[which];
    char error[REDIS_URL_ERROR];
    for (;;) {
        if (given)
            snprintf(out, SETUP_TEXT, "%s", given);
        else
            ask_line(questions[which].text, otherwise, out, SETUP_TEXT);
        const char *fault = questions[which].fault(out, error);
        if (!fault)
            return EXIT_DONE;
        if (given || !ask_somebody() || feof(stdin))
            return cli_fail(invocation, EXIT_USAGE, "%s", fault);
        printf("No: %s.\n", fault);
    }
}

enum exit_code setup_answers_take(const struct invocation *invocation, struct setup_answers *out)
{
    char here[COMMAND_FIELD] = "";
    enum exit_code code = EXIT_DONE;
    if (gethostname(here, sizeof here - 1) != 0 || !*here)
        snprintf(here, sizeof here, "%s", questions[SETUP_HOST].otherwise);
    for (int i = 0; code == EXIT_DONE && i < SETUP_ANSWERS; i++)
        code = take(
            invocation, (enum setup_answer)i, i == SETUP_HOST ? here : questions[i].otherwise, out->of[i]);
    out->own_store = strcmp(out->of[SETUP_STORE], "here") == 0;
    return code;
}
