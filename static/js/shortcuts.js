// Keys. "/" and Ctrl-K search, "?" lists the keys; in a [data-queue] J and K walk its [data-queue-item]s.
// An element with data-key="a" is clicked by that key; data-key-label says what it does in the list.
const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");

function jump(event) {
  if (document.getElementById("palette")) {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("palette"));
    return;
  }
  const box = document.querySelector("[data-jump]");
  if (!box || box.offsetParent === null) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function walk(step) {
  const rows = [...document.querySelectorAll("[data-queue] [data-queue-item]")];
  if (!rows.length) return;
  const here = rows.findIndex((row) => row === document.activeElement || row.hasAttribute("aria-current"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? 0 : here + step))];
  rows.forEach((row) => row.removeAttribute("aria-current"));
  next.setAttribute("aria-current", "true");
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  // Where the list drives a panel beside it, walking is choosing.
  if (next.closest("[data-queue=follow]")) next.click();
}

function help() {
  const dialog = document.getElementById("shortcuts");
  const list = dialog.querySelector("[data-shortcuts-here]");
  list.querySelectorAll("[data-here]").forEach((row) => row.remove());
  for (const element of document.querySelectorAll("[data-key][data-key-label]")) {
    const row = document.createElement("div");
    const key = document.createElement("dt");
    const words = document.createElement("dd");
    row.dataset.here = "";
    key.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key.toUpperCase() }));
    words.textContent = element.dataset.keyLabel;
    row.append(key, words);
    list.append(row);
  }
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return jump(event);
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    return event.target.closest?.("form[data-ctrl-enter]")?.requestSubmit();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return undefined;
  if (document.querySelector("dialog[open]")) return undefined;
  if (event.key === "/") return jump(event);
  if (event.key === "?") return help();
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") return walk(key === "j" ? 1 : -1);
  const target = /^[a-z]$/.test(key) && document.querySelector(`[data-key="${key}"]:not([disabled])`);
  if (target) {
    event.preventDefault();
    target.click();
  }
  return undefined;
});
