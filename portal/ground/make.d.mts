/** The files by name ("world", "9q"), as JSON; see make.mjs. */
export function groundFiles(): Map<string, string>;
