/* A canvas over the map that is somewhat larger than the view, so that dragging shows nothing empty; while the map zooms it is
 * stretched, and drawn anew when that has ended. */
import L from "leaflet";

/** What is around the view on each side, as a part of it. */
const MARGIN = 0.25;

export interface Frame {
  context: CanvasRenderingContext2D;
  zoom: number;
  /** Where the canvas begins, in pixels of that zoom (as L.Map.project gives them). */
  origin: L.Point;
  size: L.Point;
}

export interface MapCanvas {
  /** Fits it to the view and empties it; then it is to be drawn on. */
  begin(): Frame;
  /** The frame of the last begin(); undefined: none yet. */
  readonly frame: Frame | undefined;
  /** True when the view has left what was drawn. */
  outgrown(): boolean;
  /** While the map zooms: where it goes to. */
  stretch(center: L.LatLng, zoom: number): void;
  remove(): void;
}

function viewOrigin(map: L.Map, center: L.LatLng, zoom: number): L.Point {
  return map.project(center, zoom).subtract(map.getSize().divideBy(2));
}

export function canvasOn(map: L.Map, pane: HTMLElement, zIndex: number): MapCanvas {
  const element = L.DomUtil.create("canvas", "leaflet-zoom-animated item-canvas", pane);
  element.setAttribute("aria-hidden", "true");
  element.style.zIndex = String(zIndex);
  const context = element.getContext("2d");
  if (!context) {
    throw new Error("this browser has no canvas");
  }
  let frame: Frame | undefined;

  const begin = (): Frame => {
    const view = map.getSize();
    const margin = view.multiplyBy(MARGIN).round();
    const size = view.add(margin.multiplyBy(2));
    const corner = map.containerPointToLayerPoint([0, 0]).subtract(margin).round();
    const dense = window.devicePixelRatio || 1;
    if (element.width !== size.x * dense || element.height !== size.y * dense) {
      element.width = size.x * dense;
      element.height = size.y * dense;
      element.style.width = `${size.x}px`;
      element.style.height = `${size.y}px`;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, element.width, element.height);
    context.setTransform(dense, 0, 0, dense, 0, 0);
    L.DomUtil.setTransform(element, corner, 1);
    frame = { context, zoom: map.getZoom(), origin: map.getPixelOrigin().add(corner), size };
    return frame;
  };

  const outgrown = (): boolean => {
    if (!frame || frame.zoom !== map.getZoom()) {
      return true;
    }
    const view = viewOrigin(map, map.getCenter(), frame.zoom);
    const end = view.add(map.getSize());
    return view.x < frame.origin.x || view.y < frame.origin.y || end.x > frame.origin.x + frame.size.x || end.y > frame.origin.y + frame.size.y;
  };

  const stretch = (center: L.LatLng, zoom: number): void => {
    if (!frame) {
      return;
    }
    const scale = map.getZoomScale(zoom, frame.zoom);
    const onView = frame.origin.multiplyBy(scale).subtract(viewOrigin(map, center, zoom));
    L.DomUtil.setTransform(element, onView.add(map.containerPointToLayerPoint([0, 0])), scale);
  };

  return { begin, outgrown, stretch, remove: () => element.remove(), get frame() { return frame; } };
}
