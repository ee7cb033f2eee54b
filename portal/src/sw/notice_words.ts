/* The words of notices: the service worker has a table of its own, so that it loads nothing else. */
const severities: Record<string, string> = { EXTREME: "Extreme", SEVERE: "Severe", MODERATE: "Moderate", MINOR: "Minor" };
const categories: Record<string, string> = {
  crime: "Crime", safety: "Safety", suspicious: "Suspicious", fire: "Fire", medical: "Medical", missing: "Missing person", lost_pet: "Lost pet",
  hazard: "Hazard", weather: "Weather",
};
const truths: Record<string, string> = { CORROBORATED: "Seen by others too", CONFIRMED: "Confirmed", REFUTED: "Refuted" };

export const noticeWords = {
  title: (severity = "", category = "") => [severities[severity], categories[category] ?? "Alert"].filter(Boolean).join(" · "),
  body: (headline = "", truth = "", sender = "") => `${headline}\n${truths[truth] ?? "Unverified"} · ${sender || "A resident"}`,
};
