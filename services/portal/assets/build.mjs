// The world as the pages need it: node build.mjs <node_modules> <out>
//
//   world.json          outlines by country in the units of the server-drawn map, and how points get there
//   world.svg           the same outlines as one image, with its light and its dark colours
//   countries-110m.json, countries-50m.json   for the zoomable map: geometry and ISO code
//
// d3-geo stitches what crosses the antimeridian and cuts it again for the projection.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [modules, out] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "..", "package.json"));
const { geoContains, geoEqualEarth, geoPath } = await import(join(resolve(modules), "d3-geo/src/index.js"));
const { feature, merge, mergeArcs, mesh } = require("topojson-client");
const iso = require("i18n-iso-countries");

const WIDTH = 1000;
const MARGIN = 6;
const ANTARCTICA = "010";
// Natural Earth gives these no ISO number: shown by their own outline, without a code (docs/decisions/0010)
const OWN_CODE = { Kosovo: "XK" };
// whose borders are disputed: a dashed edge, no colour of their own
const DISPUTED = new Set(["W. Sahara", "Palestine", "Taiwan", "N. Cyprus", "Somaliland", "Kosovo"]);

// Natural Earth draws who controls; by UN resolution 68/262 Crimea is Ukraine's
const CRIMEA = [34.2, 45.2];

const read = (scale) => {
  const atlas = JSON.parse(readFileSync(join(modules, `world-atlas/countries-${scale}.json`), "utf8"));
  const { geometries } = atlas.objects.countries;
  const [russia, ukraine] = ["RU", "UA"].map((code) => geometries.find((one) => codeOf(one) === code));
  const isCrimea = (arcs) => geoContains(feature(atlas, { type: "Polygon", arcs }), CRIMEA);
  const crimea = russia.arcs.filter(isCrimea);
  russia.arcs = russia.arcs.filter((arcs) => !isCrimea(arcs));
  const { type, arcs } = mergeArcs(atlas, [ukraine, { type: "MultiPolygon", arcs: crimea }]);
  Object.assign(ukraine, { type, arcs });
  return atlas;
};
const codeOf = ({ id, properties }) => (id && iso.numericToAlpha2(id)) ?? OWN_CODE[properties.name] ?? null;

const atlas = read("110m");
const land = feature(atlas, atlas.objects.countries).features.filter(({ id }) => id !== ANTARCTICA);
const projection = geoEqualEarth().fitExtent(
  [[MARGIN, MARGIN], [WIDTH - MARGIN, WIDTH]],
  { type: "FeatureCollection", features: land },
);
let path = geoPath(projection);
const [[, top], [, bottom]] = path.bounds({ type: "FeatureCollection", features: land });
const [x, y] = projection.translate();
projection.translate([x, y - top + MARGIN]);
path = geoPath(projection).digits(1);
const height = Math.ceil(bottom - top + 2 * MARGIN);

const countries = land.map((one) => ({
  code: codeOf(one),
  name: one.properties.name,
  disputed: DISPUTED.has(one.properties.name),
  bounds: path.bounds(one).flat().map((value) => Math.round(value * 10) / 10),
  d: path(one),
}));
// what a test compares the projection of the pages with
const control = [[-17.44, 14.69], [-77.03, -12.05], [178.44, -18.14], [2.35, 48.86], [174.78, -41.29]].map((point) => ({
  point,
  drawn: projection(point),
}));
const [tx, ty] = projection.translate();
writeFileSync(
  join(out, "world.json"),
  JSON.stringify({ width: WIDTH, height, projection: { scale: projection.scale(), translate: [tx, ty] }, countries, control }),
);

// as an image: each coast and each border once, in half units from point to point, which compresses best
const shapes = atlas.objects.countries.geometries.filter(({ id }) => id !== ANTARCTICA);
const borders = (disputed) =>
  mesh(atlas, { type: "GeometryCollection", geometries: shapes }, (one, other) =>
    one !== other && disputed === (DISPUTED.has(one.properties.name) || DISPUTED.has(other.properties.name)));
const halves = (shape) => {
  let [x, y] = [0, 0];
  const step = ([toX, toY]) => {
    const moved = `${toX - x},${toY - y}`;
    [x, y] = [toX, toY];
    return moved;
  };
  return path(shape)
    .split("M")
    .slice(1)
    .map((line) => {
      const points = line.replace("Z", "").split("L").map((pair) => pair.split(",").map((value) => Math.round(value * 2)));
      const kept = points.filter(([px, py], place) => !place || px !== points[place - 1][0] || py !== points[place - 1][1]);
      const [first, ...rest] = kept.map(step);
      return kept.length < 2 ? `m${first}` : `m${first}l${rest.join(" ")}`;
    })
    .join("");
};
writeFileSync(
  join(out, "world.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">` +
    "<style>.l{fill:#d3dce4}path{fill:none;stroke:#8d9baa;stroke-linejoin:round}.d{stroke-dasharray:4 3}" +
    "@media (prefers-color-scheme:dark){.l{fill:#33414e}path{stroke:#64748a}}</style>" +
    `<g transform="scale(.5)"><path class="l" d="${halves(merge(atlas, shapes))}"/><path d="${halves(borders(false))}"/>` +
    `<path class="d" d="${halves(borders(true))}"/></g></svg>`,
);

for (const scale of ["110m", "50m"]) {
  const whole = read(scale);
  const { countries: kept } = whole.objects;
  kept.geometries = kept.geometries
    .filter(({ id }) => id !== ANTARCTICA)
    .map((one) => ({
      type: one.type,
      arcs: one.arcs,
      ...(DISPUTED.has(one.properties.name) ? { properties: { disputed: true } } : {}),
    }));
  writeFileSync(
    join(out, `countries-${scale}.json`),
    JSON.stringify({ type: whole.type, transform: whole.transform, objects: { countries: kept }, arcs: whole.arcs }),
  );
}
