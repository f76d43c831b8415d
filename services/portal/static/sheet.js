// Print and share, and the zoomable map, where the browser can.
import { wire } from "./map.js";

const map = document.querySelector("[data-map]");
if (map) wire(map);

const print = document.querySelector("[data-print]");
print.hidden = false;
print.addEventListener("click", () => window.print());

const share = document.querySelector("[data-share]");
const note = document.querySelector("[data-share-note]");
if (navigator.share || navigator.clipboard) {
  share.hidden = false;
  share.addEventListener("click", async () => {
    const url = document.querySelector("link[rel=canonical]").href;
    try {
      if (navigator.share) await navigator.share({ title: document.title, url });
      else {
        await navigator.clipboard.writeText(url);
        note.textContent = share.dataset.shared;
        note.classList.remove("unseen");
      }
    } catch (error) {
      if (error.name !== "AbortError") throw error; // the reader changed their mind
    }
  });
}
