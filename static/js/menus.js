// Menus are <details data-menu>: they open without us; we close them, and lend them arrow keys.
const open = () => [...document.querySelectorAll("details[data-menu][open]")];
const items = (menu) => [...menu.querySelectorAll("a[href], button:not([disabled])")];

document.addEventListener("click", (event) => {
  for (const menu of open()) {
    const inside = menu.contains(event.target);
    const chosen = inside && event.target.closest("[data-dialog-open], [data-menu-close]");
    if (!inside || chosen) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu]");
  if (event.key === "Escape") {
    for (const other of open()) {
      other.open = false;
      if (other === menu) menu.querySelector("summary").focus();
    }
    return;
  }
  if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  menu.open = true;
  const all = items(menu);
  const step = event.key === "ArrowDown" ? 1 : -1;
  const at = all.indexOf(document.activeElement);
  const from = at < 0 && step < 0 ? 0 : at;
  all[(from + step + all.length) % all.length]?.focus();
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});
