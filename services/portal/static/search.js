// What the search page does beyond links and forms: filters act when touched, suggestions while typing, the map on demand.
import { wire } from "./map.js";
import { suggestions } from "./suggestions.js";

for (const input of document.querySelectorAll("[data-suggest]")) suggestions(input);

const wireMap = () => {
  const map = document.querySelector("[data-map]");
  if (map) wire(map);
};
wireMap();

const search = document.getElementById("search");
if (search) {
  const wide = matchMedia("(min-width: 62rem)");
  const panel = () => document.getElementById("panel");
  const unfold = () => {
    if (wide.matches && panel()) panel().open = true;
  };
  unfold();
  wide.addEventListener("change", unfold);

  document.addEventListener("change", ({ target }) => {
    const form = document.getElementById("filters");
    if (target.form === form && target.name && target.name !== "q") form.requestSubmit();
  });
  // what was unfolded stays so, and the focus in it
  const unfolded = new Set();
  document.addEventListener("toggle", ({ target }) => {
    if (target.closest(".facet")) unfolded[target.open ? "add" : "delete"](target.id);
  }, true);
  // an address holds what was asked and nothing else
  document.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
  // the switch of languages keeps the filters
  document.addEventListener("htmx:after:history:push", () => {
    for (const link of document.querySelectorAll(".languages a")) link.search = location.search;
  });
  document.addEventListener("htmx:after:swap", () => {
    // the box is not swapped, so that what is being typed stays; a filter that was taken away empties it
    const input = document.getElementById("q");
    const searched = new URLSearchParams(location.search).get("q") ?? "";
    if (document.activeElement !== input) input.value = searched;
    unfold();
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    wireMap();
  });
  // an answer that is no list has a page of its own, with a way on
  document.addEventListener("htmx:before:response", (event) => {
    const { request, response } = event.detail.ctx;
    if (response.status === 200 || response.status === 422) return;
    event.preventDefault();
    location.assign(request.action);
  });
  document.addEventListener("htmx:error", () => {
    const total = document.getElementById("total");
    total.textContent = total.dataset.failed;
  });
  document.addEventListener("bourse:narrow", (event) => {
    event.preventDefault();
    const form = document.getElementById("filters");
    const box = form.elements.bbox ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "bbox" }));
    box.value = event.detail.bbox;
    form.requestSubmit();
  });
}
