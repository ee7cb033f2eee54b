/* The ground of a map: a net of degrees for now that needs nobody's server. */
import L from "leaflet";

export function layGround(map: L.Map): void {
  map.attributionControl.setPrefix("");
  L.control.scale({ position: "bottomleft" }).addTo(map);
}
