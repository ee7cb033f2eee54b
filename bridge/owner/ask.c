#include "bridge/owner/ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

static bool nobody;

void ask_nobody(void)
{
    nobody = true;
}

bool ask_somebody(void)
{
    return !nobody;
}

static void read_line(const char *otherwise, char *out, size_t room)
{
    if (nobody || !fgets(out, (int)room, stdin))
        out[0] = 0;
    if (!strchr(out, '\n')) /* what did not fit is no part of the next answer */
        for (int c = 0; !nobody && out[0] && c != '\n' && c != EOF;)
            c = getchar();
    out[strcspn(out, "\r\n")] = 0;
    if (!out[0])
        snprintf(out, room, "%s", otherwise);
}

void ask_line(const char *question, const char *otherwise, char *out, size_t room)
{
    if (!nobody) {
        printf(otherwise[0] ? "%s [%s] " : "%s ", question, otherwise);
        fflush(stdout);
    }
    read_line(otherwise, out, room);
}

void ask_secret(const char *question, char *out, size_t room)
{
    struct termios shown, hidden;
    bool terminal = !nobody && tcgetattr(STDIN_FILENO, &shown) == 0;
    if (!nobody) {
        printf("%s ", question);
        fflush(stdout);
    }
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    read_line("", out, room);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        putchar('\n');
    }
}

bool ask_yes(const char *question, bool otherwise)
{
    char answer[16];
    for (;;) {
        ask_line(question, otherwise ? "Y/n" : "y/N", answer, sizeof answer);
        if (strcmp(answer, "Y/n") == 0 || strcmp(answer, "y/N") == 0)
            return otherwise;
        if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
            return true;
        if (strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0)
            return false;
        if (nobody || feof(stdin))
            return otherwise;
    }
}
