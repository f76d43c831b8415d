// The zoomable map, on demand: Leaflet over the same outlines, with the clusters of the search service.
// The server's drawing stays until it is ready, and where it fails.
const DETAIL_FROM = 4; // the zoom from which the finer outlines are shown
const SMALLEST = 28; // pixels across: a target that a finger meets
const LARGEST = 64;
const FIRST_ZOOM = 2; // what is asked for before the map knows its place
const PADDING = 0.0002; // degrees around the projects of a bubble, so that a search by its box (four decimals) finds them
const maps = new WeakMap();

// Offer the zoomable map of a figure, or bring the one that runs up to date after the figure was swapped.
export function wire(figure) {
  const known = maps.get(figure);
  const open = figure.querySelector("[data-map-open]");
  if (known?.running?.isShown()) {
    known.running.refresh();
    return;
  }
  open.hidden = false;
  if (known) return;
  const state = {};
  maps.set(figure, state);
  open.addEventListener("click", async () => {
    const labels = JSON.parse(figure.dataset.labels);
    const note = figure.querySelector("[data-map-note]");
    open.disabled = true;
    note.textContent = labels.loading;
    try {
      if (state.running) state.running.show();
      else state.running = await load(figure, labels);
      figure.querySelector("[data-map-open]").hidden = true;
    } catch (error) {
      note.textContent = labels.failed;
      console.warn("zoomable map", error);
    }
    open.disabled = false;
  });
}

async function sheet(address) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  const loaded = new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error(address));
  });
  document.head.append(link);
  await loaded;
}

// Land, its coasts and borders, and the borders that are disputed (which these are: assets/build.mjs says).
async function outlines(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const world = await answer.json();
  const { countries } = world.objects;
  const { merge, mesh } = window.topojson;
  const isDisputed = (one, other) => one !== other && Boolean(one.properties?.disputed || other.properties?.disputed);
  const land = merge(world, countries.geometries);
  const borders = mesh(world, countries, (one, other) => !isDisputed(one, other));
  const disputed = mesh(world, countries, isDisputed);
  land.coordinates.flat().forEach(unwrap);
  for (const { coordinates } of [borders, disputed]) coordinates.forEach(unwrap);
  return { land, borders, disputed };
}

// Russia and Fiji go on beyond the antimeridian instead of back around the world.
function unwrap(line) {
  line.forEach((point, at) => {
    const before = at ? line[at - 1][0] : point[0];
    point[0] += 360 * Math.round((before - point[0]) / 360);
  });
}

const eastward = (start, end) => (end >= start ? end - start : end - start + 360);

// The least box with both in it, be it across the antimeridian: then its west lies beyond its east.
function aroundBoth(one, other) {
  const [west, span] = [one[0], other[0]]
    .map((start) => [start, Math.max(...[one, other].map((box) => eastward(start, box[0]) + eastward(box[0], box[2])))])
    .sort((first, second) => first[1] - second[1])[0];
  const [south, north] = [Math.min(one[1], other[1]), Math.max(one[3], other[3])];
  if (span >= 360) return [-180, south, 180, north];
  return [west, south, west + span > 180 ? west + span - 360 : west + span, north];
}

async function ask(figure, zoom, signal) {
  const address = new URL(figure.dataset.url, location.href);
  address.searchParams.set("zoom", String(Math.round(zoom)));
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return { found: await answer.json(), address };
}

async function load(figure, labels) {
  const say = (text) => {
    figure.querySelector("[data-map-note]").textContent = text;
  };
  await Promise.all([import("./leaflet.js"), import("./topojson.js"), sheet("./leaflet.css")]);
  // all that can fail comes first: the server's drawing stays where it does
  const [world, first] = await Promise.all([outlines("./countries-110m.json"), ask(figure, FIRST_ZOOM)]);
  const L = window.L;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // shown in place of the server's drawing as soon as it is (portal.css)
  const box = figure.querySelector(".zoomable");
  box.hidden = false;
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", labels.map);

  const map = L.map(box, {
    center: [12, 10],
    zoom: 1,
    minZoom: 0.5,
    maxZoom: 10,
    zoomSnap: 0.25,
    preferCanvas: true,
    worldCopyJump: true,
    zoomControl: false,
    attributionControl: false,
    fadeAnimation: !calm,
    zoomAnimation: !calm,
    markerZoomAnimation: !calm,
  });
  L.control.zoom({ zoomInTitle: labels.zoomIn, zoomOutTitle: labels.zoomOut }).addTo(map);
  L.control.attribution({ prefix: false }).addAttribution(labels.source).addTo(map);
  const paint = getComputedStyle(document.documentElement);
  const edge = { interactive: false, weight: 0.7, color: paint.getPropertyValue("--land-edge") };
  const look = {
    land: { interactive: false, stroke: false, fillColor: paint.getPropertyValue("--land"), fillOpacity: 1 },
    borders: edge,
    disputed: { ...edge, dashArray: "4 3" },
  };
  // the world goes on to its left and right
  const drawn = [-360, 0, 360].flatMap((shift) =>
    Object.entries(look).map(([part, style]) => {
      const coordsToLatLng = ([lng, lat]) => L.latLng(lat, lng + shift);
      return [part, L.geoJSON(world[part], { ...style, style, coordsToLatLng }).addTo(map)];
    }));
  const marks = L.layerGroup().addTo(map);
  let finer = false;
  let asked = new AbortController();

  const detail = async () => {
    if (finer || map.getZoom() < DETAIL_FROM) return;
    finer = true;
    try {
      const shapes = await outlines("./countries-50m.json");
      for (const [part, layer] of drawn) layer.clearLayers().addData(shapes[part]);
    } catch (error) {
      finer = false; // the coarse outlines stay
      console.warn("outlines", error);
    }
  };

  const counted = (count, place) =>
    (count === 1 ? labels.one : labels.many).replace("{count}", count.toLocaleString(document.documentElement.lang)).replace("{place}", place);
  const names = new Intl.DisplayNames([document.documentElement.lang], { type: "region" });

  const across = (count) => Math.round(Math.max(SMALLEST, Math.min(LARGEST, 20 + 7 * Math.sqrt(count))));

  // bubbles that would hide each other's figures are one
  const gathered = (features) => {
    const kept = [];
    const from = features.map(({ geometry, properties, bbox }) => {
      const [lng, lat] = geometry.coordinates;
      const codes = properties.cluster ? properties.countries.map(({ value }) => value) : properties.countries;
      return { lng, lat, count: properties.count, codes, bbox: bbox ?? [lng, lat, lng, lat], one: properties.cluster ? null : properties };
    });
    for (const next of from.sort((one, other) => other.count - one.count)) {
      const here = map.project([next.lat, next.lng]);
      const host = kept.find((group) => here.distanceTo(map.project([group.lat, group.lng])) < (across(group.count) + across(next.count)) / 2 + 2);
      if (!host) {
        kept.push(next);
        continue;
      }
      const count = host.count + next.count;
      host.lng = (host.lng * host.count + next.lng * next.count) / count;
      host.lat = (host.lat * host.count + next.lat * next.count) / count;
      host.bbox = aroundBoth(host.bbox, next.bbox);
      host.codes = [...new Set([...host.codes, ...next.codes])];
      host.count = count;
      host.one = null;
    }
    return kept.length < from.length ? gathered(kept.map(({ lng, lat, count, codes, bbox, one }) => ({
      geometry: { coordinates: [lng, lat] },
      bbox,
      properties: one ?? { cluster: true, count, countries: codes.map((value) => ({ value })) },
    }))) : kept;
  };

  // of the copies of a place, the one that is seen
  const nearest = ({ lat, lng }) => L.latLng(lat, lng + 360 * Math.round((map.getCenter().lng - lng) / 360));
  map.on("moveend", () => marks.eachLayer((pin) => pin.setLatLng(nearest(pin.getLatLng()))));

  // as one reads: in rows from the north, each from the west; Tab goes that way
  const inRows = (groups) => {
    const row = ({ lat, lng }) => Math.round(map.project([lat, lng]).y / LARGEST);
    return groups.sort((one, other) => row(one) - row(other) || nearest(one).lng - nearest(other).lng);
  };

  const mark = ({ lng, lat, count, codes, bbox, one }) => {
    const place = codes.slice(0, 3).map((code) => names.of(code)).join(", ") + (codes.length > 3 ? "…" : "");
    const label = one?.title ? `${count.toLocaleString(document.documentElement.lang)} – ${one.title}, ${place}` : counted(count, place);
    const size = across(count);
    const face = document.createElement("span");
    face.textContent = count.toLocaleString(document.documentElement.lang);
    const icon = L.divIcon({ className: "pin", html: face, iconSize: [size, size] });
    const pin = L.marker(nearest({ lat, lng }), { icon, title: label, alt: label, keyboard: true });
    const act = () => {
      const [, lang] = location.pathname.split("/");
      if (one) location.assign(`/${lang}/projects/${encodeURIComponent(one.id)}`);
      else {
        const [west, south, east, north] = bbox;
        const around = [west - PADDING, south - PADDING, east + PADDING, north + PADDING].map((value, at) =>
          Math.max(at % 2 ? -90 : -180, Math.min(at % 2 ? 90 : 180, value)).toFixed(4));
        // the search page narrows its list; from the others it is asked for
        const narrow = new CustomEvent("bourse:narrow", { detail: { bbox: around.join(",") }, bubbles: true, cancelable: true });
        if (!figure.dispatchEvent(narrow)) return;
        const asked = new URL(figure.dataset.url, location.href).searchParams;
        asked.set("bbox", around.join(","));
        location.assign(`/${lang}/projects?${asked}`);
      }
    };
    pin.on("click", act);
    pin.on("keypress", ({ originalEvent }) => {
      if (originalEvent.key !== "Enter" && originalEvent.key !== " ") return;
      originalEvent.preventDefault();
      act();
    });
    pin.on("add", () => {
      const element = pin.getElement();
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", label);
    });
    return pin;
  };

  const draw = ({ found }) => {
    const focused = box.contains(document.activeElement) && document.activeElement !== box;
    marks.clearLayers();
    for (const group of inRows(gathered(found.features))) marks.addLayer(mark(group));
    if (focused) box.focus();
    say(labels.total.replace("{count}", found.total.toLocaleString(document.documentElement.lang)));
  };
  const show = async () => {
    asked.abort();
    asked = new AbortController();
    const answer = await ask(figure, map.getZoom(), asked.signal);
    draw(answer);
    return answer;
  };
  const failed = (error) => {
    if (error.name !== "AbortError") say(labels.failed);
  };

  const fit = ({ found, address }) => {
    const chosen = address.searchParams.get("bbox");
    if (chosen) {
      const [west, south, east, north] = chosen.split(",").map(Number);
      map.fitBounds([[south, west], [north, east < west ? east + 360 : east]], { maxZoom: 8, animate: !calm });
    } else if (found.features.length) {
      const points = found.features.map(({ geometry: { coordinates: [lng, lat] } }) => [lat, lng]);
      map.fitBounds(points, { maxZoom: 6, padding: [30, 30], animate: !calm });
    }
  };
  fit(first);
  draw(first);
  const zoomed = () => {
    detail();
    show().catch(failed);
  };
  map.on("zoomend", zoomed);
  zoomed();
  box.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    // back to the server's drawing
    asked.abort();
    box.hidden = true;
    say("");
    const open = figure.querySelector("[data-map-open]");
    open.hidden = false;
    open.focus();
  });
  box.focus();
  const refresh = () => show().then(fit, failed);
  return {
    isShown: () => !box.hidden,
    refresh,
    show: () => {
      box.hidden = false;
      map.invalidateSize();
      box.focus();
      refresh();
    },
  };
}
