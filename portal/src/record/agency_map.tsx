/* Where the partner agencies may alert: their jurisdictions, and their offices. */
import { effect, type Signal } from "@preact/signals";
import L from "leaflet";
import { agencies, type Agency } from "../desk/agency";
import { MapPane, watchHands } from "../map/map_pane";

const svg = () => L.svg({ padding: 0.5 });

function shapeOf(agency: Agency, index: number, chosen: boolean, renderer: L.Renderer): L.Layer | undefined {
  const style = { renderer, className: `jurisdiction of-${index % 6}${chosen ? " chosen" : ""}` };
  if (agency.jurisdiction && agency.jurisdiction !== "everywhere") {
    return L.geoJSON(agency.jurisdiction, { style });
  }
  if (agency.box) {
    const [west, south, east, north] = agency.box;
    return L.rectangle([[south, west], [north, east]], style);
  }
  return undefined;
}

function officeOf(agency: Agency, index: number, chosen: boolean, renderer: L.Renderer): L.Layer | undefined {
  return agency.office && L.circleMarker([agency.office[1], agency.office[0]],
    { renderer, radius: chosen ? 9 : 6, className: `office of-${index % 6}${chosen ? " chosen" : ""}` });
}

function boundsOf(list: readonly Agency[]): L.LatLngBounds {
  const all = L.latLngBounds([]);
  for (const { box, office } of list) {
    if (box) {
      all.extend([[box[1], box[0]], [box[3], box[2]]]);
    } else if (office) {
      all.extend([office[1], office[0]]);
    }
  }
  return all;
}

function ready(map: L.Map, chosen: Signal<string>): () => void {
  const renderer = svg();
  const layer = L.layerGroup().addTo(map);
  const draw = effect(() => {
    layer.clearLayers();
    agencies.value.forEach((agency, index) => {
      const name = `agency/${agency.id}`;
      for (const shape of [shapeOf, officeOf].map((make) => make(agency, index, chosen.value === name, renderer))) {
        shape?.bindTooltip(agency.name, { sticky: true }).on("click", () => { chosen.value = name; }).addTo(layer);
      }
    });
  });
  const isTaken = watchHands(map);
  let looked: string | undefined;
  const look = effect(() => {
    if (looked === chosen.value && agencies.value.length > 0 && isTaken()) {
      return;
    }
    looked = chosen.value;
    const list = agencies.value.filter(({ id }) => !chosen.value || chosen.value === `agency/${id}`);
    const bounds = boundsOf(list);
    if (bounds.isValid()) {
      map.fitBounds(bounds.pad(0.1), { maxZoom: 13, animate: false });
    }
  });
  return () => {
    draw();
    look();
  };
}

/** chosen: "agency/<id>" that is shown before the others; "": none. */
export function AgencyMap({ chosen }: { chosen: Signal<string> }) {
  return <MapPane label="Map of the partner agencies' jurisdictions; the list beside it has the same" onReady={(map) => ready(map, chosen)} />;
}
