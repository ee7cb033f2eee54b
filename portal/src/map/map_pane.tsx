/* A map that fills its parent. What is drawn on it is its owner's; the ground under it comes from ground.ts. */
import { useEffect, useRef } from "preact/hooks";
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";
import { layGround } from "./ground";

export interface MapPaneProps {
  /** What a screen reader calls it. */
  label: string;
  /** Where it looks first: degrees, and Leaflet's zoom. */
  center: [latitude: number, longitude: number];
  zoom: number;
  /** Called once with the map; what it gives back is called when the map goes. */
  onReady(map: L.Map): (() => void) | void;
}

export function MapPane({ label, center, zoom, onReady }: MapPaneProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!element.current) {
      return;
    }
    const map = L.map(element.current, { preferCanvas: true, zoomControl: false, minZoom: 2, maxZoom: 18 }).setView(center, zoom);
    L.control.zoom({ position: "bottomright" }).addTo(map);
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
