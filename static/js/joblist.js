// The list of jobs is read again by itself, but never under somebody's hand: not while a row is ticked or focused.
document.addEventListener("htmx:beforeRequest", (event) => {
  const rows = event.target;
  if (!rows.matches("[data-pause-while-picked]")) return;
  const held = rows.querySelector("input:checked") || rows.contains(document.activeElement);
  if (held || document.hidden) event.preventDefault();
});
