// The review queue: a bar for what is selected, X selects the current row, the chosen row is marked.
const rows = () => [...document.querySelectorAll("[data-queue-item]")];
const picked = () => [...document.querySelectorAll("#bulk input[name=pick]:checked")];

function tell() {
  const bar = document.querySelector("[data-bulk-bar]");
  if (!bar) return;
  const chosen = picked();
  bar.hidden = chosen.length === 0;
  bar.querySelector("[data-bulk-count]").textContent = String(chosen.length);
}

function choose(item) {
  for (const other of rows()) {
    const here = other === item;
    other.toggleAttribute("aria-current", here);
    if (here) other.setAttribute("aria-current", "true");
    other.closest("tr").classList.toggle("is-here", here);
    other.closest("tr").classList.toggle("is-on", here);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("#bulk input[name=pick]")) tell();
});

document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-queue-item]");
  if (item) choose(item);
});

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key.toLowerCase() !== "x" || !plain || event.target.matches("input, textarea, select")) return;
  const row = document.querySelector("tr:has([data-queue-item][aria-current])");
  row?.querySelector("input[name=pick]")?.click();
});

addEventListener("pageshow", tell);
tell();
