/* neighbors cap rules: what each way to break a rule of CAP costs and in whose documents, and what was chosen
 * where the standard leaves a choice. */
#include "bridge/cap/cap.h"
#include "cli/cli.h"

static const struct option_row options[] = {{0}};

struct choice {
    const char *rule, *sentence;
};

/* What no single document breaks, or the standard leaves open. */
static const struct choice choices[] = {
    {"R17", "the same sender, identifier and sent again is a repeat, delivered once; with other bytes it is "
            "refused"},
    {"R20", "only the owner of a message updates or cancels it, whatever sender a document names"},
    {"R22", "an Alert that arrives after its Cancel or Update stays dead"},
    {"R23", "Exercise, System, Test and Draft reach only those who ask for them; Ack and Error are kept and "
            "never shown"},
    {"R24", "scope Restricted and Private are kept and reach no channel"},
    {"R25", "an Alert or Update without an area is accepted, says so, and reaches nobody"},
    {"R26", "one alert, one delivery: in the language that a follower wishes, else the first; a later info "
            "of a language adds to it"},
    {"R32", "without expires a category's own default is taken; what is over on arrival is kept and not "
            "delivered"},
    {"R36", "the area is the union of all areas of all infos"},
    {"R39", "a circle of radius 0 is a point"},
    {"R40", "codes are looked up in the operator's table; a part of a county (SAME, first digit) means all "
            "of it; what is not found is refused and told, never widened"},
    {"R42", "where a polygon or circle and a geocode stand in one area, the drawn shape prevails, as in "
            "Canada's profile and on phones: the union warned a county for a block"},
    {"R43", "a ring that crosses itself means all that it surrounds; an edge takes the short way over the "
            "antimeridian; a geocode EXCLUDE_POLYGON is taken out of what is drawn or named beside it"},
    {"R44", "a signature that cannot be checked refuses nothing, unless the agency must sign"},
    {"R45", "an agency that must sign is held to its enrolled certificate: RSA or ECDSA with SHA-256 or "
            "better, one Reference of the whole document, enveloped-signature and canonicalisation alone"},
    {"R46", "the bytes received are kept and served as they came"},
};
enum { CHOICES = sizeof choices / sizeof *choices };

static const char *cost(bool refused)
{
    return refused ? "refused" : "taken";
}

static void print_json(void)
{
    const struct cap_breach_row *row;
    for (size_t i = 0; (row = cap_breach_row(i)); i++)
        cli_print_json(json_pack("{s:s, s:s*, s:s, s:s#, s:s, s:s, s:s, s:s}", "rule", row->rule, "within",
            row->within, "breach", row->name, "level", &row->level, 1, "check", cost(row->strict), "arriving",
            cost(row->tolerant), "forgiving", cost(row->forgiving), "asks", row->sentence));
    for (size_t i = 0; i < CHOICES; i++)
        cli_print_json(json_pack("{s:s, s:s}", "rule", choices[i].rule, "chosen", choices[i].sentence));
}

static void print_table(void)
{
    const struct cap_breach_row *row;
    printf(
        "What a breach costs: in `neighbors cap check` and in what we write; in documents of an agency that\n"
        "arrive; in those of an agency enrolled with --cap-reading forgiving. Level M: the standard's rule,\n"
        "S: its advice, B: ours.\n\n"
        "%-5s %-5s %-8s %-9s %-9s %-22s %s\n",
        "rule", "level", "check", "arriving", "forgiving", "breach", "what is asked");
    for (size_t i = 0; (row = cap_breach_row(i)); i++)
        printf("%-5s %-5c %-8s %-9s %-9s %-22s %s\n", row->rule, row->level, cost(row->strict),
            cost(row->tolerant), cost(row->forgiving), row->name, row->sentence);
    printf("\nWhat was chosen:\n\n");
    for (size_t i = 0; i < CHOICES; i++)
        printf("%-5s %s\n", choices[i].rule, choices[i].sentence);
}

static enum exit_code run(struct invocation *invocation)
{
    if (invocation->argument_count > 0)
        return cli_fail(invocation, EXIT_USAGE, "this command takes no arguments");
    if (invocation->common.json)
        print_json();
    else
        print_table();
    return EXIT_DONE;
}

const struct command command_cap_rules = {
    "cap rules", "what each breach of a CAP rule costs, and what was chosen", "", options, run};
