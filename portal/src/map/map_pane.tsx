/* A map that fills its parent. What is drawn on it is its owner's; the ground under it comes from ground.ts. */
import { useEffect, useRef } from "preact/hooks";
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";
import { portal, portalKnown, type Look } from "../portal";
import { layGround } from "./ground";

export interface MapPaneProps {
  /** What a screen reader calls it. */
  label: string;
  /** Where it looks first: degrees, and Leaflet's zoom. Left out: where the operator says (../portal). */
  look?: Look;
  /** Called once with the map; what it gives back is called when the map goes. */
  onReady(map: L.Map): (() => void) | void;
}

/* Where nobody said anything: the United States. */
const anywhere: Look = { latitude: 39, longitude: -98, zoom: 4 };

/** Where a map looks that nobody moved yet. */
export function firstLook(): Look {
  return portal.value.look ?? anywhere;
}

/* The operator's choice may come when the map is there already; it moves it only if nobody else has. That the map got another
 * size is no move: it begins with none. */
function lookAtHome(map: L.Map): void {
  let moved = false;
  map.once("movestart", () => { moved = true; });
  void portalKnown.then(() => {
    const { look } = portal.value;
    if (look && map.getPane("ground") && !moved) {
      map.setView([look.latitude, look.longitude], look.zoom, { animate: false });
    }
  });
}

/** Tells whether somebody has taken the map in hand: from then on it is where they want it, and what comes late does not move it. */
export function watchHands(map: L.Map): () => boolean {
  let taken = false;
  const take = () => { taken = true; };
  ["pointerdown", "wheel", "keydown"].forEach((name) => map.getContainer().addEventListener(name, take, { capture: true, passive: true }));
  return () => taken;
}

export function MapPane({ label, look, onReady }: MapPaneProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!element.current) {
      return;
    }
    const first = look ?? firstLook();
    const map = L.map(element.current, { preferCanvas: true, zoomControl: false, minZoom: 2, maxZoom: 18 })
      .setView([first.latitude, first.longitude], first.zoom);
    L.control.zoom({ position: "bottomright" }).addTo(map);
    if (!look) {
      lookAtHome(map); // before the ground: what is asked for is then of there
    }
    layGround(map);
    const resized = new ResizeObserver(() => map.invalidateSize());
    resized.observe(element.current);
    const leave = onReady(map);
    return () => {
      resized.disconnect();
      leave?.();
      map.remove();
    };
  }, []);
  return <div ref={element} class="map-pane" role="region" aria-label={label} />;
}
