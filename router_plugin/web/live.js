"use strict";
// Refreshes the page's sections, and explains a prompt without leaving it. The server has escaped all HTML.
const EVERY = 5000;
const pause = document.getElementById("pause");
const updated = document.getElementById("updated");
let paused = false;

async function refresh() {
  if (paused || document.hidden) return;
  try {
    const answer = await fetch("/router/api/sections", { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const sections = await answer.json();
    for (const [id, html] of Object.entries(sections)) {
      const place = document.getElementById(id);
      // what someone reads or holds the focus in stays as it is
      if (place && place.dataset.last !== html && !place.contains(document.activeElement)) {
        const open = place.querySelector("details[open]") !== null;
        place.innerHTML = html;
        place.dataset.last = html;
        const details = place.querySelector("details");
        if (details) details.open = open;
      }
    }
    updated.textContent = new Date().toISOString().slice(11, 19);
  } catch {
    updated.textContent = "failed; trying again";
  }
}

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
});
document.getElementById("explain").addEventListener("submit", async (event) => {
  event.preventDefault();
  const place = document.getElementById("explained");
  place.textContent = "…";
  const sent = { method: "POST", body: new URLSearchParams(new FormData(event.target)), credentials: "same-origin" };
  try {
    const answer = await fetch("/router/api/explain", sent);
    if (answer.ok) place.innerHTML = await answer.text();
    else place.textContent = `The router answered ${answer.status}.`;
  } catch {
    place.textContent = "The router did not answer.";
  }
});
setInterval(refresh, EVERY);
