/* What an operator may set for the portal: its name, where its map looks first, and where street tiles come
 * from. */
#ifndef NEIGHBORS_BROKER_SETTINGS_PORTAL_H
#define NEIGHBORS_BROKER_SETTINGS_PORTAL_H

#include "broker/settings.h"

enum { PORTAL_ORIGIN = 280 };

/* The rules that the settings of the portal keep. NULL: they do; else which one they break, static text. */
const char *settings_portal_rule(const struct settings *settings) __attribute__((warn_unused_result));

/* The origin of an address, "https://tiles.example.org:8443", as a content security policy takes it; "" when
 * there is none. */
void settings_portal_origin(const char *address, char out[PORTAL_ORIGIN]);

/* Degrees out of "34.0768,-118.0316". False: it is no such text. */
bool settings_portal_center(const char *text, double *latitude, double *longitude)
    __attribute__((warn_unused_result));

#endif
