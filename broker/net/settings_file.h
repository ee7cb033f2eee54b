/* The configuration file, in libconfig's form: "name = value;", one level, names of broker/settings.h. */
#ifndef NEIGHBORS_BROKER_NET_SETTINGS_FILE_H
#define NEIGHBORS_BROKER_NET_SETTINGS_FILE_H

#include "broker/settings.h"

/* Sets what the file says over what `settings` holds. False: error is "FILE:LINE: NAME: rule". */
bool settings_read_file(struct settings *settings, const char *path, char error[SETTING_ERROR])
    __attribute__((warn_unused_result));

/* Defaults, then the file (path NULL: none), then the environment, then the rules between settings. To be
 * freed with settings_free either way. */
bool settings_load(struct settings *settings, const char *path, char error[SETTING_ERROR])
    __attribute__((warn_unused_result));

#endif
