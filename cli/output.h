/* Standard output of all subcommands: what cannot be written ends the program, which says so. */
#ifndef NEIGHBORS_CLI_OUTPUT_H
#define NEIGHBORS_CLI_OUTPUT_H

/* To be called first. From then on stdout is a stream by lines of which every error is noticed where it
 * happens, whoever printed: a reader that left ends the program without a word, by SIGPIPE as it ends any
 * tool; anything else (a full disk) with a complaint on standard error and EXIT_REFUSED. A socket that was
 * left raises no signal any more: its write fails, and whoever wrote says what is lost. */
void output_begin(void);

#endif
