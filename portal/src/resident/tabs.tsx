/* The resident's pages: a row of links above the page, at the bottom edge on a phone. */
import { words } from "../words";
import { unseenCount } from "./feed";
import { addressOfView, view, type View } from "./view";

const tabs = ["feed", "mine", "tips", "footage", "settings"] as const;
const home: Partial<Record<View, (typeof tabs)[number]>> = { alert: "feed", places: "feed", report: "feed" };

const paths: Record<(typeof tabs)[number], string> = {
  feed: "M12 3a6 6 0 0 0-6 6v4l-2 3.500h16L18 13V9a6 6 0 0 0-6-6zM9.500 18.500a2.500 2.500 0 0 0 5 0",
  mine: "M12 4a3.800 3.800 0 1 1 0 7.600A3.800 3.800 0 0 1 12 4zM4.500 20c.500-4 3.500-6 7.500-6s7 2 7.500 6",
  tips: "M4 5h16v11H11l-4.500 4v-4H4z",
  footage: "M3.500 6.500h12v11h-12zM15.500 10.500l5-3v9l-5-3",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
};

export function Tabs() {
  const current = home[view.value] ?? view.value;
  return (
    <nav class="tabs" aria-label={words.tabs.label}>
      {tabs.map((tab) => (
        <a key={tab} href={addressOfView(tab)} aria-current={current === tab ? "page" : undefined}>
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d={paths[tab]} /></svg>
          <span>{words.tabs[tab]}</span>
          {tab === "feed" && unseenCount.value > 0 && <span class="count"><span class="sr-only">{words.feed.newCount(unseenCount.value)}</span><span aria-hidden="true">{unseenCount.value > 99 ? "99+" : unseenCount.value}</span></span>}
        </a>
      ))}
    </nav>
  );
}
