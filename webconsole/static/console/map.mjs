// The map: our own boundaries on a canvas, homes and teams on top; nothing is asked of a third host.
import { html, useEffect, useRef } from "./html.mjs";
import { library as script } from "./trusted.mjs";
import { t } from "./words.mjs";

const STATIC = new URL("../", import.meta.url).pathname;
const SPRITE = `${STATIC}icons.svg`;
const PROVINCE = 63;
const LAYERS = ["provinces", "comuni-063"];
const NAMES_FROM = 11;
const STREETS = 12; // near enough to see which comune, far enough to see the team that comes
const TERRITORY = [
  [40.72, 13.95],
  [40.99, 14.58],
];
let library = null;
const shapes = new globalThis.Map();

export function Map({ home, teams }) {
  const box = useRef(null);
  const drawn = useRef(null);
  useEffect(() => {
    let gone = false;
    load().then(async () => {
      if (gone || !box.current) return;
      const made = await draw(box.current);
      if (gone) return made.map.remove();
      drawn.current = made;
      place(drawn.current, home, teams, true);
    });
    return () => {
      gone = true;
      const map = drawn.current?.map;
      drawn.current = null;
      // A frame later: Leaflet's canvas may still owe a drawing that its removal does not call off.
      if (map) requestAnimationFrame(() => map.remove());
    };
  }, []);
  useEffect(() => {
    if (drawn.current) place(drawn.current, home, teams, false);
  }, [home?.latitude, home?.longitude, JSON.stringify(teams)]);
  return html`<div>
    <div class="map" ref=${box} role="application" aria-label=${t("Map; the same facts stand in the lists")}></div>
  </div>`;
}

function load() {
  library ||= Promise.all([
    sheet(`${STATIC}vendor/leaflet/leaflet.css`),
    script(`${STATIC}vendor/leaflet/leaflet.js`),
  ]).then(() => sheet(`${STATIC}css/map.css`));
  return library;
}

function sheet(source) {
  return new Promise((done, failed) => {
    const element = Object.assign(document.createElement("link"), {
      rel: "stylesheet",
      href: source,
      onload: done,
      onerror: failed,
    });
    document.head.append(element);
  });
}

async function boundaries(name) {
  if (!shapes.has(name)) {
    shapes.set(name, fetch(`${STATIC}boundaries/${name}.geojson`).then((answer) => answer.json()));
  }
  return shapes.get(name);
}

async function draw(box) {
  const { L } = window;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => resolved(style, name);
  const map = L.map(box, {
    preferCanvas: true,
    zoomAnimation: false,
    fadeAnimation: false,
    scrollWheelZoom: "center",
    maxZoom: 16,
    minZoom: 5,
    attributionControl: false,
  });
  source(L).addTo(map);
  map.zoomControl._zoomInButton.setAttribute("aria-label", t("Closer"));
  map.zoomControl._zoomOutButton.setAttribute("aria-label", t("Farther"));
  map.fitBounds(TERRITORY);
  const names = L.layerGroup().addTo(map);
  for (const name of LAYERS) {
    const comuni = name.startsWith("comuni");
    const layer = L.geoJSON(await boundaries(name), {
      interactive: false,
      filter: (area) => comuni || area.properties.code !== PROVINCE,
      style: {
        color: colour(comuni ? "--muted" : "--line"),
        weight: comuni ? 0.8 : 1,
        opacity: comuni ? 0.7 : 1,
        fillColor: colour("--surface"),
        fillOpacity: 1,
      },
    }).addTo(map);
    if (comuni) nameAreas(L, map, names, layer);
  }
  const marks = L.layerGroup().addTo(map);
  map.on("zoomend", () => spread(marks));
  return { map, marks };
}

/** Whose boundaries these are. Leaflet's own control would write it as HTML. */
function source(L) {
  const control = L.control({ position: "bottomright" });
  control.onAdd = () => {
    const line = document.createElement("div");
    line.className = "leaflet-control-attribution";
    line.textContent = t("Boundaries 2023 © Openpolis from ISTAT, CC-BY-4.0");
    return line;
  };
  return control;
}

/** A text for Leaflet, which takes strings for HTML and elements as they are. */
function plain(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box;
}

/** Names of the comuni in view, once there is room for them. */
function nameAreas(L, map, names, layer) {
  const renew = () => {
    names.clearLayers();
    if (map.getZoom() < NAMES_FROM) return;
    layer.eachLayer((area) => {
      const centre = area.getBounds().getCenter();
      if (!map.getBounds().contains(centre)) return;
      const tip = L.tooltip(centre, { permanent: true, direction: "center", className: "area-name", interactive: false });
      names.addLayer(tip.setContent(plain(area.feature.properties.name)));
    });
  };
  map.on("moveend", renew);
  renew();
}

/** A custom property as the browser paints it: light-dark() does not reach a canvas. */
function resolved(style, name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const painted = getComputedStyle(probe).color;
  probe.remove();
  return painted;
}

function place(drawn, home, teams, first) {
  const { L } = window;
  drawn.marks.clearLayers();
  const here = on(home) ? [home.latitude, home.longitude] : null;
  if (here) pin(L, here, "home", home.label ? "pin" : "home", home.label || t("Home")).addTo(drawn.marks);
  for (const team of teams.filter(on)) {
    pin(L, [team.latitude, team.longitude], "team", "team", team.name).addTo(drawn.marks);
  }
  if (here) drawn.map.setView(here, STREETS, { animate: false });
  else if (first) drawn.map.fitBounds(TERRITORY);
  spread(drawn.marks);
}

/** Teams that stand together: their names one below the other. */
function spread(marks) {
  const labels = marks.getLayers().map((mark) => mark.isTooltipOpen() && mark.getTooltip().getElement()).filter(Boolean);
  labels.forEach((label) => (label.style.marginTop = ""));
  const boxes = labels.map((label) => [label, label.getBoundingClientRect()]).sort(([, a], [, b]) => a.top - b.top);
  const taken = [];
  for (const [label, box] of boxes) {
    let down = 0;
    for (const { left, right, top, bottom } of taken) {
      const apart = box.right < left || box.left > right || box.bottom + down < top || box.top + down > bottom;
      if (!apart) down = bottom - box.top + 2;
    }
    if (down > 0) label.style.marginTop = `${down + parseFloat(getComputedStyle(label).marginTop)}px`;
    taken.push({ left: box.left, right: box.right, top: box.top + down, bottom: box.bottom + down });
  }
}

const on = (thing) => thing && thing.latitude != null && thing.longitude != null;

const SVG = "http://www.w3.org/2000/svg";

function sign(icon) {
  const picture = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${SPRITE}#${icon}`);
  picture.append(use);
  return picture;
}

function pin(L, where, kind, icon, name) {
  return L.marker(where, {
    icon: L.divIcon({ className: `pin ${kind}`, html: sign(icon), iconSize: [28, 28] }),
    alt: name,
    title: name,
    keyboard: false,
    zIndexOffset: kind === "home" ? 1000 : 0,
  }).bindTooltip(plain(name), {
    direction: kind === "team" ? "bottom" : "top",
    offset: [0, kind === "team" ? 14 : -14],
    permanent: kind === "team",
  });
}
