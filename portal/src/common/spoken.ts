/* What somebody wrote, in whatever language: a screen reader speaks it in its own, and it runs from its own side. */

/** For the element that holds nothing but that text. language: as in BCP 47; "": not told. */
export function spoken(language = ""): { dir: "auto"; lang?: string } {
  return language ? { dir: "auto", lang: language } : { dir: "auto" };
}
