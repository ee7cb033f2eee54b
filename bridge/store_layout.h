/* The version of the keys and values in Redis (scripts/neighbors.lua). The key nb:layout has it, and behind
 * it the precisions of channels and leaf cells, which are fixed with the first start: "4 5 6". While data is
 * being brought along from the layout before it says "3>4 5 6", with which no neighborsd starts. */
#ifndef NEIGHBORS_BRIDGE_STORE_LAYOUT_H
#define NEIGHBORS_BRIDGE_STORE_LAYOUT_H

enum { LAYOUT_BEFORE = 3, LAYOUT_VERSION = 4 };

#endif
